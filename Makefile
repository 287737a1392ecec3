# Freshet. `make` lists the verbs.
SHELL := /bin/sh
.DEFAULT_GOAL := help
# npm's Node 22 and tools come first, whatever Node ran npm.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
export NODE_OPTIONS := --disable-warning=ExperimentalWarning

PIPELINE ?= weather
PORT ?= 8081
ENV ?= laptop
# From where a cluster pulls the image.
export REGISTRY
# Where Argo CD finds dist/; otherwise the repository of package.json.
export REPO_URL
# Where schemas of Kubernetes' own and of custom resources are.
SHARED ?= ../shared
PROTO_PATHS := --path proto/freshet --path proto/grpc --path proto/scenarios
# What `make test TESTS=…` narrows.
TESTS ?= 'docs/**/*.test.ts' 'services/**/*.test.ts' 'services/**/*.it.ts' 'pipelines/**/*.test.ts' 'images/**/*.test.ts' 'loadtest/**/*.test.ts' 'loadtest/**/*.it.ts' 'local/**/*.test.ts' 'local/**/*.it.ts' 'test/*.e2e.ts' 'test/web/*.e2e.ts'

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

doctor: ## say what is missing on this machine
	@node local/doctor.mjs

demo: ready ## the main job: 10,000 events, audited [PIPELINE=]
	@node local/demo.ts --pipeline $(PIPELINE)

up: ready ## keep a pipeline running, with its page [PIPELINE= PORT=]
	@node local/up.ts --pipeline $(PIPELINE) --port $(PORT)

down: ready ## stop what `up` started
	@node local/down.ts

audit: ready ## read every id back from the stores of `up` and compare
	@node local/run-audit.ts

loadtest: ready ## load a pipeline [PIPELINE= HOST= QUERY= USERS= REQUESTS= RATE= STAGES= EXPECT= BASELINE=]
	@node local/loadtest.ts --pipeline $(PIPELINE) $(if $(HOST),--host $(HOST)) $(if $(USERS),--users $(USERS)) $(if $(REQUESTS),--requests $(REQUESTS)) $(if $(RATE),--rate $(RATE)) $(if $(STAGES),--stages $(STAGES)) $(if $(EXPECT),--expect '$(EXPECT)') $(if $(BASELINE),--baseline $(BASELINE)) $(if $(QUERY),--query $(QUERY))

follow: ready ## one event's way through the pipeline, in milliseconds [PIPELINE= INTAKE=]
	@node local/follow/main.ts $(if $(filter-out file,$(origin PIPELINE)),--pipeline $(PIPELINE)) $(if $(INTAKE),--intake $(INTAKE))

scenario: ready ## schema, pipeline and data set from a sample [NAME= FROM= FORCE=1]
	@node local/scenario/main.ts --name "$$NAME" --from "$$FROM" $(if $(filter 1,$(FORCE)),--force)

bench: ready ## measure each part, side by side
	@node loadtest/bench/main.ts

figures: node_modules/.ready ## put the figures of the newest reports into the documents
	@for report in docs/reports/*.json; do newest=.local/reports/$${report##*/}; test ! -f $$newest || cp $$newest $$report; done
	@node docs/figures.ts --write
	@oxfmt docs

duel: ready ## the routes against each other, or ingresses [WHAT=ingress QUICK=1]
	@node loadtest/duel/main.ts $(if $(WHAT),--what $(WHAT)) $(if $(filter 1,$(QUICK)),--quick)

demo-monitoring: ready ## rules, dashboards and alerts proven on running pipelines [PIPELINE=]
	@node local/monitoring/main.ts $(if $(filter-out file,$(origin PIPELINE)),--pipeline $(PIPELINE))

test-rules: node_modules/.ready ## alerts, analyses and hypotheses by promtool, each provoked
	@tsx charts/monitoring/test-rules.ts

synth: node_modules/.ready ## write dist/ from the pipelines [REGISTRY= REPO_URL=]
	@tsx main.ts

operators: node_modules/.ready ## install the operators of an environment with Helm [ENV=laptop PRINT=1]
	@tsx charts/install-operators.ts --environment $(ENV) $(if $(filter 1,$(PRINT)),--print)

imports: node_modules/.ready ## write imports/ from the releases of charts/crds.ts [CRDS=folder]
	@tsx charts/import-crds.ts $(if $(CRDS),--crds $(CRDS))

bundle: node_modules/.ready .local/wasm/encoder.wasm .local/web/site.json ## the programs as an image holds them, in .local/build
	@node images/bundle.ts

images: bundle ## the image, by docker, podman or buildah [BASE=]
	@BASE="$(BASE)" node images/build.ts

image-archive: bundle ## the image without an engine, its size checked; needs ../shared [CLUSTER_TOOLS=]
	@node images/archive.ts

apply: ready ## bring an environment to kubectl's cluster, and wait until it runs [ENV=laptop REGISTRY=]
	@node images/apply.ts --env $(ENV)

diff: ## what `apply` would change there, by the server's own word [ENV=laptop]
	@kubectl diff --server-side -R -f dist/$(ENV)

test: ready check ## every test, on real servers [TESTS=]
	@node local/test.ts $(TESTS)

test-cluster: ready ## dist/ on a real API server; root [KUBECONFIG= CRDS= CLUSTER_TOOLS=]
	@node test/cluster/main.ts api

test-node: ready bundle ## the weather pipeline as pods on a real node; root [CLUSTER_TOOLS=]
	@node test/cluster/main.ts node

test-web: ready ## the page for a long time: 100,000 events, 10,000 watchers, 10 minutes [MINUTES=10]
	@MINUTES=$(or $(MINUTES),10) node local/test.ts 'test/web/*.long.ts'

screens: ready ## every page as a picture, in .local/reports/screens [PIPELINE= narrows]
	@SCREENS=$(if $(filter-out file,$(origin PIPELINE)),$(PIPELINE),all) node local/test.ts test/web/screens.ts

check: node_modules/.ready ## types, lint, format, generated code, figures in the documents, manifests
	@$(MAKE) --no-print-directory gen
	@changed=$$(git status --porcelain proto/gen); test -z "$$changed" || { echo "proto/gen is stale; commit what \`make gen\` wrote:"; echo "$$changed"; exit 1; }
	@buf lint $(PROTO_PATHS)
	@rm -rf .local/before && mkdir -p .local/before/.local && cp -r .local/proto .local/before/.local/
	@git archive "$$(git rev-parse -q --verify HEAD^ || git rev-parse HEAD)" buf.yaml proto | tar -x -C .local/before
	@buf breaking --against .local/before
	@tsc -p .
	@tsc -p charts
	@tsc -p services/web/src
	@oxlint --type-aware --quiet >.local/lint.txt || { cat .local/lint.txt; exit 1; }
	@oxfmt --check . >/dev/null || { echo 'not formatted; run npx oxfmt:'; oxfmt --list-different .; exit 1; }
	@node docs/figures.ts
	@REGISTRY= REPO_URL= tsx main.ts
	@changed=$$(git status --porcelain dist); test -z "$$changed" || { echo "dist/ is stale; commit what \`make synth\` wrote:"; echo "$$changed"; exit 1; }
	@node --import tsx --test --test-reporter=dot 'charts/**/*.test.ts'
	@charts/kubeconform.sh dist $(SHARED)/schemas .local/cache
	@echo 'check: types, lint, format, generated code and manifests are in order'

gen: node_modules/.ready .local/proto/buf/validate/validate.proto ## write proto/gen from the schemas
	@buf generate $(PROTO_PATHS)
	@proto/registry.sh proto/gen

ready:
	@node local/doctor.mjs --quiet
	@$(MAKE) --no-print-directory --silent node_modules/.ready
	@$(MAKE) --no-print-directory --silent .local/wasm/encoder.wasm .local/web/site.json

node_modules/.ready: package.json package-lock.json
	@echo 'installing npm packages …'
	@npm ci --no-progress --loglevel=error
	@touch $@

# 6 kB in under two seconds, so it is built where it runs and never checked in.
.local/wasm/encoder.wasm: services/hop/assembly/encoder.ts node_modules/.ready
	@mkdir -p $(@D)
	@asc $< --outFile $@ --optimizeLevel 3 --runtime stub --noAssert

# The page, as the query service serves it: in two seconds from any of its sources.
.local/web/site.json: $(shell find services/web -type f -not -name '*.test.ts') services/lib/page-api.ts node_modules/.ready
	@node services/web/build.ts

.local/proto/buf/validate/validate.proto:
	@echo 'fetching buf/validate/validate.proto …'
	@mkdir -p .local/proto
	@mvn -q -B dependency:copy -Dartifact=build.buf:protovalidate:1.0.0 -DoutputDirectory=.local/proto
	@cd .local/proto && jar xf protovalidate-1.0.0.jar buf/validate/validate.proto && rm protovalidate-1.0.0.jar

# Every target that is a word.
.PHONY: $(shell awk -F: '/^[a-z-]+:/ {print $$1}' $(firstword $(MAKEFILE_LIST)))

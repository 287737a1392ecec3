# Freshet. `make` lists the verbs.
SHELL := /bin/sh
.DEFAULT_GOAL := help
# npm's Node 22 and tools come first, whatever Node ran npm.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
export NODE_OPTIONS := --disable-warning=ExperimentalWarning

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

node_modules/.ready: package.json package-lock.json
	@echo 'installing npm packages …'
	@npm ci --no-progress --loglevel=error
	@touch $@

.local/proto/buf/validate/validate.proto:
	@mkdir -p .local/proto
	@mvn -q -B dependency:copy -Dartifact=build.buf:protovalidate:1.0.0 -DoutputDirectory=.local/proto
	@cd .local/proto && jar xf protovalidate-1.0.0.jar buf/validate/validate.proto && rm protovalidate-1.0.0.jar

gen: node_modules/.ready .local/proto/buf/validate/validate.proto ## write proto/gen from the schemas
	@buf generate --path proto/freshet --path proto/grpc --path proto/scenarios
	@proto/registry.sh proto/gen

.PHONY: help gen

#!/bin/sh
# kubeconform.sh <dist> <schemas> <cache>: every file against the schemas of its kinds, none skipped but Cloud Run's own kind,
# which has no schema. Where the schemas or
# Go are not at hand it says so; with CI set that is a failure.
set -eu
dist=$1 schemas=$2 cache=$3
version=v0.8.0

missing() {
  echo "check: $1, so $dist/ is not compared with the schemas"
  test -z "${CI:-}"
  exit
}

test -d "$schemas/kubernetes" || missing "$schemas is not here"
tool=$cache/kubeconform-$version
if ! test -x "$tool"; then
  command -v go >/dev/null || missing 'there is no Go to build kubeconform with'
  mkdir -p "$tool.building"
  GOBIN=$(cd "$tool.building" && pwd) go install "github.com/yannh/kubeconform/cmd/kubeconform@$version" 2>"$tool.log" ||
    { cat "$tool.log"; exit 1; }
  mv "$tool.building/kubeconform" "$tool" && rmdir "$tool.building"
fi
"$tool" -strict -kubernetes-version 1.33.0 -schema-location "$schemas/kubernetes" \
  -schema-location "$schemas/crds/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json" \
  -ignore-filename-pattern "^$dist/cloud-run/" "$dist"
skipped=$(find "$dist/cloud-run" -name '*.yaml' | wc -l)
echo "kubeconform: $dist/ is as the schemas say; without one: $skipped files of $dist/cloud-run/ (serving.knative.dev)"

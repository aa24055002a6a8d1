#!/bin/sh
# Choose versions anew and write them down with their hashes, without naming where they come from.
# A release younger than seven days is not chosen: time for others to notice a poisoned one.
set -eu
cd "$(dirname "$0")/../requirements"

compile() {
    out=$1
    shift
    printf '==> requirements/%s\n' "$out"
    ../.venv/bin/uv pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
        --python-version 3.11 --exclude-newer "7 days" "$@" --output-file "$out"
}

compile bootstrap.lock bootstrap.in
compile build.lock build.in
compile runtime.lock ../pyproject.toml
compile otel.lock ../pyproject.toml --extra otel -c runtime.lock
compile demo.lock ../pyproject.toml demo.in -c runtime.lock
compile dev.lock ../pyproject.toml --extra otel dev.in build.in -c runtime.lock -c demo.lock -c build.lock
compile peer-litellm.lock peer-litellm.in
compile peer-openai-2.lock peer-openai-2.in -c runtime.lock
compile peer-sqlite-web.lock peer-sqlite-web.in

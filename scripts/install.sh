#!/usr/bin/env bash
# Install a hashed lock and this project into a virtual environment: install.sh PYTHON LOCK
# uv is used where there is one, pip otherwise; both check every hash and compile bytecode.
set -euo pipefail

python=$1
lock=$2

if command -v uv >/dev/null; then
    install() { uv pip install --quiet --python "$python" "$@"; }
    compile=--compile-bytecode
else
    install() { "$python" -m pip install --quiet --progress-bar off "$@"; }
    compile=--compile
fi

echo "Installing $lock (a few minutes the first time)"
# --no-deps: a lock is complete, and some pips trip over extras they meet inside a hashed lock.
install --no-deps --require-hashes $compile -r "$lock" -r requirements-build.lock
# From here nothing is fetched: the project is put on the path and given its command.
install --no-deps --no-build-isolation --no-index -e .
"$python" -m compileall -q monitors flows dashboards configs rounds.py

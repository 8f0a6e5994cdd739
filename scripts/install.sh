#!/usr/bin/env bash
# Install a hashed lock and this project into a virtual environment: install.sh PYTHON LOCK
# uv is tried where there is one, pip does it otherwise; both check every hash and compile bytecode.
set -euo pipefail

python=$1
lock=$2

with_uv() {
    command -v uv >/dev/null || return 1
    # The machine's own certificates: behind a hospital's proxy only those will do.
    UV_SYSTEM_CERTS=1 uv pip install --quiet --python "$python" --no-deps --require-hashes \
        --compile-bytecode "$@" || { echo "uv could not; trying pip" >&2; return 1; }
}

with_pip() { "$python" -m pip install -qq --no-deps --require-hashes --compile "$@"; }

echo "Installing $lock (a minute or two of a quiet machine, the first time)"
# --no-deps: a lock is complete, and some pips trip over extras they meet inside a hashed lock.
with_uv -r "$lock" -r requirements-build.lock || with_pip -r "$lock" -r requirements-build.lock
# From here nothing is fetched: the project is put on the path and given its command.
"$python" -m pip install -qq --no-deps --no-build-isolation --no-index --editable .
"$python" -m compileall -q monitors flows dashboards commands configs rounds.py

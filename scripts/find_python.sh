#!/usr/bin/env bash
# Print the first Python 3.11 to 3.13 that can make a virtual environment; PYTHON=… chooses one.
set -euo pipefail

suits() {
    "$1" -c 'import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
        >/dev/null 2>&1
}

for candidate in ${PYTHON:-python3.12 python3.13 python3.11 python3 python}; do
    if command -v "$candidate" >/dev/null && suits "$candidate"; then
        command -v "$candidate"
        exit 0
    fi
done

cat >&2 <<'MESSAGE'
Rounds needs Python 3.11, 3.12 or 3.13 with its venv module, and none was found.
  Debian, Ubuntu:  apt-get install python3 python3-venv
  macOS:           brew install python@3.12
  elsewhere:       uv python install 3.12, or your package manager
Then run the same command again, or name one: make setup PYTHON=/path/to/python3.12
MESSAGE
exit 1

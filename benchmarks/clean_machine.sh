#!/usr/bin/env bash
# A clean Debian in a folder, and Rounds on it as README.md says: clean_machine.sh FOLDER [test [COMMIT]]
#
# Then a wheelhouse and an SBOM are made there, and in a second clean Debian that has no network at all
# (a network namespace of its own, in which there is a loopback and nothing else) Rounds is installed from
# the wheelhouse and the demo run. Last, what .ci/run installs is installed, and asked for its version.
# With `test`, nothing of this: a commit (HEAD, where none is named) is cloned into that Debian, and the whole
# of .ci/run is run there as root, who may install: lint, types and every test. A Debian that stands is used again.
# As root, with debootstrap; nothing is left mounted. Each step says what it took.
set -euo pipefail
folder=$(realpath -m "$1")
checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
suite=${SUITE:-bookworm}
# The mirror this machine's own apt uses, or the one that is named.
mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/*$')}
TIMEFORMAT='    %R s, of which %U + %S s of a processor'

say() { printf '\n== %s\n' "$*"; }

# Runs a command in a root folder as its user `it`; the first word says whether it has a network.
inside() { # network|alone FOLDER COMMAND…
    local how=$1 root=$2 own=()
    shift 2
    [[ $how != alone ]] || own=(--net)
    unshare --mount --pid --fork "${own[@]}" bash -ec '
        root=$1; how=$2; shift 2
        [[ $how != alone ]] || ip link set lo up
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        exec chroot "$root" setpriv --reuid=1000 --regid=1000 --clear-groups \
            env -i HOME=/srv/it PATH=/usr/local/bin:/usr/bin:/bin TERM=dumb LANG=C.UTF-8 \
            PIP_CERT=/etc/ssl/certs/ca-certificates.crt ${PIP_INDEX_URL:+PIP_INDEX_URL="$PIP_INDEX_URL"} "$@"' - "$root" "$how" "$@"
}

as_root() { # FOLDER COMMAND…
    local root=$1
    shift
    unshare --mount --pid --fork bash -ec '
        root=$1; shift
        mount -t proc proc "$root/proc"
        mount --rbind /sys "$root/sys"
        mount --rbind /dev "$root/dev"
        exec chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
            DEBIAN_FRONTEND=noninteractive PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
            ${PIP_INDEX_URL:+PIP_INDEX_URL="$PIP_INDEX_URL"} ${CI:+CI="$CI"} "$@"' - "$root" "$@"
}

base() { # FOLDER: Debian and its Python, as anybody has it
    local root=$1
    debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$root.log"
    for file in /etc/resolv.conf /etc/hosts; do
        [[ ! -e $file ]] || cp "$file" "$root$file"
    done
    as_root "$root" apt-get update -qq
    as_root "$root" apt-get install -qq --yes --no-install-recommends python3 python3-venv ca-certificates >>"$root.log" 2>&1
    # What this machine trusts, where its own registries ask for it.
    cp -r /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
    as_root "$root" update-ca-certificates >>"$root.log" 2>&1
    as_root "$root" useradd --create-home --home-dir /srv/it --uid 1000 it
}

if [[ ${2:-} == test ]]; then
    if [[ ! -e $folder/gate/etc/debian_version ]]; then
        say "a clean $suite with Python"
        mkdir -p "$folder"
        time base "$folder/gate"
        as_root "$folder/gate" apt-get install -qq --yes --no-install-recommends make git >>"$folder/gate.log" 2>&1
    fi
    commit=$(git -C "$checkout" rev-parse "${3:-HEAD}")
    rm -rf "$folder/gate/srv/rounds"
    git clone --quiet --no-hardlinks --shared "$checkout" "$folder/gate/srv/rounds"
    git -C "$folder/gate/srv/rounds" checkout --quiet --detach "$commit"
    git -C "$folder/gate/srv/rounds" repack -a -d --quiet
    rm -f "$folder/gate/srv/rounds/.git/objects/info/alternates"
    chown -R 0:0 "$folder/gate/srv/rounds"
    say ".ci/run at $commit"
    time CI=true as_root "$folder/gate" bash /srv/rounds/.ci/run
    exit
fi

say "a clean $suite with Python"
time base "$folder/one"
cp -a "$folder/one" "$folder/two"
as_root "$folder/one" apt-get install -qq --yes --no-install-recommends make >>"$folder/one.log"
mkdir -p "$folder/one/srv/it/rounds"
git -C "$checkout" archive HEAD | tar -x -C "$folder/one/srv/it/rounds"
chown -R 1000:1000 "$folder/one/srv/it/rounds"

say "make demo"
time inside network "$folder/one" make -C /srv/it/rounds demo | tee "$folder/demo.txt" | tail -12
say "make wheelhouse"
time inside network "$folder/one" make -C /srv/it/rounds wheelhouse
say "make sbom"
time inside network "$folder/one" make -C /srv/it/rounds sbom

say "another, with Python and nothing else"
cp -r "$folder/one/srv/it/rounds/dist/wheelhouse" "$folder/two/srv/it/wheelhouse"
chown -R 1000:1000 "$folder/two/srv/it"
say "an install from the wheelhouse, without a network"
inside alone "$folder/two" python3 -c 'import socket; socket.create_connection(("1.1.1.1", 53), 2)' 2>/dev/null &&
    { echo "there is a network"; exit 1; }
time inside alone "$folder/two" bash -ec '
    cd ~ && python3 -m venv rounds
    rounds/bin/pip install -q --no-index --no-deps --require-hashes --find-links wheelhouse -r wheelhouse/requirements.lock
    rounds/bin/pip install -q --no-index --no-deps --find-links wheelhouse rounds-monitor'
say "the demo there, without a network"
time inside alone "$folder/two" bash -ec 'cd ~ && ROUNDS_HOME=state rounds/bin/rounds demo' | tee "$folder/alone.txt" | tail -12

say "what .ci/run installs"
time as_root "$folder/one" bash -ec 'cd /srv/it/rounds && bash <(sed "/^# State, caches/,\$d" .ci/run | sed "s#\${BASH_SOURCE\[0\]}#/srv/it/rounds/.ci/run#")'
as_root "$folder/one" bash -ec '
    chromium --version; prometheus --version 2>&1 | head -1; prometheus-alertmanager --version 2>&1 | head -1
    ls /usr/lib/postgresql/*/bin/initdb; pdftotext -v 2>&1 | head -1; java -version 2>&1 | head -1'

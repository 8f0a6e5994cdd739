#!/usr/bin/env bash
# Make the secrets docker-compose.yml mounts, once; a file that is there is left as it is.
# Each belongs to the user its container runs as, and nobody else may read it. Run it as root.
set -euo pipefail
umask 077
cd "$(dirname "${BASH_SOURCE[0]}")"

new() { head -c 30 /dev/urandom | base64 | tr -d '+/=\n'; }

give() { # FILE UID
    if ((EUID == 0)); then
        chown "$2:$2" "$1"
    else
        echo "as root: chown $2:$2 $PWD/$1" >&2
    fi
}

[[ -e postgres.password ]] || { new >postgres.password && give postgres.password 999; }
[[ -e grafana.password ]] || { new >grafana.password && give grafana.password 472; }
for role in rounds mlflow prefect; do
    if [[ ! -e $role.password ]]; then
        new >"$role.password"
        printf 'postgres:5432:%s:%s:%s\n' "$role" "$role" "$(<"$role.password")" >"$role.pgpass"
        give "$role.password" 999  # Postgres makes the role with it
        give "$role.pgpass" 10001  # the service signs in with it
    fi
done

# Who may open the pages: Prometheus, and one person to begin with. Only hashes are mounted there.
if [[ ! -e rounds.tokens ]]; then
    for who in metrics:viewer admin:admin; do
        token=$(new)
        printf '%s' "$token" >"${who%:*}.token"
        printf '%s %s sha256:%s\n' "${who%:*}" "${who#*:}" "$(printf '%s' "$token" | sha256sum | cut -d' ' -f1)" >>rounds.tokens
    done
    give rounds.tokens 10001
    give metrics.token 65534   # Prometheus sends it
fi

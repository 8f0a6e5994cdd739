#!/usr/bin/env bash
# On first start: a role and a database each for the ledger, MLflow and Prefect.
# psql reads the password itself, so that it stands in no list of processes.
set -euo pipefail
secrets=${SECRETS:-/run/secrets}

for role in rounds mlflow prefect; do
    FILE="$secrets/$role.password" psql --quiet --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" \
        --dbname=postgres --set=role="$role" <<'SQL'
\set password `cat "$FILE"`
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"role" OWNER :"role";
REVOKE CONNECT ON DATABASE :"role" FROM PUBLIC;
SQL
done

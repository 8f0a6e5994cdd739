"""What every test stands on: nobody's state, no telemetry, and properties tried the same way twice."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from flows.home import quiet

ROOT = Path(__file__).parents[1]

# Prefect and MLflow read their environment when they are imported, so it is set before any test is.
_STATE = Path(tempfile.mkdtemp(prefix="rounds-tests-"))
atexit.register(shutil.rmtree, _STATE, ignore_errors=True)
for _name in ("ROUNDS_LEDGER_URL", "MLFLOW_TRACKING_URI", "PREFECT_API_URL", "PGPASSFILE"):
    os.environ.pop(_name, None)
os.environ.update(quiet({}))
os.environ["ROUNDS_HOME"] = str(_STATE / "rounds")
os.environ["PREFECT_HOME"] = str(_STATE / "prefect")
os.environ["TZ"] = "Pacific/Chatham"  # a machine's own zone must not matter, so use an odd one

settings.register_profile("rounds", deadline=None, derandomize=True, database=None)
settings.load_profile("rounds")


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the checkout."""
    return ROOT


def free_port() -> int:
    """A port on the loopback that nobody listens on now."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A throw-away PostgreSQL, as a libpq connection string; passwords are asked for over TCP only.

    Skipped where PostgreSQL is not installed, but never on CI.
    """
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    beside = [Path(found[-1]).parent] if found else []
    if not beside:
        assert not os.environ.get("CI"), "CI installs PostgreSQL"
        pytest.skip("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="rounds-pg-"))
    # PostgreSQL refuses to run as root, so root hands the folder to its own user.
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if user:
        shutil.chown(folder, "postgres")

    def run(*command: str) -> None:
        subprocess.run([*user, *command], cwd=folder, check=True, capture_output=True, timeout=600)

    data, port = str(folder / "data"), free_port()
    initdb = ("--auth-local=trust", "--auth-host=scram-sha-256", "--username=postgres", "--no-sync")
    run(str(beside[0] / "initdb"), "--pgdata", data, "--encoding=UTF8", "--locale=C", *initdb)
    started = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
    try:
        run(str(beside[0] / "pg_ctl"), "-D", data, "-w", "-l", str(folder / "log"), "-o", started, "start")
        yield f"host={folder} port={port} user=postgres dbname=postgres"
    finally:
        run(str(beside[0] / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)

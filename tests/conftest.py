"""What every test stands on: nobody's state, no telemetry, and properties tried the same way twice."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
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

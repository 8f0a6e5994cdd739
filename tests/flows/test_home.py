"""Where state lives, who may look at it, and that nothing phones home."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

from flows.home import Home, quiet


def test_everything_lies_under_one_folder(tmp_path: Path) -> None:
    home = Home.of({"ROUNDS_HOME": str(tmp_path / "state")})
    assert home.ledger_url == f"sqlite:///{tmp_path}/state/ledger.db"
    assert home.mlflow_uri == f"sqlite:///{tmp_path}/state/mlflow/mlflow.db"
    assert home.prefect == tmp_path / "state" / "prefect"
    assert home.evidently == tmp_path / "state" / "evidently"


def test_the_default_is_beside_the_reader() -> None:
    assert Home.of({}).folder == Path.cwd() / ".rounds"


def test_a_given_folder_wins_over_the_environment(tmp_path: Path) -> None:
    assert Home.of({"ROUNDS_HOME": "/elsewhere"}, tmp_path).folder == tmp_path


def test_named_databases_win_over_the_folder() -> None:
    environ = {
        "ROUNDS_LEDGER_URL": "postgresql://db/rounds",
        "MLFLOW_TRACKING_URI": "https://mlflow.example.org",
    }
    home = Home.of(environ)
    assert (home.ledger_url, home.mlflow_uri) == tuple(environ.values())


def test_only_the_owner_may_look_inside(tmp_path: Path) -> None:
    existing = tmp_path / "state"
    existing.mkdir(mode=0o755)
    home = Home.of({}, existing).make()
    assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700
    assert home.prefect.is_dir()
    assert home.evidently.is_dir()
    assert home.mlflow.is_dir()


def test_telemetry_is_off_whatever_was_set_and_log_levels_stay() -> None:
    # MLflow ignores DO_NOT_TRACK=1.
    settings = quiet({"DO_NOT_TRACK": "1", "PREFECT_LOGGING_LEVEL": "DEBUG"})
    assert settings["DO_NOT_TRACK"] == "true"
    assert settings["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert settings["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert "PREFECT_LOGGING_LEVEL" not in settings


SCRIPT = """
from mlflow.telemetry.utils import is_telemetry_disabled
from prefect.settings import get_current_settings
now = get_current_settings()
print(is_telemetry_disabled(), now.server.analytics_enabled, now.home, now.logging.level,
      now.server.logging_level)
"""


def test_the_three_take_the_settings_as_meant(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=Home.of({}, tmp_path).environment({}) | {"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split() == ["True", "False", str(tmp_path / "prefect"), "WARNING", "ERROR"]


def test_importing_it_loads_nothing_heavy() -> None:
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, flows.home; print({'mlflow', 'prefect', 'evidently', 'pandas'} & set(sys.modules))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "set()"

"""Where Rounds keeps its state: one folder, or the places the environment names instead."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitors.ledger import Ledger

# Each product reads a switch of its own; MLflow takes DO_NOT_TRACK only as the word "true".
_TELEMETRY_OFF = {
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}
_HUSHED = {
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_LOGGING_SERVER_LEVEL": "ERROR",
}


@dataclass(frozen=True, slots=True)
class Home:
    """The places state lives in.

    Attributes:
        folder: everything embedded lives under it; `ROUNDS_HOME`, or `.rounds` where one stands.
        ledger_url: the ledger's database; `ROUNDS_LEDGER_URL` wins.
        mlflow_uri: the MLflow store; `MLFLOW_TRACKING_URI` wins. May carry a password.

    >>> home = Home.of({"ROUNDS_HOME": "/srv/rounds"})
    >>> home.ledger_url
    'sqlite:////srv/rounds/ledger.db'
    """

    folder: Path
    ledger_url: str
    mlflow_uri: str

    @classmethod
    def of(cls, environ: Mapping[str, str], folder: Path | None = None) -> Home:
        """From the environment; a `folder` given by the caller wins over `ROUNDS_HOME`."""
        place = Path(folder or environ.get("ROUNDS_HOME") or ".rounds").expanduser().absolute()
        return cls(
            place,
            environ.get("ROUNDS_LEDGER_URL") or f"sqlite:///{place}/ledger.db",
            environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{place}/mlflow/mlflow.db",
        )

    def exists(self) -> bool:
        """Whether anything was ever kept here, or the ledger is kept elsewhere."""
        return self.folder.exists() or not self.ledger_url.startswith(f"sqlite:///{self.folder}")

    @property
    def mlflow(self) -> Path:
        """The embedded MLflow store: its database, and the artifacts beside it."""
        return self.folder / "mlflow"

    @property
    def prefect(self) -> Path:
        """Prefect's own home, so that the user's is never touched."""
        return self.folder / "prefect"

    @property
    def evidently(self) -> Path:
        """The workspace that `evidently ui --workspace` opens."""
        return self.folder / "evidently"

    @property
    def chance(self) -> Path:
        """The draws behind chance, kept from one run to the next; it may be deleted at any time."""
        return self.folder / "chance.db"

    def make(self) -> Home:
        """Create the folders that are absent; only their owner may look inside."""
        for folder in (self.folder, self.mlflow, self.prefect, self.evidently):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A volume mounted by somebody else keeps the permissions they set.
        with contextlib.suppress(PermissionError):
            self.folder.chmod(0o700)
        return self

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """What a process has to have in its environment before it imports Prefect or MLflow."""
        return {"PREFECT_HOME": str(self.prefect), **quiet(environ)}


def quiet(environ: Mapping[str, str]) -> dict[str, str]:
    """Settings under which nothing phones home, whatever was set, and nothing chatters.

    Apply them before MLflow, Prefect or Evidently is imported. Log levels the user set stay.
    """
    return {**_TELEMETRY_OFF, **{k: v for k, v in _HUSHED.items() if k not in environ}}


def now() -> datetime:
    """The clock; everything else takes the time as an argument."""
    return datetime.now(UTC)


def open_ledger(home: Home) -> Ledger:
    """The ledger of a home, made where it is new."""
    from monitors.ledger import Ledger  # SQLAlchemy, which `rounds --help` does without

    home.make()
    return Ledger(home.ledger_url, now)

"""The demo: the flow a schedule would run, over every window of the shipped model, all in process."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

from flows import notes, source
from flows import run as runs
from flows.home import Home
from flows.monitor import Told
from monitors.audit import Audit
from monitors.errors import ConfigError, RoundsError
from monitors.release import kept
from monitors.window import moment, utc

PACKS = ("ambient",)
START, END = moment("1992-01-07"), moment("1994-01-23")  # the study's phase II


class _Heard(logging.Handler):
    """Passes what is being done on to whoever shows progress."""

    def __init__(self, told: Told) -> None:
        super().__init__(logging.INFO)
        self._told = told

    def emit(self, record: logging.LogRecord) -> None:
        self._told(record.getMessage())


def pack(name: str, shipped: Path, home: Home) -> tuple[Path, datetime, datetime]:
    """Lay out a pack's model beside notes written by rule: its file, and the span to audit.

    Raises ConfigError where no pack of that name can be shown.
    """
    if name not in PACKS:
        raise ConfigError([f"--pack: must be one of {', '.join(PACKS)} (got {name!r})"])
    folder = home.folder / "packs" / name
    notes.write(folder / "notes.csv")
    model = folder / f"{name}.yaml"
    model.write_text((shipped / f"{name}.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return model, notes.START, notes.END


def demonstrate(
    path: Path, home: Home, told: Told, start: datetime = START, end: datetime = END
) -> list[Audit]:
    """Audit every window of a span, the study's phase II; gives them back as people may see them."""
    config = source.read(path)
    heard = _Heard(told)
    log = logging.getLogger("rounds")
    log.addHandler(heard)
    log.setLevel(logging.INFO)
    log.propagate = False
    told("starting Prefect in process")
    home.make()  # before Prefect looks for its home there
    from flows.schedule import run_embedded  # imports Prefect, which takes a second

    try:
        at, since, until = utc(runs.now()), utc(start), utc(end)
        done = run_embedded([str(path)], at, str(home.folder), since, until)
    finally:
        log.removeHandler(heard)
        log.propagate = True
    for reason in done["failed"].values():
        raise RoundsError(reason)
    ledger = runs.open_ledger(home)
    return [kept(ledger, recorded.audit) for recorded in ledger.audits(config.model)]

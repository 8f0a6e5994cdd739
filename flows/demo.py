"""The demo: every window of the shipped model, audited, recorded and copied out, all in process."""

from __future__ import annotations

from pathlib import Path

from flows import run as runs
from flows import source
from flows.home import Home
from flows.monitor import Told
from monitors.audit import Audit
from monitors.suppression import published
from monitors.window import moment

START, END = moment("1992-01-07"), moment("1994-01-23")  # study phase II


def demonstrate(path: Path, home: Home, told: Told) -> list[Audit]:
    """Audit every window of the study's phase II; gives them back as people may see them."""
    config = source.read(path)
    chosen = runs.span(START, END)
    for done in runs.run(path, home, chosen, runs.now(), told=told):
        told(f"{done.window[:10]}: {done.worst}")
    ledger = runs.open_ledger(home)
    kept = [recorded.audit for recorded in ledger.audits(config.model)]
    return [published(audit) for audit in kept]

"""Ledgers with one counted window, from which committees' reports are written in tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from monitors.audit import Audit
from monitors.config import ModelConfig
from monitors.config_file import parse
from monitors.cube import Cube
from monitors.ledger import Ledger
from monitors.profile import EVERYONE, Profile
from monitors.reference import Reference
from monitors.window import Window, moment

WINDOW = Window.parse("2026-01-05T00:00:00Z/2026-04-06T00:00:00Z")
BEFORE = Window.parse("2025-01-06T00:00:00Z/2026-01-05T00:00:00Z")
NOW = moment("2026-05-01")
Counts = Mapping[str, Mapping[str, int]]
"""By group: tp, fp, fn, tn."""


def declared(model: str, attribute: str, **given: Any) -> ModelConfig:
    """A model that decides, and of which every outcome is known."""
    said: dict[str, Any] = {
        "model": model,
        "version": "1",
        "source": {"kind": "files", "path": "none.csv"},
        "columns": {
            "time": "at",
            "id": "case",
            "decision": "flag",
            "outcome": "had",
            "sensitive": [attribute],
        },
        "outcome": {"matures_after": "P1D"},
        "window": {"length": "P91D", "anchor": "2026-01-05"},
        "reference": {"from": "2025-01-06", "to": "2026-01-05"},
        **given,
    }
    return parse(yaml.safe_dump(said), f"{model}.yaml")


def ledger_of(
    folder: Path, config: ModelConfig, attribute: str, counts: Counts, at: datetime = NOW
) -> Ledger:
    """One window of these counts, the reference ten times as many."""
    ledger = Ledger(f"sqlite:///{folder}/ledger.db", lambda: at)
    reference = Reference(profile(BEFORE, attribute, counts, 10))
    ledger.append("reference", reference.digest, reference.payload(), model=config.model)
    held = profile(WINDOW, attribute, counts, 1)
    audit = Audit(
        model=config.model, version=config.version, window=WINDOW, stage="outcome", rows=held.rows,
        config=config.digest, reference=reference.digest, profile=held.digest, software="rounds 0.0.0",
    )  # fmt: skip
    ledger.record(audit, held)
    return ledger


def profile(window: Window, attribute: str, counts: Counts, times: int) -> Profile:
    """The counts as cubes, without scores."""
    cells = (("tp", 1, 1), ("fp", 0, 1), ("fn", 1, 0), ("tn", 0, 0))
    rows = [
        (group, y, d, -1, -1, times * held[name], 0)
        for group, held in counts.items()
        for name, y, d in cells
        if held[name]
    ]
    cubes = {attribute: Cube.of(attribute, rows), EVERYONE: Cube.of(EVERYONE, [("", *r[1:]) for r in rows])}
    whole = cubes[EVERYONE].rows
    return Profile(window, whole, 0, None, window.start, {}, cubes)

"""A ward's predictions, made up and seeded: sound rows, to be broken one way at a time."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from flows import source
from flows.monitor import step
from monitors.audit import Audit, Finding, Stage
from monitors.config import ModelConfig
from monitors.config_file import parse
from monitors.ledger import Ledger
from monitors.window import Window

Row = dict[str, Any]

START = datetime(2026, 1, 5)  # noqa: DTZ001  a Monday, as the ward's clock shows it
WEEKS = 5
A_DAY = 30
WINDOW = Window(datetime(2026, 2, 2, tzinfo=UTC), datetime(2026, 2, 9, tzinfo=UTC))
NOW = datetime(2026, 2, 9, 6, tzinfo=UTC)
DECLARED: dict[str, Any] = {
    "model": "sepsis",
    "version": "1",
    "source": {"kind": "files", "path": "ward.csv"},
    "columns": {
        "time": "at",
        "id": "visit",
        "score": "risk",
        "decision": {"score_at_least": 0.5},
        "outcome": "sepsis",
        "numeric": ["age", "lactate"],
        "categorical": ["ward"],
        "sensitive": ["sex"],
    },
    "outcome": {"matures_after": "P3D"},
    "window": "P7D",
    "reference": {"from": "2026-01-05", "to": "2026-02-02"},
}


def ward(weeks: int = WEEKS, *, a_day: int = A_DAY, seed: int = 1, start: datetime = START) -> list[Row]:
    """Weeks of predictions that nothing is wrong with, oldest first."""
    return [dict(row) for row in _ward(weeks, a_day, seed, start)]


@cache
def _ward(weeks: int, a_day: int, seed: int, start: datetime) -> tuple[Row, ...]:
    draw = random.Random(seed)
    made = []
    for i in range(weeks * 7 * a_day):
        risk = round(draw.betavariate(2, 4), 6)
        made.append(
            {
                "visit": f"v{i}",
                "at": (start + timedelta(days=(i + 0.5) / a_day)).isoformat(" ", "seconds"),
                "risk": risk,
                "sepsis": int(draw.random() < risk),
                "age": draw.randrange(18, 95),
                "lactate": round(draw.lognormvariate(0.5, 0.5), 3),
                "ward": draw.choice(["icu", "ed", "surgery"]),
                "sex": draw.choice(["f", "m"]),
            }
        )
    return tuple(made)


def last_week(row: Row) -> bool:
    """Whether a row lies in the window the tests audit."""
    return str(row["at"]) >= "2026-02-02"


def one_in(n: int) -> Callable[[Row], bool]:
    """Whether a row is one in n of the last week."""
    return lambda row: last_week(row) and int(row["visit"][1:]) % n == 0


def spoilt(rows: Iterable[Row], where: Callable[[Row], bool] = last_week, **values: Any) -> list[Row]:
    """The rows with values replaced where asked; a function is given the row."""
    return [
        {**row, **{k: v(row) if callable(v) else v for k, v in values.items()}} if where(row) else row
        for row in rows
    ]


def everywhere(row: Row) -> bool:
    """Every row."""
    return True


def write(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """The rows as a CSV; None is an empty field."""
    held = list(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(held[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(held)
    return path


def config(columns: Mapping[str, Any] | None = None, **declared: Any) -> ModelConfig:
    """The ward's config with other keys, and other keys under `columns`."""
    merged = {**DECLARED, **declared, "columns": {**DECLARED["columns"], **(columns or {})}}
    return parse(yaml.safe_dump(merged), "sepsis.yaml", source.problems)


def ledger(folder: Path) -> Ledger:
    """A real one, in that folder."""
    return Ledger(f"sqlite:///{folder}/ledger.db", lambda: NOW)


def audit(
    folder: Path,
    rows: Iterable[Mapping[str, Any]] | None = None,
    declared: ModelConfig | None = None,
    *,
    window: Window = WINDOW,
    stage: Stage | None = "scored",
    kept: Ledger | None = None,
) -> Audit:
    """One window audited from `ward.csv` in a folder, written first where rows are given."""
    if rows is not None:
        write(folder / "ward.csv", rows)
    declared = declared or config()
    opened = source.connect(declared, folder)
    try:
        return step(declared, window, opened, stage=stage, ledger=kept)
    finally:
        opened.close()


def found(audited: Audit, metric: str, subject: str, group: str | None = None) -> Finding:
    """The one finding of a measure and a subject."""
    matching = [f for f in audited.findings if f.key == (metric, subject, group)]
    assert len(matching) == 1, f"{len(matching)} findings of {metric} for {subject} {group or ''}"
    return matching[0]


def said(audited: Audit, metric: str, subject: str, group: str | None = None) -> str:
    """That finding's verdict."""
    return str(found(audited, metric, subject, group).verdict)

"""The rows that are counted: a million to a file, made once and kept; more rows are more files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from benchmarks.data import ATTRIBUTES, write

MILLION = 1_000_000
FEATURES = 30


def parts(folder: Path, count: int, rows: int = MILLION, columns: int = FEATURES) -> list[Path]:
    """The first `count` files of the current week, and the reference's beside them.

    Beyond ten they are the first ten again under other names, so that 30,000,000 rows need no more disk.
    """
    place = folder / f"{rows}x{columns}"
    place.mkdir(parents=True, exist_ok=True)
    _made(place / "reference.parquet", rows, columns, seed=1, week=0)
    held = []
    for i in range(count):
        path = place / f"part-{i:02d}.parquet"
        if i < 10:
            _made(path, rows, columns, seed=2 + i, week=1)
        elif not path.exists():
            path.hardlink_to(place / f"part-{i % 10:02d}.parquet")
        held.append(path)
    return held


def _made(path: Path, rows: int, columns: int, *, seed: int, week: int) -> None:
    if not path.exists():
        write(path.with_suffix(".half"), rows, columns, seed=seed, week=week).rename(path)


def declared(
    paths: Sequence[Path],
    *,
    columns: int = FEATURES,
    sensitive: Sequence[str] = tuple(ATTRIBUTES),
    outcome: bool = True,
    source: dict[str, object] | None = None,
) -> str:
    """The model's file for such data."""
    numbers = columns * 2 // 3
    files = [str(path) for path in (paths[0].parent / "reference.parquet", *paths)]
    roles: dict[str, object] = {
        "time": "scored_at",
        "score": "score",
        "decision": {"score_at_least": 0.3},
        "numeric": [f"x{i:03d}" for i in range(numbers)],
        "categorical": [f"c{i:03d}" for i in range(columns - numbers)],
        "sensitive": list(sensitive),
    }
    facts: dict[str, object] = {
        "model": "bench",
        "version": "1",
        "source": source or {"kind": "files", "path": files},
        "columns": roles,
        "window": "P7D",
        "reference": {"from": "2026-01-05", "to": "2026-01-12"},
    }
    if outcome:
        roles["outcome"] = "outcome"
        facts["outcome"] = {"matures_after": "P1D"}
    return yaml.safe_dump(facts, sort_keys=False)

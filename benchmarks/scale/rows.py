"""What a fleet is watched on: 10,000 rows of reference and a day, thirty features, three attributes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.data import ATTRIBUTES, frame

ROWS, COLUMNS = 10_000, 30
# Distinct sets of rows, more than models share a run: none finds there what another drew. On the first
# night a model may find draws that one with the same rows kept in another run; later each has its own.
SETS = 200
_DAY = timedelta(days=1)


def _stored(path: Path, rows: pa.Table, start: datetime, span: timedelta) -> None:
    """Write them with their times spread evenly over the span."""
    at = np.datetime64(start.replace(tzinfo=None), "us") + (np.arange(ROWS) * (span // ROWS)).astype(
        "timedelta64[us]"
    )
    rows = rows.set_column(rows.schema.get_field_index("scored_at"), "scored_at", pa.array(at))
    text = [f.with_type(pa.string()) if pa.types.is_dictionary(f.type) else f for f in rows.schema]
    pq.write_table(rows.cast(pa.schema(text)), path)


def feed(folder: Path, first: date, days: int, seed: int, broken: tuple[int, ...] = ()) -> Path:
    """The day before the first, and so many days, each a file; on broken ones most of a column is lost."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    _stored(folder / "reference.parquet", frame(ROWS, COLUMNS, random, 0), start - _DAY, _DAY)
    for day in range(days):
        rows = frame(ROWS, COLUMNS, random, 0)
        if day in broken:
            left = pa.array(random.random(ROWS), mask=random.random(ROWS) < 0.6)
            rows = rows.set_column(rows.schema.get_field_index("x000"), "x000", left)
        _stored(folder / f"day-{day:02d}.parquet", rows, start + day * _DAY, _DAY)
    return folder


def declared(model: str, place: Path, first: date, report: str = "on_change") -> str:
    """The model's file: daily windows whose outcomes are known within the hour, the shipped plan."""
    numbers = COLUMNS * 2 // 3
    return f"""\
model: {model}
version: "1"
source: {{kind: files, path: "{place}/*.parquet"}}
columns:
  time: scored_at
  score: score
  decision: {{score_at_least: 0.3}}
  outcome: outcome
  numeric: [{", ".join(f"x{i:03d}" for i in range(numbers))}]
  categorical: [{", ".join(f"c{i:03d}" for i in range(COLUMNS - numbers))}]
  sensitive: [{", ".join(ATTRIBUTES)}]
outcome: {{matures_after: PT1H}}
window: P1D
schedule: "0 6 * * *"
reference: {{from: {first - _DAY}, to: {first}}}
evidently: {{report: {report}}}
"""


def fleet(folder: Path, models: int, first: date, days: int) -> list[Path]:
    """Files of so many models, each with a feed of its own; the last of the days is still to come."""
    made = [feed(folder / "sets" / str(number), first, days, number) for number in range(min(SETS, models))]
    files = folder / "models"
    files.mkdir()
    found = []
    for number in range(models):
        name = f"model-{number:03d}"
        own = folder / "feeds" / name
        own.mkdir(parents=True)
        for part in made[number % len(made)].iterdir():
            if part.stem != f"day-{days - 1:02d}":
                (own / part.name).hardlink_to(part)
        found.append(files / f"{name}.yaml")
        found[-1].write_text(declared(name, own, first))
    return found


def arrive(folder: Path, models: int, day: int) -> None:
    """A further day's file of every model."""
    sets = min(SETS, models)
    for number in range(models):
        name = f"day-{day:02d}.parquet"
        (folder / "feeds" / f"model-{number:03d}" / name).hardlink_to(
            folder / "sets" / str(number % sets) / name
        )

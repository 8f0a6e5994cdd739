"""Made-up predictions for benchmarks: as many rows and columns as asked, no drift, no gap."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CHUNK = 250_000
LETTERS = np.array(list("abcdefgh"), dtype=object)
ATTRIBUTES = {"race": 6, "sex": 2, "age_band": 5}
START = np.datetime64("2026-01-05T00:00:00", "us")
WEEK = 7 * 86_400 * 1_000_000


def frame(rows: int, columns: int, random: np.random.Generator, week: int) -> pa.Table:
    """Rows of one week: two thirds numbers (normal and skewed), one third categories."""
    made: dict[str, object] = {}
    numbers = columns * 2 // 3
    for i in range(numbers):
        made[f"x{i:03d}"] = random.normal(size=rows) if i % 2 else random.lognormal(0, 1, rows)
    for i in range(columns - numbers):
        made[f"c{i:03d}"] = pa.array(LETTERS[random.integers(0, 8, rows)]).dictionary_encode()
    for name, groups in ATTRIBUTES.items():
        labels = np.array([f"{name} {i}" for i in range(groups)], dtype=object)
        made[name] = pa.array(labels[random.integers(0, groups, rows)]).dictionary_encode()
    score = random.beta(2, 6, rows)
    made["score"] = score
    made["outcome"] = (random.random(rows) < score).astype("int8")
    at = START + np.timedelta64(week * WEEK, "us") + random.integers(0, WEEK, rows)
    made["scored_at"] = pa.array(at)
    return pa.table(made)


def write(path: Path, rows: int, columns: int, *, seed: int, week: int) -> Path:
    """Write a Parquet file chunk by chunk, so that making it needs little memory."""
    random = np.random.default_rng(seed)
    writer = None
    for first in range(0, rows, CHUNK):
        part = frame(min(CHUNK, rows - first), columns, random, week)
        part = part.cast(pa.schema([
            f.with_type(pa.string()) if pa.types.is_dictionary(f.type) else f for f in part.schema
        ]))  # fmt: skip
        writer = writer or pq.ParquetWriter(path, part.schema)
        writer.write_table(part)
    if writer is not None:
        writer.close()
    return path


def config(columns: int) -> str:
    """The model's file for such data: two weeks, the first the reference."""
    numbers = columns * 2 // 3
    return f"""
model: bench
version: "1"
source: {{kind: files, path: "*.parquet"}}
columns:
  time: scored_at
  score: score
  decision: {{score_at_least: 0.3}}
  outcome: outcome
  numeric: [{", ".join(f"x{i:03d}" for i in range(numbers))}]
  categorical: [{", ".join(f"c{i:03d}" for i in range(columns - numbers))}]
  sensitive: [{", ".join(ATTRIBUTES)}]
outcome: {{matures_after: P1D}}
window: P7D
reference: {{from: 2026-01-05, to: 2026-01-12}}
"""

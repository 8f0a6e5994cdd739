"""How fast texts are measured, and how much memory it takes: `python -m benchmarks.texts [ROWS]`.

A piece counts one window of visits, each with three texts of 2 kB: the measures of the ambient pack over ROWS
of them (1,000,000 where none is said) and over a tenth, every measure at once over ROWS, and each alone over
a tenth. MB are the bytes of the texts that a piece reads. Writes docs/text-speed.md.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from flows import source
from flows.counting import Frozen, count
from flows.workers import processors
from monitors.discovery import text_measures
from monitors.histogram import CategoryBins, NumericBins
from monitors.window import moment

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "text-speed.md"
PACK, ALL, EACH = "the ambient pack's", "all at once", "each alone"
SIZE, OWN, AT_ONCE = 2_000, 20_000, 10_000
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
WORDS = (
    "the", "patient", "reports", "that", "symptoms", "began", "about", "two", "days", "ago", "and",
    "have", "not", "improved", "with", "rest", "or", "fluids", "she", "denies", "chest", "pain",
    "shortness", "of", "breath", "fever", "chills", "nausea", "vomiting", "diarrhea", "rash",
    "headache", "dizziness", "weakness", "examination", "reveals", "clear", "lungs", "regular", "heart",
    "rhythm", "no", "murmur", "soft", "abdomen", "without", "tenderness", "extremities", "show", "no",
    "swelling", "assessment", "likely", "viral", "illness", "plan", "continue", "supportive", "care",
    "return", "if", "worse", "take", "medication", "daily", "follow", "up", "clinic", "next", "week",
    "laboratory", "values", "were", "reviewed", "today", "family", "agrees", "understands",
)  # fmt: skip
DOSES = ("ibuprofen 400 mg", "lisinopril 10 mg", "amoxicillin 500 mg", "ceftriaxone 2 g", "insulin 10 units")
CONFIG = """
model: scribe
version: "1"
source: {{kind: files, path: {path}}}
columns:
  time: at
  id: id
  decision: edited
  text: [said, draft, signed]
  numeric: [{numeric}]
  categorical: [{categorical}]
  sensitive: [language]
window: P7D
timezone: UTC
reference: {{from: 2026-01-05, to: 2026-01-12}}
"""


def _sentence(random: Random) -> str:
    said = " ".join(random.choices(WORDS, k=random.randint(6, 14))).capitalize()
    said += f" {random.choice(DOSES)}" if random.random() < 0.15 else ""
    return said + (". " if random.random() < 0.8 else ".\n")


def _visit(random: Random) -> tuple[str, str, str]:
    """What was said, the draft, and what was signed: two in five drafts have a few sentences written anew."""
    draft: list[str] = []
    while sum(map(len, draft)) < SIZE:
        draft.append(_sentence(random))
    signed = list(draft)
    for _ in range(random.randint(1, 4) if random.random() < 0.4 else 0):
        signed[random.randrange(len(signed))] = _sentence(random)
    said = [_sentence(random) if random.random() < 0.1 else part for part in draft]
    return "".join(said), "".join(draft), "".join(signed)


def write(path: Path, rows: int) -> None:
    """Visits by rule; every 20,000 the sentences begin again behind another number."""
    random = Random(20260105)
    held = [_visit(random) for _ in range(min(rows, OWN))]
    week = timedelta(days=7) / rows
    writer: pq.ParquetWriter | None = None
    for first in range(0, rows, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, rows))
        texts = [[f"Visit {n}. {text}"[:SIZE] for text in held[n % len(held)]] for n in numbers]
        table = pa.table(
            {
                "id": numbers,
                "at": [BEGIN + week * n for n in numbers],
                **{name: [three[i] for three in texts] for i, name in enumerate(("said", "draft", "signed"))},
                "edited": [n % 5 == 0 for n in numbers],
                "language": ["es" if n % 3 else "en" for n in numbers],
            }
        )
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    if writer is not None:
        writer.close()


def _named(measure: str) -> str:
    return ("draft." if text_measures()[measure].measure.texts == 1 else "draft~said.") + measure


def _columns(piece: str) -> tuple[str, ...]:
    if piece == PACK:
        pack = yaml.safe_load((ROOT / "configs/packs/ambient.yaml").read_text(encoding="utf-8"))["columns"]
        return (*pack["numeric"], *pack["categorical"])
    return tuple(map(_named, text_measures() if piece == ALL else [piece]))


def measure(piece: str, path: Path) -> dict[str, Any]:
    """Count the window; what it took."""
    gives = {name: text_measures()[name.rpartition(".")[2]].measure.gives for name in _columns(piece)}
    numeric = [name for name, kind in gives.items() if kind == "number"]
    categorical = [name for name, kind in gives.items() if kind == "flag"]
    file = path.with_suffix(f".{os.getpid()}.yaml")
    told = CONFIG.format(path=path, numeric=", ".join(numeric), categorical=", ".join(categorical))
    file.write_text(told, encoding="utf-8")
    config = source.read(file)
    bins: dict[str, Any] = {name: NumericBins((0.0, 0.5, 1e9), (0.2, 1.0), 1.0) for name in numeric}
    bins |= {name: CategoryBins(("false", "true"), ()) for name in categorical}
    opened = source.connect(config, path.parent)
    clock, before = time.perf_counter(), _processor()
    profile = count(
        opened.table(), config, config.grid.ending_by(moment("2026-01-13")), Frozen(bins, (0.0, 1.0))
    )
    seconds, processor = time.perf_counter() - clock, _processor() - before
    opened.close()
    texts = len({text for taken, _ in config.columns.measured.values() for text in taken})
    return {
        "piece": piece, "measures": len(gives), "rows": profile.rows, "mb": profile.rows * texts * SIZE / 1e6,
        "seconds": seconds, "processor": processor, "load": os.getloadavg()[0],
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def _processor() -> float:
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


def _line(one: dict[str, Any]) -> str:
    speed, core = one["mb"] / one["seconds"], one["mb"] / one["processor"]
    memory = f"{one['peak']:,.0f}" if one["measures"] > 1 else ""
    told = (
        f"{one['piece']} | {one['measures']} | {one['rows']:,} | {one['mb']:,.0f} | {speed:.1f} | {core:.1f}"
    )
    return f"| {told} | {memory} | {one['load']:.0f} |"


def _page(found: list[dict[str, Any]], rows: int) -> str:
    return f"""# How fast texts are measured

Written by `python -m benchmarks.texts {rows}`: one window of visits, each with what was said, a draft and
what was signed, 2 kB each, made up and kept in Parquet; {processors()} cores. From opening the file to the
profile; the first three are a process each, the others follow one another in one. MB are the texts that are
read; load is how many processes waited for the cores beside it. MB a second by the clock say little at a
load above the number of cores; those of a processor's second hold within half, and are of one core.

| measures | how many | visits | MB | MB/s | MB a processor's second | peak MB | load |
|---|--:|--:|--:|--:|--:|--:|--:|
{chr(10).join(map(_line, found))}
"""


def main(rows: int) -> None:
    """Measure each piece in a process of its own and write the page."""
    with tempfile.TemporaryDirectory(prefix="rounds-texts-") as folder:
        few, many = Path(folder) / "few.parquet", Path(folder) / "many.parquet"
        write(few, rows // 10)
        write(many, rows)
        asked = [(PACK, few), (PACK, many), (ALL, many), (EACH, few)]
        found: list[dict[str, Any]] = []
        for piece, path in asked:
            command = [sys.executable, "-m", "benchmarks.texts", piece, str(path)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
            found += map(json.loads, done.stdout.splitlines())
            print(*map(_line, found), sep="\n", flush=True)
        PAGE.write_text(_page(found, rows), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        for name in text_measures() if sys.argv[1] == EACH else [sys.argv[1]]:
            print(json.dumps(measure(name, Path(sys.argv[2]))), flush=True)
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)

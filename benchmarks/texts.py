"""How fast texts are measured, and how much memory it takes: `python -m benchmarks.texts [ROWS]`.

A piece counts one window of visits, each with three texts of 2 kB: the measures of the ambient pack, and
every measure at once, over ROWS of them (1,000,000 where none is said) and over a tenth; and each alone over
a tenth, but no fewer than 40,000. MB are the bytes of the texts that a piece reads. Writes
docs/text-speed.md. A million takes a quarter of an hour on two quiet cores, 2 GB of disk and 700 MB.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
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
SIZE, POOL, SENTENCES, AT_ONCE, LEAST = 2_000, 20_000, 40, 10_000, 40_000
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
WORDS = (
    "the", "patient", "reports", "that", "symptoms", "began", "about", "two", "days", "ago", "and",
    "have", "not", "improved", "with", "rest", "or", "fluids", "she", "denies", "chest", "pain",
    "shortness", "of", "breath", "fever", "chills", "nausea", "vomiting", "diarrhea", "rash",
    "headache", "dizziness", "weakness", "examination", "reveals", "clear", "lungs", "regular", "heart",
    "rhythm", "no", "murmur", "soft", "abdomen", "without", "tenderness", "extremities", "show", "no",
    "swelling", "assessment", "likely", "viral", "illness", "plan", "continue", "supportive", "care",
    "return", "if", "worse", "take", "medication", "daily", "follow", "up", "clinic", "next", "week",
    "laboratory", "values", "were", "reviewed", "today", "family", "agrees", "understands", "señora", "años",
    "doesn’t",
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


def write(path: Path, rows: int) -> None:
    """Visits by rule, no two alike: sentences drawn from 20,000, in two of five drafts a few written anew."""
    random, drawn = Random(20260105), np.random.default_rng(20260105)
    pool = [_sentence(random) for _ in range(POOL)]
    week = timedelta(days=7) / rows
    writer: pq.ParquetWriter | None = None
    for first in range(0, rows, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, rows))
        shape = (len(numbers), SENTENCES)
        draft = drawn.integers(0, POOL, shape)
        anew = (drawn.random(shape) < 0.1) & (drawn.random((len(numbers), 1)) < 0.4)
        signed = np.where(anew, drawn.integers(0, POOL, shape), draft)
        said = np.where(drawn.random(shape) < 0.1, drawn.integers(0, POOL, shape), draft)
        table = pa.table(
            {
                "id": numbers,
                "at": [BEGIN + week * n for n in numbers],
                **{
                    name: [
                        (f"Visit {n}. " + "".join([pool[i] for i in places]))[:SIZE]
                        for n, places in zip(numbers, chosen.tolist(), strict=True)
                    ]
                    for name, chosen in (("said", said), ("draft", draft), ("signed", signed))
                },
                "edited": [n % 5 == 0 for n in numbers],
                "language": ["es" if n % 3 else "en" for n in numbers],
            }
        )
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd", compression_level=1)
        writer.write_table(table)
        if numbers[-1] + 1 == rows or (first // AT_ONCE) % 10 == 9:
            print(f"written: {numbers[-1] + 1:,} of {rows:,} visits", flush=True)
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
    memory = _Memory()
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
        "peak": memory.most,
    }  # fmt: skip


def _processor() -> float:
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


class _Memory(threading.Thread):
    """Follows how much this process and those it started hold together, in MB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most = 0.0
        self.start()

    def run(self) -> None:
        while True:
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="utf-8").split()
            self.most = max(self.most, sum(map(_held, ["self", *children])))
            time.sleep(0.05)


def _held(process: str) -> float:
    with suppress(OSError):
        told = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
        return sum(float(found) for found in re.findall(r"RssAnon:\s+(\d+)", told)) / 1024
    return 0.0


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
what was signed, 2 kB each, no two alike, made up and kept in Parquet; {processors()} cores. From
opening the file to the profile; the first four are a process each, the others follow one another in one.
MB are the texts that are read; load is how many processes waited for the cores beside it. MB a second by the
clock say little at a load above the number of cores; those of a processor's second are of one core, and on a
busy machine, whose processes share its caches, too low rather than too high. The peak is of this process and
its workers together.

| measures | how many | visits | MB | MB/s | MB a processor's second | peak MB | load |
|---|--:|--:|--:|--:|--:|--:|--:|
{chr(10).join(map(_line, found))}

Texts are read once, in batches, and of a batch a megabyte at a time is laid out. Memory is bounded,
whatever the number of visits. The process that reads holds one row group of the file and two batches of
2,048 visits (one thread reads), then the measures of 32,768 visits that are written together; to find
near duplicates and to count, 256 MB, what is more waits on disk. A worker holds a batch, and of the
words it met 16,384 of each of three kinds. Ten thousand visits are over before the workers hold all that
they will: memory is to be compared from 100,000 on. CSV and JSON lines above 256 MB are read where they
lie as Parquet is, in 512 MB at most; smaller ones are held in memory once. A measure alone costs most of
what reading costs; together they share the words, numbers and letters that each looks for
(docs/decisions/0038).
"""


def main(rows: int) -> None:
    """Measure each piece in a process of its own and write the page."""
    with tempfile.TemporaryDirectory(prefix="rounds-texts-") as folder:
        few, many, each = (Path(folder) / f"{name}.parquet" for name in ("few", "many", "each"))
        for path, number in ((few, rows // 10), (many, rows), (each, max(rows // 10, LEAST))):
            write(path, number)
        asked = [(PACK, few), (PACK, many), (ALL, few), (ALL, many), (EACH, each)]
        found: list[dict[str, Any]] = []
        for piece, path in asked:
            command = [sys.executable, "-m", "benchmarks.texts", piece, str(path)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
                for line in process.stdout or ():
                    found.append(json.loads(line))
                    print(_line(found[-1]), flush=True)
            if process.returncode:
                sys.exit(process.returncode)
        PAGE.write_text(_page(found, rows), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        for name in text_measures() if sys.argv[1] == EACH else [sys.argv[1]]:
            print(json.dumps(measure(name, Path(sys.argv[2]))), flush=True)
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)

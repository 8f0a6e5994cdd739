"""What is fuzzed: each reader of what people and other machines write, given any bytes.

A target returns, or raises one of `OURS`: what Rounds raises on purpose. Anything else is a crash.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from joserfc import jwe

from commands._files import moment_of
from flows import derive as derived
from flows import federate, planned, sealing, source
from flows.engine import plainly
from monitors import config_file
from monitors.canonical import digest
from monitors.config import ModelConfig
from monitors.errors import RoundsError
from monitors.window import Window, moment

OURS = (RoundsError, click.UsageError)
ZONE = ZoneInfo("Pacific/Chatham")
DIALECTS = ("duckdb", "postgres", "tsql", "snowflake", "databricks", "bigquery", "sqlite", "oracle")
PERIOD = Window(moment("2026-01-05"), moment("2026-03-02"))
DECLARED = """\
model: sepsis
version: "1"
source: {kind: fhir, path: export}
columns: {time: time, id: id, score: score, numeric: [age], sensitive: [sex, race]}
window: P7D
reference: {from: 2026-01-05, to: 2026-02-02}
"""


@cache
def folder() -> Path:
    """Where the files of a target lie, with a pair of keys."""
    place = Path(tempfile.mkdtemp(prefix="rounds-fuzz-"))
    sealing.make_keys(place)
    (place / "export").mkdir()
    return place


@cache
def declared() -> ModelConfig:
    """A model whose predictions are in FHIR."""
    return config_file.parse(DECLARED, "sepsis.yaml")


def config(data: bytes) -> None:
    """A model's file."""
    path = folder() / "model.yaml"
    path.write_bytes(data)
    source.read(path)


def profile(data: bytes) -> None:
    """What two sites sent, sealed and opened: counts as JSON."""
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        return  # what was sealed and opens is JSON
    packet = federate.packet_of(body, "north.json")
    federate.added({"north.json": packet, "south.json": replace(packet, site="south")}, declared())


def fhir(data: bytes) -> None:
    """Lines of a FHIR export."""
    (folder() / "export/RiskAssessment.ndjson").write_bytes(data)
    shutil.copy(folder() / "export/RiskAssessment.ndjson", folder() / "export/Patient.ndjson")
    with closing(source.connect(declared(), folder())) as held:
        table = held.table()
        with plainly(held.name, table.columns):
            table.count().to_pyarrow()
        held.unread()


def calendar(data: bytes) -> None:
    """The change calendar, and what it leaves out of a period."""
    path = folder() / "calendar.yaml"
    path.write_bytes(data)
    planned.planned(path, {"ROUNDS_CALENDAR": str(path)}).excluded("sepsis", PERIOD, ZONE)


def period(data: bytes) -> None:
    """A moment on the command line, and a length, an anchor and a period of a model's file."""
    words = data.decode("utf-8", "replace").split("\n")
    first, length, anchor, start, end = (words + [""] * 5)[:5]
    moment_of(first, "--from", declared())
    text = DECLARED.replace("window: P7D", f"window: {{length: {length!r}, anchor: {anchor!r}}}")
    text = text.replace("{from: 2026-01-05, to: 2026-02-02}", f"{{from: {start!r}, to: {end!r}}}")
    made = config_file.parse(text, "sepsis.yaml")
    made.grid.ending_by(moment("2026-03-02"))
    made.reference_window(PERIOD)


def derive(data: bytes) -> None:
    """A derived column's expression, in the dialect that the first byte says."""
    dialect = DIALECTS[data[0] % len(DIALECTS)] if data else DIALECTS[0]
    derived.inputs("risk", data[1:].decode("utf-8", "replace"), dialect)


def sealed(data: bytes) -> None:
    """A site's file as it came, or after an even byte what somebody sealed with the right key."""
    path = folder() / "north.json"
    path.write_bytes(data[1:])
    if data and data[0] % 2 == 0:
        key = sealing._key(folder() / "federation.pub")
        held = jwe.encrypt_compact(dict(sealing._HEADER), data[1:], key)
        told = {"schema": 1, "of": {"site": "north"}, "sealed": held}
        path.write_text(json.dumps({**told, "digest": digest(told)}), encoding="utf-8")
    kind, _ = sealing.read(path)
    if kind == "sealed":
        federate.packet_of(sealing.open_sealed(path, folder() / "federation.key"), path.name)
    else:
        federate.suppressed_packets([path])


TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each for each in (config, profile, fhir, calendar, period, derive, sealed)
}


def tried(name: str, data: bytes) -> bool:
    """Whether a target took it; False where it was refused in our words. Anything else is raised."""
    try:
        TARGETS[name](data)
    except OURS:
        return False
    return True

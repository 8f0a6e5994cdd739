"""Drawing outputs for people to read: by rule, by the engine that holds them, named by a keyed hash alone."""

from __future__ import annotations

import csv
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ibis

from flows import expressions as ex
from flows.counting import once
from flows.dialects import fetched
from flows.engine import plainly
from flows.home import Home
from flows.periods import within
from flows.prepare import checked, grouped
from flows.sampling import shuffled
from flows.source import Source
from monitors.canonical import digest
from monitors.config import ModelConfig
from monitors.errors import ConfigError, SourceInvalid
from monitors.raters.form import ASKED, QUESTIONS
from monitors.raters.queue import EVERYONE, Output, Queue, Stratum, allotted
from monitors.window import Window

FORM = ("output", "by", *ASKED)
_KEY_FILE = "review.key"
_LETTERS = 16  # of a keyed hash: one in 10¹⁹ that two outputs of a million are alike


def secret(home: Home) -> bytes:
    """The key that names outputs, made where there is none; it stays in this folder, for its owner alone."""
    home.make()
    path = home.folder / _KEY_FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    made = secrets.token_bytes(32)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(made.hex())
    return made


def key_of(name: str, key: bytes) -> str:
    """What an output is called outside its source.

    >>> key_of("note-1", b"k")
    '667536bf88583c41'
    """
    return hmac.new(key, name.encode(), hashlib.sha256).hexdigest()[:_LETTERS]


def draw(
    source: Source,
    config: ModelConfig,
    window: Window,
    wanted: int,
    key: bytes,
    *,
    by: str = "",
    judge: str = "",
    asks: str = "harm",
    margin: float | None = None,
) -> Queue:
    """Draw outputs of a window: any alike, or as many of each group of a sensitive column.

    The same rows give the same queue: an output's place is a digest of its id and of a word made of
    the key, so nobody can choose, and nobody without the key can tell beforehand.

    Raises:
        ConfigError: where outputs have no id, or a column is not what it has to be.
        SourceInvalid, NotComputable: where the source cannot be read, or draws no lots.
    """
    _check(config, by, judge, asks, margin)
    word = key_of(digest([config.model, str(window), by, judge]), key)
    held = _rows(source, config, window, by, judge)
    with plainly(source.name):
        each = held.group_by(["stratum", "judged"]).aggregate(n=held.count())
        counted = fetched(each)
        strata: dict[str, Stratum] = {}
        for name in sorted({row["stratum"] for row in counted}):
            of = {row["judged"]: int(row["n"]) for row in counted if row["stratum"] == name}
            strata[name] = Stratum(
                sum(of.values()), of.get(1, 0) if judge else 0, of.get(0, 0) if judge else 0
            )
        few = allotted({name: stratum.rows for name, stratum in strata.items()}, wanted)
        place = shuffled([held.id], word, held.get_backend().name)
        placed = held.mutate(rounds_place=place)
        apart = ibis.window(group_by=placed.stratum, order_by=placed.rounds_place)
        numbered = placed.mutate(rounds_number=ibis.row_number().over(apart))
        most = numbered.filter(numbered.rounds_number < max(few.values(), default=0))
        drawn = [r for r in fetched(most) if r["rounds_number"] < few[r["stratum"]]]
    drawn.sort(key=lambda row: row["rounds_place"])
    outputs = {key_of(r["id"], key): Output(r["stratum"], int(r["judged"]) if judge else -1) for r in drawn}
    return Queue("", config.model, config.version, str(window), by, judge, asks, margin, strata, outputs)


def ids(source: Source, config: ModelConfig, queue: Queue, key: bytes) -> Iterator[tuple[str, str]]:
    """(key, id) of a queue's outputs, for whoever may open the records; those the source still has."""
    window = Window.parse(queue.window)
    held = _rows(source, config, window, "", "")
    with plainly(source.name):
        for row in fetched(held.select(held.id)):
            if (name := key_of(row["id"], key)) in queue.outputs:
                yield name, row["id"]


def forms(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """The filled-in forms of a CSV file, with where each stands. Raises SourceInvalid."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if absent := [name for name in FORM if name not in (rows.fieldnames or ())]:
                raise SourceInvalid(f"{path.name}: the first line has to name {', '.join(absent)}")
            for number, row in enumerate(rows, start=2):
                told = {name: (row[name] or "").strip() for name in FORM}
                if any(told[name] for name in FORM[1:]):  # else a form nobody filled in yet
                    yield f"{path.name}: line {number}: ", told
    except (UnicodeDecodeError, csv.Error):
        raise SourceInvalid(f"{path.name}: is not CSV in UTF-8") from None


def _rows(source: Source, config: ModelConfig, window: Window, by: str, judge: str) -> Any:
    """A window's outputs, one a row: id, stratum, and what a judge model said."""
    columns = config.columns
    table = source.table()
    with plainly(source.name, table.columns):
        rows = within(checked(table, columns, source.name), columns, window, config, source.name)
        rows = once(rows, columns)
        named: Any = ex.text(rows[columns.id])
        group: Any = ibis.literal(EVERYONE)
        if by:
            attribute = next(a for a in columns.attributes if a.name == by)
            group = grouped(rows, attribute, columns)
        flag = ex.binary(rows[judge]) if judge else ibis.literal(-1, "int32")
        made = rows.select(id=named, stratum=group, judged=flag)
        return made.filter(made.id.notnull())


def _check(config: ModelConfig, by: str, judge: str, asks: str, margin: float | None) -> None:
    columns, wrong = config.columns, []
    if columns.id is None:
        wrong.append("columns.id: is needed to draw outputs and to find them again")
    if by and by not in {attribute.name for attribute in columns.attributes}:
        known = ", ".join(attribute.name for attribute in columns.attributes)
        wrong.append(f"--by: must be one of {known} (got {by!r})")
    if judge and judge not in columns.categorical:
        wrong.append(f"--judge: must be one of `columns.categorical`, 0 or 1 (got {judge!r})")
    if asks not in QUESTIONS:
        wrong.append(f"--asks: must be one of {', '.join(QUESTIONS)} (got {asks!r})")
    if margin is not None and not 0 < margin < 1:
        wrong.append(f"--margin: must be above 0 and below 1 (got {margin:g})")
    if wrong:
        raise ConfigError([f"{config.model}: {each}" for each in wrong])

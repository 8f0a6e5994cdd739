"""Proposing: look at a file of predictions and write a config, every guess marked and to be checked."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import ibis

from flows.embedded import embedded, shut
from flows.engine import plainly
from flows.guess import THRESHOLD, Guesses, guess, horizon
from flows.look import hold, look, nothing
from flows.sources.files import Reading, Settings
from flows.times import ISO, ISO_OFFSET, fitting, reading, ways_round, written
from monitors.errors import SourceInvalid
from monitors.window import Grid, Length

ENOUGH = 200  # rows a window should hold, so that a shift worth a ticket can be told from chance
_LENGTHS = ("P1D", "P7D", "P28D", "P91D", "P364D")  # whole weeks: weekdays then never look like drift
_PLAIN = re.compile(r"(?:\.{0,2}/)?[A-Za-z_][A-Za-z0-9_./-]*")
_YAML_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
_ROWS = "rounds_rows"


def propose(path: Path, *, model: str | None = None, folder: Path | None = None) -> str:
    """A commented config for the predictions in a file, or in the files a glob names.

    Args:
        path: CSV, Parquet or JSON.
        model: the model's name; told by the file's name if not given.
        folder: where the config will be kept, from which its path then starts; else `path` as it is.

    Raises:
        SourceInvalid: when the file cannot be read, or lacks what no config can do without.
    """
    with _engine() as backend:
        return _proposed(backend, path, model, folder)


def described(path: Path) -> dict[str, Any]:
    """A source and its columns as guessed from a file, in the keys of a file that declares a source.

    Raises:
        SourceInvalid: when the file cannot be read, or no column says when.
    """
    with _engine() as backend:
        missing, form, guesses, _, _ = _guessed_from(backend, path, scored=False)
    roles = {role: name for role, (name, _) in guesses.roles.items() if name is not None}
    numbers, texts = (list(guesses.features[kind][0]) for kind in ("numeric", "categorical"))
    if score := roles.get("score"):
        numbers.append(score)
    source: dict[str, Any] = {"kind": "files", "path": str(path), "missing": ["", *missing]}
    if form is not None:
        source["time_format"] = form[0]
    columns = {role: roles[role] for role in ("time", "id", "patient", "outcome", "site") if role in roles}
    return {
        "source": source | {"derive": {made: expression for made, (expression, _) in guesses.derive.items()}},
        "columns": columns | {
            "numeric": numbers,
            "categorical": texts,
            "sensitive": [{name: list(bands)} if bands else name for name, bands in guesses.sensitive],
        },
    }  # fmt: skip


@contextmanager
def _engine() -> Iterator[Any]:
    with tempfile.TemporaryDirectory(prefix="rounds-", ignore_cleanup_errors=True) as spill:
        backend = embedded(temp_directory=spill)
        try:
            yield backend
        finally:
            shut(backend)


def _guessed_from(
    backend: Any, path: Path, *, scored: bool = True
) -> tuple[tuple[str, ...], tuple[str, str] | None, Guesses, tuple[datetime, datetime], int]:
    """Texts for missing, the form of times, the guesses, the span of times, and how many rows."""
    source = Reading(Settings(path=str(path)), Path())
    types = source.described(backend)
    with plainly(path.name, types):
        if missing := nothing(backend, source, types):
            source = Reading(Settings(path=str(path), missing=("", *missing)), Path())
            types = source.described(backend)
        hold(backend, source, types, _ROWS)
        columns = list(look(backend, _ROWS, types))
        if not columns[0].rows:
            raise SourceInvalid(f"{path.name}: it has a header and no row; propose from a file with rows")
        guesses = guess(columns, path.name, scored=scored)
        form, span = _clock(backend, guesses, path.name)
    return missing, form, guesses, span, columns[0].rows


def _proposed(backend: Any, path: Path, model: str | None, folder: Path | None) -> str:
    missing, form, guesses, span, rows = _guessed_from(backend, path)
    return "\n".join(
        [
            *_head(path, model, rows),
            *_source(path, folder, missing, form, guesses),
            *_columns(guesses),
            *_windows(guesses, span, rows),
            *_tail(),
            "",
        ]
    )


def _clock(
    backend: Any, guesses: Guesses, name: str
) -> tuple[tuple[str, str] | None, tuple[datetime, datetime]]:
    """The form a text time is written in, with why, where it has to be said; first and last time."""
    column = guesses.clock
    table = backend.table(_ROWS)
    if guesses.derived_time:
        statement = f"SELECT {guesses.derive[guesses.derived_time][0]} AS clock FROM {_ROWS}"  # noqa: S608
        return None, _span(backend.sql(statement), "clock")
    if not table[column].type().is_string():
        return None, _span(table, column)
    rows, fits = fitting(table, column, None)
    whole = [form for form, count in fits.items() if count == rows]
    if not whole:
        nearest = max(fits, key=lambda form: fits[form])
        why = f"CHECK: {rows - fits[nearest]:,} of {rows:,} times are not written so; mend them"
        read = table.mutate(**{column: reading(written(table, column), nearest)})
        said = None if nearest in (ISO, ISO_OFFSET) else (nearest, why)
        return said, _span(read, column)

    def read_as(form: str) -> tuple[datetime, datetime]:
        return _span(table.mutate(**{column: reading(written(table, column), form)}), column)

    if either := ways_round(whole):
        shorter, longer = sorted(either, key=lambda form: read_as(form)[1] - read_as(form)[0])
        why = f'CHECK: day and month could be either way round; "{longer}" fits too, over a longer time'
        return (shorter, why), read_as(shorter)
    return None, read_as(whole[0])


def _span(table: ibis.Table, column: str) -> tuple[datetime, datetime]:
    time: Any = table[column]
    got = table.aggregate(first=time.min(), last=time.max()).to_pyarrow().to_pylist()[0]
    first, last = (
        at if isinstance(at, datetime) else datetime(at.year, at.month, at.day, tzinfo=UTC)
        for at in (got["first"], got["last"])
    )
    return tuple(at if at.tzinfo else at.replace(tzinfo=UTC) for at in (first, last))  # type: ignore[return-value]


def word(text: str) -> str:
    r"""Text as YAML that reads back the same.

    >>> print(word("crea"), word('say "ah"'), word("no"))
    crea "say \"ah\"" "no"
    """
    if _PLAIN.fullmatch(text) and text.lower() not in _YAML_WORDS:
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _guessed(line: str, why: str) -> str:
    return f"{line:<33} # guess: {why}"


def _head(path: Path, model: str | None, rows: int) -> list[str]:
    name = path.name.partition(".")[0]
    name = path.resolve().parent.name if set(name) & set("*?[") else name
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "model"
    first = f"model: {word(model)}" if model else _guessed(f"model: {word(slug)}", "from the file's name")
    return [
        f"# Proposed by `rounds init` from {rows:,} rows of {json.dumps(path.name, ensure_ascii=False)}.",
        "# Every line marked `guess` is one: by a column's name and by what it holds. Check each of them,",
        "# mend what is wrong, then run `rounds validate` on this file.",
        first,
        _guessed('version: "1"', "say which version of the model made these predictions"),
        "",
    ]


def _source(
    path: Path, folder: Path | None, missing: Iterable[str], form: tuple[str, str] | None, guesses: Guesses
) -> list[str]:
    kept = Path(os.path.relpath(path, folder)).as_posix() if folder is not None else path.as_posix()
    lines = ["source:", "  kind: files", f"  path: {word(kept):<25} # relative to this file; globs allowed"]
    if missing:
        listed = ", ".join(json.dumps(text) for text in ("", *missing))
        lines.append(_guessed(f"  missing: [{listed}]", "these texts mean missing"))
    if form is not None:
        lines.append(_guessed(f'  time_format: "{form[0]}"', form[1]))
    if guesses.derive:
        lines.append("  derive:")
        for made, (expression, why) in guesses.derive.items():
            lines.append(_guessed(f"    {word(made)}: {json.dumps(expression, ensure_ascii=False)}", why))
    return [*lines, ""]


def _columns(guesses: Guesses) -> list[str]:
    lines = ["columns:"]
    for role, (value, why) in guesses.roles.items():
        shown = "null" if value is None else value if value == THRESHOLD else word(value)
        lines.append(_guessed(f"  {role}: {shown}", why))
    for kind, (names, why) in guesses.features.items():
        if not names:
            lines.append(f"  {kind}: []")
            continue
        lines += [_guessed(f"  {kind}:", why), *(f"    - {word(name)}" for name in names)]
    if guesses.sensitive:
        lines.append(_guessed("  sensitive:", "by their names; add intersections such as [race, sex]"))
        for name, bands in guesses.sensitive:
            shown = f"{{{word(name)}: {list(bands)}}}" if bands else word(name)
            lines.append(_guessed(f"    - {shown}", "bands of a number") if bands else f"    - {shown}")
    else:
        lines.append(
            "  sensitive: []                   # none found by name; without any, no gap is looked for"
        )
    if guesses.out:
        lines += ["", "# Left out, and why:"]
        lines += [f"#   {word(name)}: {why}" for name, why in guesses.out.items()]
    return [*lines, ""]


def _windows(guesses: Guesses, span: tuple[datetime, datetime], rows: int) -> list[str]:
    """Outcome, window and reference; the reference is the first part of the span, on the windows' grid."""
    first, last = span
    days = max((last - first).total_seconds() / 86_400, 1.0)
    filled = [length for length in _LENGTHS if rows / days * _days(length) >= ENOUGH]
    several = [length for length in _LENGTHS if days >= 4 * _days(length)]
    length = filled[0] if filled else _LENGTHS[-1]
    if several and _days(length) > _days(several[-1]):
        length = several[-1]
    elif not several:
        length = _LENGTHS[0]
    each = rows / days * _days(length)
    # Worded, not counted: a small hospital's weekly numbers are people.
    held = (
        f"about {each:,.0f} rows each"
        if each >= ENOUGH
        else f"fewer than {ENOUGH} rows each: little can be told"
    )
    grid = Grid(Length.parse(length), first.date(), ZoneInfo("UTC"))
    windows = grid.index(last) + 1
    part = 3 if rows / 3 >= 5 * ENOUGH and windows >= 6 else 2
    ends = grid.start(max(1, windows // part))
    share = f"the first {'third' if part == 3 else 'half'} of the time there is"
    if windows == 1:
        share = "everything there is: nothing is left to audit before more arrives"
    anchor = f", anchor: {first:%Y-%m-%d}" if _days(length) > 1 else ""
    lines = []
    if (outcome := guesses.roles["outcome"][0]) is not None:
        known = horizon(outcome.lower())
        said = (
            "by its name; is every outcome known by then?" if known else "how long until every one is known?"
        )
        why = f"CHECK: {said} Before that nothing counts as negative"
        lines.append(_guessed(f"outcome: {{matures_after: {known or 'P30D'}}}", why))
    return [
        *lines,
        _guessed(f"window: {{length: {length}{anchor}}}", held),
        _guessed("timezone: UTC", "the hospital's own, such as America/Chicago; days begin at its midnight"),
        '# schedule: "0 6 * * 1"           # when to run, in that time zone: Mondays at six',
        _guessed(f"reference: {{from: {first:%Y-%m-%d}, to: {ends:%Y-%m-%d}}}", share),
        "",
    ]


def _days(length: str) -> int:
    return Length.parse(length).days


def _tail() -> list[str]:
    return [
        "# What is watched, how far it may go and who acts: the shipped defaults, until you say otherwise.",
        "# plan:",
        "#   - {measure: auroc, margin: 0.05, severity: page, owner: clinical-ml, runbook: performance}",
        "",
        "# governance:",
        "#   title:",
        "#   owner: {clinical: , technical: , executive: }",
        "#   intended_use:",
    ]

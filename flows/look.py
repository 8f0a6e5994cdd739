"""Looking: what each column of a file holds, in the facts from which its part can be guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flows.sources.files import Reading

# What people write in a CSV where there is nothing.
NOTHING = ("NA", "N/A", "NULL", "null", "NaN", "nan", "None", "#N/A", "\\N", ".")
YES, NO = ("yes", "y"), ("no", "n")
_DATED = r"^([0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{2,4}|[0-9]{1,2}[- ][A-Za-z]{3}[- ][0-9]{4})([ T]|$)"
_COLUMNS = 40  # looked at in one statement

Kind = Literal["number", "text", "time", "other"]


@dataclass(frozen=True)
class Seen:
    """One column in counts and facts; never a value of a row.

    Attributes:
        kind: numbers written as text are numbers; dates written as text are times.
        rows, present, distinct: rows of the file, those with a value, and different values.
        low, high: extremes of a number, used to tell a share from an age and never written out.
        whole: of a number, whether all are whole.
        inside: how many are numbers in [0, 1].
        binary: 0 and 1 (or true and false) alone; yes_no: yes and no alone.
        length: mean length as text.
    """

    name: str
    kind: Kind
    rows: int
    present: int
    distinct: int
    low: float | None
    high: float | None
    whole: bool
    inside: int
    binary: bool
    yes_no: bool
    length: float

    @property
    def word(self) -> str:
        """Its name in lower case with underscores, so that a pattern matches any spelling.

        >>> Seen("riskScore 30d", "number", 0, 0, 0, None, None, True, 0, False, False, 0).word
        'risk_score_30d'
        """
        split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.name)
        return re.sub(r"[\W_]+", "_", split).strip("_").lower()

    @property
    def unique(self) -> bool:
        """Whether every row has a value of its own."""
        return self.rows == self.present == self.distinct

    @property
    def share(self) -> bool:
        """Whether it holds fractions in [0, 1], as probabilities are, a few stray ones aside."""
        return self.kind == "number" and not self.whole and self.inside >= 0.95 * self.present > 0


def nothing(backend: Any, source: Reading, types: Mapping[str, str]) -> tuple[str, ...]:
    """Which of the usual words for "missing" a CSV writes."""
    texts = [f"trim({quoted(column)})" for column, kind in types.items() if kind == "VARCHAR"]
    if not texts or source.format != "csv":
        return ()
    asked = (f"coalesce(bool_or('{word}' IN ({', '.join(texts)})), false)" for word in NOTHING)
    (row,) = backend.raw_sql(f"SELECT {', '.join(asked)} FROM {source.reader(backend)}").fetchall()  # noqa: S608
    return tuple(word for word, there in zip(NOTHING, row, strict=True) if there)


def hold(backend: Any, source: Reading, types: Mapping[str, str], name: str) -> None:
    """Keep the rows in the engine under a name, dates of text formats as they are written."""
    written = None
    if source.format != "parquet":
        written = {c: "VARCHAR" for c, kind in types.items() if kind.startswith(("DATE", "TIME"))}
        written = {**types, **written} if source.format == "json" and written else written
    storage = "VIEW" if source.format == "parquet" else "TABLE"
    reader = source.reader(backend, written)
    backend.raw_sql(f"CREATE TEMP {storage} {name} AS SELECT * FROM {reader}")  # noqa: S608


def look(backend: Any, table: str, types: Mapping[str, str]) -> Iterator[Seen]:
    """The facts of every column of a held table; `types` are those the format tells."""
    held = {row[0]: row[1] for row in backend.raw_sql(f"DESCRIBE {table}").fetchall()}
    names = list(types)
    for first in range(0, len(names), _COLUMNS):
        some = names[first : first + _COLUMNS]
        asked = [fact for name in some for fact in _facts(name, held[name])]
        (row,) = backend.raw_sql(f"SELECT count(*), {', '.join(asked)} FROM {table}").fetchall()  # noqa: S608
        each = len(asked) // len(some)
        for i, name in enumerate(some):
            counted = row[1 + i * each : 1 + (i + 1) * each]
            present, distinct, low, high, parts, numbers, inside, ones, yes, dated, length = counted
            kind = _kind(types[name], present, numbers, dated)
            yield Seen(
                name, kind, row[0], present, distinct, low, high, not parts, inside,
                0 < present == ones, 0 < present == yes, float(length or 0),
            )  # fmt: skip


def quoted(name: str) -> str:
    """A column's name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def _facts(name: str, kind: str) -> tuple[str, ...]:
    column = quoted(name)
    text = f"nullif(trim(CAST({column} AS VARCHAR)), '')"
    number = "CAST(NULL AS DOUBLE)"
    if kind == "VARCHAR":
        number = f"TRY_CAST({text} AS DOUBLE)"
    elif kind == "BOOLEAN" or _counts(kind):
        number = f"CAST({column} AS DOUBLE)"
    number = f"CASE WHEN abs({number}) < 1e300 THEN {number} END"
    words = ", ".join(f"'{word}'" for word in (*YES, *NO))
    return (
        f"count({text})",
        f"count(DISTINCT {text})",
        f"min({number})",
        f"max({number})",
        f"count_if({number} <> floor({number}))",
        f"count({number})",
        f"count_if({number} BETWEEN 0 AND 1)",
        f"count_if({number} IN (0, 1) OR lower({text}) IN ('true', 'false'))",
        f"count_if(lower({text}) IN ({words}))",
        f"count_if(regexp_matches({text}, '{_DATED}'))",
        f"avg(length({text}))",
    )


def _counts(kind: str) -> bool:
    return kind.endswith(("INT", "INTEGER")) or kind.startswith(("DECIMAL", "DOUBLE", "FLOAT"))


def _kind(plain: str, present: int, numbers: int, dated: int) -> Kind:
    if plain.startswith(("DATE", "TIMESTAMP")) or (plain == "VARCHAR" and 0 < present == dated):
        return "time"
    if plain == "VARCHAR":
        # With a few texts among them (`<5`) they are numbers; what is none is counted apart.
        return "number" if present and numbers >= 0.8 * present else "text"
    return "number" if plain == "BOOLEAN" or _counts(plain) else "other"

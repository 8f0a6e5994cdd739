"""The report model: everything a bias audit says, in the order it is read; HTML and PDF only set it.

What stands here has been through the door of withholding. `SCHEMA` counts its versions; the JSON
Schema is in `docs/report.schema.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import TypeAdapter

from monitors.canonical import canonical, digest

SCHEMA = 1
Row = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table; `kind` says how it is set, `width` is its share of the width."""

    title: str
    kind: Literal["text", "number", "verdict"] = "text"
    width: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table, its first column naming the row. `note` stands under it; `wide` asks for a page turned."""

    id: str
    number: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""
    wide: bool = False
    kind: Literal["table"] = "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A drawing with the one sentence that reads it, and the same for people who cannot see it."""

    id: str
    number: str
    title: str
    reading: str
    alt: str
    svg: str
    kind: Literal["figure"] = "figure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Paragraphs."""

    paragraphs: tuple[str, ...]
    kind: Literal["text"] = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """A list. `ticked` says of each item whether it holds here; empty where that is not asked."""

    items: tuple[str, ...]
    ticked: tuple[bool, ...] = ()
    kind: Literal["points"] = "points"


Block = Table | Figure | Text | Points


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the report with a number of its own ("6", or "B" of the appendices)."""

    number: str
    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionPage:
    """Page 1: what is asked, what was found, what could not be checked, and what may be decided.

    `meaning` says what its words stand for here. Where questions were registered, `verdicts` is of
    them and `besides` of what else shows. `choices` are what the committee may tick; `fingerprint` is the ledger hash, short. Once they
    decided, `decided` says what and on which day, and `chosen` names the choice they made.
    """

    question: str
    answer: tuple[str, ...]
    verdicts: Table
    counts: tuple[tuple[str, int], ...]
    unchecked: tuple[str, ...]
    changed: tuple[str, ...]
    options: Table
    choices: tuple[str, ...]
    fingerprint: str
    meaning: str = ""
    besides: Table | None = None
    decided: str = ""
    chosen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A bias audit as it is handed out.

    Attributes:
        id: of its content; the same counts, plan and edition give the same.
        title, model, version, period: of what and when.
        edition, watermark, status: who may read it, and where it stands.
        generated, head: when it was first made, and the ledger's last entry then.
        control: label and value, for the block that identifies it.
        page: the decision page; sections and appendices follow it.
        audit: the figures by machine, as `rounds run --json` has them.
    """

    schema: int
    id: str
    title: str
    model: str
    version: str
    period: str
    edition: Literal["restricted", "shareable"]
    watermark: str
    status: Literal["draft", "for decision", "decided", "superseded"]
    generated: str
    head: str
    control: tuple[tuple[str, str], ...]
    page: DecisionPage
    sections: tuple[Section, ...]
    appendices: tuple[Section, ...]
    audit: Mapping[str, Any]

    def payload(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    def json(self) -> str:
        """Canonical JSON."""
        return canonical(self.payload())

    @property
    def digest(self) -> str:
        """Of all of it; what a ledger entry and a signature name."""
        return digest(self.payload())

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Report:
        """Back from plain values."""
        return _ADAPTER.validate_python(dict(payload))


_ADAPTER: TypeAdapter[Report] = TypeAdapter(Report)


def schema() -> dict[str, Any]:
    """The JSON Schema of a report."""
    made = _ADAPTER.json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **made,
        "title": f"Bias audit report, version {SCHEMA}",
    }

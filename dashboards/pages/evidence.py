"""The evidence map: what laws, standards and guidance ask, and which of our records speak to it."""

from __future__ import annotations

from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from dashboards.pages.tables import SHEET, Records, sheet
from dashboards.routing import Router
from dashboards.tables import Cell, Table
from dashboards.templating import page
from monitors.governance import evidence, rules

router = Router()


@cache
def _texts() -> dict[str, rules.Text]:
    return rules.texts(rules.shipped())


@router.get("/evidence", include_in_schema=False)
def evidence_page(request: Request) -> HTMLResponse:
    """Every text with what it asks."""
    found = _gathered(request)
    return page(
        "evidence.html",
        now=request.app.state.reading.now(),
        texts=_texts(),
        found=found,
        kinds=evidence.KINDS,
        standing=evidence.standing,
    )


@router.get("/api/evidence.csv", responses=SHEET, tags=["governance"])
def evidence_sheet(request: Request) -> Response:
    """The evidence map, for a spreadsheet."""
    return sheet(_table(request), "rounds-evidence")


@router.get("/api/evidence", tags=["governance"])
def evidence_records(request: Request) -> Records:
    """The evidence map: a row a requirement, with what there is and where."""
    return _table(request).records()


def _gathered(request: Request) -> dict[str, evidence.Found]:
    reading = request.app.state.reading
    return evidence.gathered(evidence.House(reading.ledger, reading.configs, reading.now()))


def _table(request: Request) -> Table:
    found = _gathered(request)
    columns = (
        "text", "version", "status", "jurisdiction", "effective", "checked", "address", "requirement", "asks",
        "mark", "evidence_for", "where", "present",
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for text in _texts().values():
        head: tuple[Any, ...] = tuple(getattr(text, name) for name in columns[:7])
        for asked in text.requirements:
            told = "; ".join(f"{evidence.KINDS[k]}: {found[k].said}" for k in asked.evidence)
            where = "; ".join(dict.fromkeys(found[k].where for k in asked.evidence))
            present = evidence.standing(asked.evidence, found)
            rows.append((*head, asked.id, asked.asks, asked.mark, told or None, where or None, present))
    return Table(columns, tuple(rows))

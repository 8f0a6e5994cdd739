"""The tables of the pages as JSON and, with `.csv` after the name, for a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from dashboards import gaps, tables
from dashboards.board import board, families, kept
from dashboards.changes import changes
from dashboards.graphs import drift_map
from dashboards.opened import ABSENT, Opened, opened
from dashboards.routing import Responses, Router
from dashboards.tables import Cell, Table
from monitors.acting import held
from monitors.restated import restated
from monitors.review import month_of, review
from monitors.worst import worst_first

Records = list[dict[str, Cell]]
SHEET: Responses = {
    200: {
        "description": "The same rows for a spreadsheet.",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}
router = Router("/api", tags=["tables"])
Name = Literal["windows", "findings", "groups", "drift", "curves", "changes", "restated"]
Model = Annotated[str, Field(description="The model's name.")]
Window = Annotated[str, Field(description="Its first day, or start/end; the last if not given.")]
Metric = Annotated[str, Field(description="Of findings and groups: a metric's name.")]
Attribute = Annotated[str, Field(description="Of groups and curves: what people are grouped by.")]


class Sheet(Response):
    """A table for a spreadsheet, offered as a file."""

    media_type = "text/csv; charset=utf-8; header=present"


def sheet(table: Table, name: str) -> Response:
    """The table as a file of that name, in plain letters."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)
    return Sheet(table.csv(), headers={"Content-Disposition": f'attachment; filename="{plain}.csv"'})


def _windows(request: Request, at: Opened, metric: str, attribute: str) -> Table:
    reading, model = request.app.state.reading, at.audit.model
    listed = reading.listed(model)
    return tables.windows(listed, reading.turns(model, [each.outline for each in listed]))


def _findings(request: Request, at: Opened, metric: str, attribute: str) -> Table:
    held = (f for f in at.audit.findings if metric in ("", f.metric) and attribute in ("", f.subject))
    return tables.findings(worst_first(held))


def _groups(request: Request, at: Opened, metric: str, attribute: str) -> Table:
    measures = gaps.gap_measures(at.audit)
    chosen = metric or (measures[0][0] if measures else "")
    return tables.findings(gaps.of_groups(at.audit, chosen, attribute))


def _curves(request: Request, at: Opened, metric: str, attribute: str) -> Table:
    return tables.curves(request.app.state.reading.counts.by_group(at.shown, attribute))


def _drift(request: Request, at: Opened, metric: str, attribute: str) -> Table:
    return tables.drift(drift_map(at.audits, at.audit, everything=True))


def _changes(request: Request, at: Opened, metric: str, attribute: str) -> Table:
    before = at.audits[at.place - 1] if at.place else None
    columns = ("change", "metric", "subject", "group", "was", "is")
    rows = tuple((c.what, c.metric, c.subject, c.group, c.was, c.now) for c in changes(before, at.audit))
    return Table(columns, rows)


def _restated(request: Request, at: Opened, metric: str, attribute: str) -> Table:
    earlier = request.app.state.reading.superseded(at.shown)
    columns = ("metric", "subject", "group", "was", "is", "value_was", "value_is", "unit")
    told = restated(earlier, at.audit) if earlier else ()
    rows = (
        (c.now.metric, c.now.subject, c.now.group, str(c.was.verdict), str(c.now.verdict), c.was.value,
         c.now.value, c.now.unit)
        for c in told
    )  # fmt: skip
    return Table(columns, tuple(rows))


MADE: dict[str, Callable[[Request, Opened, str, str], Table]] = {
    "windows": _windows,
    "findings": _findings,
    "groups": _groups,
    "drift": _drift,
    "curves": _curves,
    "changes": _changes,
    "restated": _restated,
}


@router.get("/models.csv", responses=SHEET)
def fleet_sheet(
    request: Request, q: str = "", verdict: str = "", tier: str = "", site: str = "", owner: str = ""
) -> Response:
    """The ward board as it is filtered, for a spreadsheet."""
    rows = board(request.app.state.reading)
    shown = kept(rows, q=q, state=verdict, tier=tier, site=site, owner=owner)
    return sheet(tables.fleet(shown, families(rows)), "rounds-models")


@router.get("/models/{model}/features/{column}.csv", responses={**SHEET, **ABSENT})
def feature_sheet(request: Request, model: Model, column: str, window: Window = "") -> Response:
    """One column's distribution beside the reference's, for a spreadsheet."""
    at = opened(request.app.state.reading, model, window)
    shown = request.app.state.reading.counts.overlaid(at.shown, column)
    return sheet(tables.distribution(shown), f"{model}-{column}")


@router.get("/models/{model}/features/{column}", responses=ABSENT)
def feature(request: Request, model: Model, column: str, window: Window = "") -> Records:
    """One column's distribution beside the reference's: shares of all rows, to two digits; [] if withheld."""
    at = opened(request.app.state.reading, model, window)
    return tables.distribution(request.app.state.reading.counts.overlaid(at.shown, column)).records()


@router.get("/alerts.csv", responses=SHEET)
def alerts_sheet(request: Request) -> Response:
    """Every alert and who answered it, for a spreadsheet."""
    return sheet(_alerts(request), "rounds-alerts")


@router.get("/alerts")
def alerts(request: Request) -> Records:
    """Every alert: open, acknowledged, silenced, and those that are over."""
    return _alerts(request).records()


@router.get("/review.csv", responses={**SHEET, **ABSENT})
def review_sheet(request: Request, month: str = "") -> Response:
    """A month of alerts by rule, for a spreadsheet."""
    return sheet(_review(request, month), "rounds-review")


@router.get("/review", responses=ABSENT)
def month_review(request: Request, month: str = "") -> Records:
    """A month of alerts by rule, `YYYY-MM`; this month if not given."""
    return _review(request, month).records()


@router.get("/models/{model}/{table}.csv", responses={**SHEET, **ABSENT})
def model_sheet(
    request: Request,
    model: Model,
    table: Name,
    window: Window = "",
    metric: Metric = "",
    attribute: Attribute = "",
) -> Response:
    """A table of one model's window, for a spreadsheet."""
    at = opened(request.app.state.reading, model, window)
    return sheet(MADE[table](request, at, metric, attribute), f"{model}-{table}")


@router.get("/models/{model}/{table}", responses=ABSENT)
def model_table(
    request: Request,
    model: Model,
    table: Name,
    window: Window = "",
    metric: Metric = "",
    attribute: Attribute = "",
) -> Records:
    """A table of one model's window: its windows, findings, groups, drift map, curves, or what changed."""
    at = opened(request.app.state.reading, model, window)
    return MADE[table](request, at, metric, attribute).records()


def _alerts(request: Request) -> Table:
    reading = request.app.state.reading
    return tables.alerts(held(reading.ledger, reading.now()))


def _review(request: Request, month: str) -> Table:
    reading = request.app.state.reading
    try:
        start, end = month_of(month or f"{reading.now():%Y-%m}")
    except ValueError as error:
        raise HTTPException(404, f"The month {error}") from None
    return tables.reviewed(review(held(reading.ledger, reading.now()), start, end))

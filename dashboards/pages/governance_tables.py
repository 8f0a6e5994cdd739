"""The tables of the governance pages as JSON and, with `.csv` after the name, for a spreadsheet."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from dashboards import sheets
from dashboards.pages.tables import SHEET, Records, sheet
from dashboards.routing import Router
from dashboards.tables import Table
from monitors.governance.matters import matters
from monitors.governance.tools import sightings, tools

router = Router("/api", tags=["governance"])


@router.get("/decisions.csv", responses=SHEET)
def decisions_sheet(request: Request) -> Response:
    """Every matter before the committee, for a spreadsheet."""
    return sheet(_decisions(request), "rounds-decisions")


@router.get("/decisions")
def decisions(request: Request) -> Records:
    """Every matter before the committee, and how it stands."""
    return _decisions(request).records()


@router.get("/actions.csv", responses=SHEET)
def actions_sheet(request: Request) -> Response:
    """Every action that was agreed on, for a spreadsheet."""
    return sheet(_actions(request), "rounds-actions")


@router.get("/actions")
def actions(request: Request) -> Records:
    """Every action that was agreed on, the longest overdue first."""
    return _actions(request).records()


@router.get("/inventory.csv", responses=SHEET)
def inventory_sheet(request: Request) -> Response:
    """Every tool that is known of, for a spreadsheet."""
    return sheet(_inventory(request), "rounds-inventory")


@router.get("/inventory")
def inventory(request: Request) -> Records:
    """Every tool that is known of, with every fact as it stands."""
    return _inventory(request).records()


@router.get("/sightings.csv", responses=SHEET)
def sightings_sheet(request: Request) -> Response:
    """Every tool that was seen in use, for a spreadsheet."""
    return sheet(_sightings(request), "rounds-sightings")


@router.get("/sightings")
def all_sightings(request: Request) -> Records:
    """Every tool that was seen in use, newest first, and what somebody said it is."""
    return _sightings(request).records()


def _inventory(request: Request) -> Table:
    reading = request.app.state.reading
    return sheets.tool_rows(tools(reading.ledger, reading.configs).values(), reading.now())


def _sightings(request: Request) -> Table:
    reading = request.app.state.reading
    return sheets.seen_rows(sightings(reading.ledger, tools(reading.ledger, reading.configs)))


def _decisions(request: Request) -> Table:
    reading = request.app.state.reading
    return sheets.decided(matters(reading.ledger), reading.now())


def _actions(request: Request) -> Table:
    reading = request.app.state.reading
    return sheets.owed(matters(reading.ledger), reading.now())

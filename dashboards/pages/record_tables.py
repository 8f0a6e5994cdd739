"""Reports, votes and what readers found, as JSON and, with `.csv` after the name, for a spreadsheet."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from dashboards import sheets
from dashboards.opened import ABSENT
from dashboards.pages.reports import readable
from dashboards.pages.tables import SHEET, Records, sheet
from dashboards.routing import Router
from dashboards.tables import Table
from monitors.governance.matters import REPORT, matters
from monitors.raters.form import readings
from monitors.raters.queue import queues as drawn
from monitors.raters.reviewed import looked_at

router = Router("/api", tags=["governance"])


@router.get("/reports.csv", responses=SHEET)
def reports_sheet(request: Request) -> Response:
    """Every report that the reader may open, for a spreadsheet."""
    return sheet(_reports(request), "rounds-reports")


@router.get("/reports")
def reports(request: Request) -> Records:
    """Every report that the reader may open, newest first, and how it stands."""
    return _reports(request).records()


@router.get("/votes.csv", responses=SHEET)
def votes_sheet(request: Request) -> Response:
    """Every vote before the committee, for a spreadsheet."""
    return sheet(_votes(request), "rounds-votes")


@router.get("/votes")
def votes(request: Request) -> Records:
    """Every vote before the committee, with its role, conflicts of interest and words."""
    return _votes(request).records()


@router.get("/queues.csv", responses=SHEET)
def queues_sheet(request: Request) -> Response:
    """Every review queue, for a spreadsheet."""
    return sheet(_queues(request), "rounds-queues")


@router.get("/queues")
def queues(request: Request) -> Records:
    """Every review queue, the latest first, and how much of it is read."""
    return _queues(request).records()


@router.get("/queues/{queue}.csv", responses={**SHEET, **ABSENT})
def queue_sheet(request: Request, queue: str) -> Response:
    """What readers of a queue found, for a spreadsheet."""
    return sheet(_found(request, queue), f"rounds-{queue}")


@router.get("/queues/{queue}", responses=ABSENT)
def queue_found(request: Request, queue: str) -> Records:
    """What readers of a queue found: shares with their intervals, none where they would tell of a handful."""
    return _found(request, queue).records()


def _reports(request: Request) -> Table:
    reading = request.app.state.reading
    held = [e for e in reading.ledger.entries(REPORT, bodies=False) if readable(e)]
    return sheets.issued(held, matters(reading.ledger), reading.now())


def _votes(request: Request) -> Table:
    return sheets.voted(matters(request.app.state.reading.ledger))


def _queues(request: Request) -> Table:
    ledger = request.app.state.reading.ledger
    return sheets.drawn((queue, readings(ledger, queue)) for queue in reversed(drawn(ledger)))


def _found(request: Request, key: str) -> Table:
    ledger = request.app.state.reading.ledger
    queue = next((queue for queue in drawn(ledger) if queue.key == key), None)
    if queue is None:
        raise HTTPException(404, "There is no such review queue.")
    return sheets.found(looked_at(ledger, queue))

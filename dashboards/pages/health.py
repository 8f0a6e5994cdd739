"""Rounds' own health: for containers a word, for people what it owes and whom it has not heard."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from dashboards import tables
from dashboards.board import Row, board
from dashboards.pages.tables import SHEET, sheet
from dashboards.reading import Reading
from dashboards.routing import Router
from dashboards.templating import page
from monitors.version import SOFTWARE
from monitors.window import utc

router = Router()


@router.get("/healthz", include_in_schema=False)
def healthz(request: Request) -> JSONResponse:
    """200 with the hash of the ledger's last entry, or 503."""
    try:
        return JSONResponse({"status": "ok", "head": request.app.state.reading.ledger.head()})
    except Exception:  # noqa: BLE001  any failure to read is the answer
        return JSONResponse({"status": "the ledger cannot be read"}, 503)


@router.get("/health", include_in_schema=False)
def health(request: Request) -> HTMLResponse:
    """What Rounds owes, and which models it has not heard."""
    reading = request.app.state.reading
    rows = board(reading)
    kept = reading.retained()
    return page("health.html", now=reading.now(), rows=rows, kept=kept, **owed(reading, rows))


@router.get("/api/health", tags=["tables"])
def api_health(request: Request) -> dict[str, Any]:
    """The same as JSON: counts, the ledger's head, and when each model was last audited."""
    reading = request.app.state.reading
    rows = board(reading)
    return {**owed(reading, rows), "retention": _retention(reading), "models": tables.heard(rows).records()}


@router.get("/api/health.csv", tags=["tables"], responses=SHEET)
def health_sheet(request: Request) -> Response:
    """When each model was last heard, for a spreadsheet."""
    return sheet(tables.heard(board(request.app.state.reading)), "rounds-health")


def owed(reading: Reading, rows: list[Row]) -> dict[str, Any]:
    """Counts that ought to be none, and what the ledger ends with."""
    return {
        "software": SOFTWARE,
        "head": reading.ledger.head(),
        "silent": sum(row.freshness.loud for row in rows),
        **reading.owed(),
    }


def _retention(reading: Reading) -> dict[str, Any] | None:
    """When retention was last done and what it let go; None where it never was."""
    done = reading.retained()
    return {"at": utc(done.at), "bodies": done.bodies, "bytes": done.bytes} if done else None

"""The fleet: the ward board, a row per model, worst first."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from dashboards.board import TIERS, Row, board, families, kept
from dashboards.charts.sparkline import sparkline
from dashboards.figures import counted
from dashboards.graphs import allowed
from dashboards.names import title
from dashboards.templating import page
from monitors.audit import WORST_FIRST

router = APIRouter(include_in_schema=False)
STATES = ("silent", *map(str, WORST_FIRST))


@router.get("/")
def fleet(request: Request, q: str = "", verdict: str = "", tier: str = "", owner: str = "") -> HTMLResponse:
    """Works without JavaScript; with it, typing asks for the same page and swaps the board in."""
    reading = request.app.state.reading
    rows = board(reading)
    shown = kept(rows, q=q, state=verdict, tier=tier, owner=owner)
    chosen = {"q": q, "verdict": verdict, "tier": tier, "owner": owner}
    asked = urlencode({key: value for key, value in chosen.items() if value})
    answer = page(
        "fleet.html",
        asked=asked,
        now=reading.now(),
        rows=shown,
        total=len(rows),
        families=families(rows),
        counts=tally(rows),
        chosen=chosen,
        states=STATES,
        tiers=TIERS,
        spark=spark,
        owners=sorted({row.owner for row in rows if row.owner}),
    )
    answer.headers["HX-Replace-Url"] = f"/?{asked}" if asked else "/"
    return answer


def spark(row: Row) -> Markup:
    """The worst finding over the last windows, with its margin where that is a distance from zero."""
    held = row.glance
    if held is None or held.worst is None or not any(value is not None for value in held.series):
        return Markup("")
    worst = held.worst
    band, target = allowed(worst)
    upward = (worst.value or 0.0) >= (target or 0.0)
    limit = (band[1] if upward else band[0]) if band else None
    said = f"{title(worst)} over {counted(len(held.series), 'window')}"
    return sparkline(held.series, title=said, margin=limit, verdict=worst.verdict)


def tally(rows: list[Row]) -> list[tuple[str, int]]:
    """How many models are in each state, silence first; states nobody is in are left out."""
    states = [row.state for row in rows]
    return [(state, states.count(state)) for state in STATES if state in states]

"""The fleet: the ward board, a row per model, worst first."""

from __future__ import annotations

import gzip
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from dashboards.board import TIERS, Row, board, families, kept, sites
from dashboards.charts.sparkline import sparkline
from dashboards.graphs import allowed
from dashboards.identity import CURRENT
from dashboards.reading import Reading
from dashboards.routing import Router
from dashboards.templating import packed
from monitors.audit import WORST_FIRST
from monitors.words.figures import counted
from monitors.words.names import title

router = Router(include_in_schema=False)
HELD = 8  # boards kept in memory, compressed
CHOICES = 200  # sites to choose from; any other is found by typing its name
STATES = ("silent", *map(str, WORST_FIRST))


@router.get("/")
def fleet(
    request: Request, q: str = "", verdict: str = "", tier: str = "", site: str = "", owner: str = ""
) -> HTMLResponse:
    """Works without JavaScript; with it, typing asks for the same page and swaps the board in."""
    reading = request.app.state.reading
    chosen = {"q": q, "verdict": verdict, "tier": tier, "site": site, "owner": owner}
    asked = urlencode({key: value for key, value in chosen.items() if value})
    # Five hundred rows take a tenth of a second to write; within a minute they are the same rows.
    held = request.app.state.boards
    place = (reading.ledger.head(), f"{reading.now():%Y-%m-%d %H:%M}", asked, CURRENT.get())
    page = held.get(place)
    if page is None:
        while len(held) >= HELD:
            held.pop(next(iter(held), None), None)
        page = held[place] = _written(reading, chosen, asked)
    answer = _unpacked(request, page)
    answer.headers["HX-Replace-Url"] = f"/?{asked}" if asked else "/"
    return answer


def _unpacked(request: Request, page: bytes) -> HTMLResponse:
    """As it is kept, a sixtieth of its length, for whoever can read that; every browser can."""
    if "gzip" in request.headers.get("accept-encoding", ""):
        return HTMLResponse(page, headers={"Content-Encoding": "gzip", "Vary": "Accept-Encoding"})
    return HTMLResponse(gzip.decompress(page))


def _written(reading: Reading, chosen: dict[str, str], asked: str) -> bytes:
    rows = board(reading)
    picked = {"state" if name == "verdict" else name: value for name, value in chosen.items()}
    shown = kept(rows, **picked)
    known = sites(rows)
    return packed(
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
        sites=sorted(known[:CHOICES]),
        more_sites=max(0, len(known) - CHOICES),
        owners=sorted({row.owner for row in rows if row.owner}),
    )


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

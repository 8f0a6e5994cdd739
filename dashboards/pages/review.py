"""Review: the outputs people are to read, the form for one, and what was found so far."""

from __future__ import annotations

from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboards import forms, reviews, security
from dashboards.identity import allow
from dashboards.routing import Router
from dashboards.templating import page
from monitors.acting import NotAccepted
from monitors.raters import form as asked
from monitors.raters.queue import Queue, queues
from monitors.raters.reviewed import looked_at
from monitors.window import Window

router = Router(include_in_schema=False)


@router.get("/review")
def review(request: Request, queue: str = "", output: str = "") -> HTMLResponse:
    """Every queue; with `?queue=`, one queue, its form and its figures."""
    return _page(request, queue, output)


@router.post("/review")
async def read(request: Request) -> Response:
    """Keep what somebody said of an output; then back to the queue for the next."""
    given = await forms.read(request)
    signed_in = allow(request, "read")
    queue, output = given.get("queue", ""), given.get("output", "")
    try:
        by = signed_in or given.get("by", "")
        asked.keep(request.app.state.reading.ledger, queue, [("", given | {"by": by})])
    except NotAccepted as error:
        return _page(request, queue, output, refused=str(error))
    return RedirectResponse(f"/review?queue={quote(queue, safe='')}", 303)


def _page(request: Request, key: str, output: str, refused: str = "") -> HTMLResponse:
    reading = request.app.state.reading
    found = queues(reading.ledger)
    chosen = next((queue for queue in found if queue.key == key), None)
    if key and chosen is None and not refused:
        raise HTTPException(404, "There is no such review queue.")
    cookie = request.cookies.get(security.COOKIE) or security.fresh()
    told = _readings(request, chosen) if chosen else []
    counts = {
        name: len({r.by for r in told if r.output == name}) for name in (chosen.outputs if chosen else ())
    }
    made = page(
        "review.html",
        422 if refused else 200,
        now=reading.now(),
        queues=[(queue, len({r.output for r in _readings(request, queue)})) for queue in reversed(found)],
        chosen=chosen,
        # Those nobody has read come first, then those one person has: two readings tell agreement.
        waiting=sorted(counts, key=lambda name: counts[name]),
        times=counts,
        output=output if output in counts else "",
        found=looked_at(reading.ledger, chosen) if chosen else None,
        asked=asked,
        reviews=reviews,
        window=Window.parse,
        token=security.signed(cookie),
        refused=refused,
    )
    forms.keep(request, made, cookie)
    return made


def _readings(request: Request, queue: Queue) -> list[asked.Reading]:
    return asked.readings(request.app.state.reading.ledger, queue)

"""The inventory: every AI tool that is known of, what was only seen in use, and a form to say so."""

from __future__ import annotations

from datetime import date
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboards import forms, security
from dashboards.identity import allow
from dashboards.routing import Router
from dashboards.templating import page
from monitors.acting import NotAccepted
from monitors.governance import inventory as acts
from monitors.governance import tools as known
from monitors.governance.gates import USED, gates
from monitors.governance.tools import FACTS
from monitors.governance.value import record as worth
from monitors.governance.value import slots

router = Router(include_in_schema=False)
ACTIONS = ("report_use", "settle", "record", "move", "value")
SHOWN = 50  # sightings; a page has an end
REPORTED = ("vendor", "function", "purpose", "data")  # asked of somebody who reports a tool


@router.get("/inventory")
def inventory(request: Request, tool: str = "") -> HTMLResponse:
    """Every tool; with `?tool=`, one whole, with its gates."""
    return _page(request, tool)


@router.post("/inventory")
async def answer(request: Request) -> Response:
    """Report a tool in use, settle a sighting, record facts, or move a tool on; then back to the page."""
    given = await forms.read(request)
    signed_in = allow(request, given.get("action", ""))
    reading = request.app.state.reading
    ledger, configs, tool = reading.ledger, reading.configs, given.get("tool", "")
    by, reason = signed_in or given.get("by", ""), given.get("reason", "")
    facts = {name: given[name] for name in FACTS if given.get(name, "").strip()}
    to = f"/inventory?tool={quote(tool, safe='')}" if tool else "/inventory"
    try:
        match given.get("action"):
            case "report_use":
                acts.report(ledger, given.get("name", ""), facts, by)
                to = "/inventory#seen"
            case "settle":
                outcome, key = given.get("outcome", ""), given.get("key", "")
                acts.settle(ledger, configs, key, outcome, by, reason, given.get("as") or None)
                to = "/inventory#seen"
            case "record":
                acts.record(ledger, tool, facts, by)
            case "move":
                despite = given.get("despite") == "yes"
                acts.move(ledger, configs, tool, given.get("to", ""), by, reason, reading.now(), despite)
            case "value":
                said = {n: given.get(n, "") for n in ("baseline", "measured", "claimed", "method")}
                on = _day(given["on"]) if given.get("on") else None
                worth(ledger, tool, given.get("aim", ""), given.get("measure", ""), by, **said, on=on)
            case _:
                raise NotAccepted(f"say what to do: {', '.join(ACTIONS)}")
    except NotAccepted as error:
        return _page(request, tool, refused=str(error))
    return RedirectResponse(to, 303)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotAccepted("say which day, such as 2026-03-04") from None


def _page(request: Request, name: str, refused: str = "") -> HTMLResponse:
    reading = request.app.state.reading
    found = known.tools(reading.ledger, reading.configs)
    chosen = found.get(name)
    if name and chosen is None and not refused:
        raise HTTPException(404, "There is no such tool.")
    now = reading.now()
    seen = known.sightings(reading.ledger, found)
    waiting = [s for s in reversed(seen) if s.open]
    cookie = request.cookies.get(security.COOKIE) or security.fresh()
    made = page(
        "inventory.html",
        422 if refused else 200,
        now=now,
        tools=list(found.values()),
        chosen=chosen,
        value=slots(reading.ledger, chosen.name) if chosen else {},
        gates={to: gates(chosen, to, reading.ledger, now) for to in USED} if chosen else {},
        facts=FACTS,
        reported=REPORTED,
        known=known,
        alike=known.alike(found.values()),
        waiting=waiting[:SHOWN],
        many=len(waiting),
        token=security.signed(cookie),
        refused=refused,
    )
    forms.keep(request, made, cookie)
    return made

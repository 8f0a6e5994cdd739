"""Decisions: what lies before the committee, who voted how, what was decided, and what is owed."""

from __future__ import annotations

from datetime import date
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboards import forms, security, standing
from dashboards.identity import allow
from dashboards.routing import Router
from dashboards.templating import page
from monitors.acting import NotAccepted
from monitors.governance import deciding, matters

router = Router(include_in_schema=False)
ACTIONS = ("bring", "sign", "decide", "owe", "close")
SHOWN = 50  # decided ones; a page has an end


@router.get("/decisions")
def decisions(request: Request, matter: str = "") -> HTMLResponse:
    """What is open and owed; with `?matter=`, one matter whole and its forms."""
    return _page(request, matter)


@router.post("/decisions")
async def answer(request: Request) -> Response:
    """Bring, vote, decide, agree on an action or close one; then back to the page."""
    given = await forms.read(request)
    signed_in = allow(request, given.get("action", ""))
    ledger, key = request.app.state.reading.ledger, given.get("matter", "")
    said = {name: given.get(name, "") for name in _FIELDS} | ({"by": signed_in} if signed_in else {})
    try:
        match given.get("action"):
            case "bring":
                key = deciding.bring(ledger, given.get("model", ""), said["question"], said["by"]).key
            case "sign":
                deciding.sign(
                    ledger, key, said["by"], said["role"], said["vote"], said["conflict"], said["comment"]
                )
            case "decide":
                conditions = said["conditions"].splitlines()
                day = _day(said["recheck"]) if said["recheck"] else None
                deciding.decide(
                    ledger, key, said["decision"], said["reason"], said["by"], said["role"], conditions, day
                )
            case "owe":
                deciding.owe(ledger, key, said["what"], said["owner"], _day(said["due"]), said["check"])
            case "close":
                deciding.close(ledger, given.get("key", ""), said["by"], said["outcome"], said["worked"])
            case _:
                raise NotAccepted(f"say what to do: {', '.join(ACTIONS)}")
    except NotAccepted as error:
        return _page(request, key, refused=str(error))
    return RedirectResponse(f"/decisions?matter={quote(key, safe='')}", 303)


_FIELDS = (
    "by", "role", "vote", "conflict", "comment", "question", "decision", "reason", "conditions", "recheck",
    "what", "owner", "due", "check", "outcome", "worked",
)  # fmt: skip


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotAccepted("say which day, such as 2026-03-04") from None


def _page(request: Request, key: str, refused: str = "") -> HTMLResponse:
    reading = request.app.state.reading
    found = matters.matters(reading.ledger)
    chosen = next((matter for matter in found if matter.key == key), None)
    if key and chosen is None and not refused:
        raise HTTPException(404, "There is no such matter.")
    cookie = request.cookies.get(security.COOKIE) or security.fresh()
    shown = [chosen] if chosen else found
    made = page(
        "decisions.html",
        422 if refused else 200,
        now=reading.now(),
        chosen=chosen,
        open=sorted((m for m in shown if m.open), key=lambda m: m.seq),
        decided=[m for m in shown if not m.open][:SHOWN],
        owed=[a for a in matters.actions(shown) if chosen or a.closed_at is None],
        standing=standing,
        known=matters,
        models=sorted({*reading.ledger.models(), *reading.configs}),
        token=security.signed(cookie),
        refused=refused,
    )
    forms.keep(request, made, cookie)
    return made

"""Alerts: which are open, who has them, and how a month of them went; people answer them here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboards import forms, security
from dashboards.identity import allow
from dashboards.routing import Router
from dashboards.templating import page
from monitors import acting
from monitors.acting import LONGEST_SILENCE, Held, NotAccepted, acknowledge, held, not_useful, silence
from monitors.review import month_of, review
from monitors.window import moment
from monitors.words.names import SEVERITIES

router = Router(include_in_schema=False)
STATES = ("open", "acknowledged", "silenced", "history")
SHOWN = 50  # of a state; a page has an end
ACTIONS = ("acknowledge", "silence", "not_useful", "plan")


@router.get("/alerts")
def alerts(request: Request, key: str = "", month: str = "") -> HTMLResponse:
    """All alerts by state; with `?key=`, one alone; with `?month=`, that month's review."""
    return _page(request, key, month)


@router.post("/alerts")
async def answer(request: Request) -> Response:
    """Acknowledge, silence or call useless; then back to the page. Refused without our own form's token."""
    given = await forms.read(request)
    signed_in = allow(request, given.get("action", ""))
    reading, key = request.app.state.reading, given.get("key", "")
    by, reason, now = signed_in or given.get("by", ""), given.get("reason", ""), reading.now()
    try:
        match given.get("action"):
            case "acknowledge":
                acknowledge(reading.ledger, key, by, reason, now)
            case "not_useful":
                not_useful(reading.ledger, key, by, reason, now)
            case "silence":
                silence(reading.ledger, key, by, reason, now + _days(given.get("days", "1")), now)
            case "plan":
                start = _start(given.get("start", ""))
                silence(reading.ledger, key, by, reason, start + _days(given.get("days", "1")), now, start)
                return RedirectResponse("/alerts#planned", 303)
            case _:
                raise NotAccepted(f"say what to do: {', '.join(ACTIONS)}")
    except NotAccepted as error:
        return _page(request, key, "", refused=str(error))
    return RedirectResponse(f"/alerts?key={quote(key, safe='')}", 303)


def _days(text: str) -> timedelta:
    if text not in map(str, range(1, LONGEST_SILENCE.days + 1)):
        raise NotAccepted(f"a silence lasts 1 to {LONGEST_SILENCE.days} days")
    return timedelta(days=int(text))


def _start(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
    except ValueError:
        raise NotAccepted("say when the change begins, in UTC, such as 2026-03-04T22:00") from None


def _page(request: Request, key: str, month: str, refused: str = "") -> HTMLResponse:
    reading = request.app.state.reading
    now = reading.now()
    found = held(reading.ledger, now)
    chosen = [alert for alert in found if alert.key == key]
    if key and not chosen and not refused:
        raise HTTPException(404, "There is no such alert.")
    asked = month or f"{now:%Y-%m}"
    try:
        start, end = month_of(asked)
    except ValueError as error:
        raise HTTPException(404, f"The month {error}") from None
    shown = chosen or found
    cookie = request.cookies.get(security.COOKIE) or security.fresh()
    made = page(
        "alerts.html",
        422 if refused else 200,
        now=now,
        chosen=bool(chosen),
        by_state=[(state, _of(shown, state)[:SHOWN], len(_of(shown, state))) for state in STATES],
        lines=[] if chosen else review(found, start, end),
        month=asked,
        token=security.signed(cookie),
        refused=refused,
        days=range(1, LONGEST_SILENCE.days + 1),
        quiet=[] if chosen else [q for q in acting.quiet(reading.ledger) if not q.over(now)],
        models=reading.ledger.models(),
        next_heard=next_heard,
    )
    forms.keep(request, made, cookie)
    return made


def next_heard(alert: Held) -> datetime | None:
    """From when somebody else hears of it, if nobody answers; None where nobody does."""
    said = alert.notice.annotations
    try:
        return moment(said.get("escalates_at", "")) if said.get("escalates_to") else None
    except ValueError:  # "never"
        return None


def _of(found: list[Held], state: str) -> list[Held]:
    """Those in a state; of those still to be answered, what cannot wait stands first."""
    those = [alert for alert in found if alert.state == state]
    return those if state == "history" else sorted(those, key=lambda alert: _urgency(alert.notice.severity))


def _urgency(severity: str) -> int:
    known = list(SEVERITIES)
    return known.index(severity) if severity in known else len(known)

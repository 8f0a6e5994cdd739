"""Signing in and out: with a token, or by the hospital's own sign-on."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboards import forms, security
from dashboards.entry import Entry
from dashboards.identity import Identity
from dashboards.oidc import NotSignedIn
from dashboards.routing import Router
from dashboards.sessions import COOKIE
from dashboards.templating import page
from monitors.errors import SourceUnavailable

router = Router(include_in_schema=False)
TRY = "rounds_try"  # the cookie of one browser's way to the sign-on and back


@router.get("/sign-in")
def sign_in(request: Request, to: str = "/") -> HTMLResponse:
    """The ways there are."""
    return _page(request, to)


@router.post("/sign-in")
async def with_token(request: Request) -> Response:
    """By token: a new session, whatever the browser brought, and on to where it wanted."""
    entry, given = _entry(request), await forms.read(request)
    who = entry.tokens.who(given.get("secret", "").strip())
    if who is None:
        return _page(request, given.get("to", "/"), refused="Nobody holds this token.")
    return _inside(request, entry, who, given.get("to", "/"))


@router.get("/sign-in/start")
async def start(request: Request, to: str = "/") -> Response:
    """To the hospital's own sign-on."""
    entry = _entry(request)
    if entry.issuer is None:
        raise HTTPException(404, "No sign-on is set up here.")
    try:
        url, asked = await run_in_threadpool(entry.issuer.ask, home(to))
    except SourceUnavailable as error:
        return _page(request, to, refused=str(error))
    answer = RedirectResponse(url, 303)
    answer.set_cookie(
        TRY,
        entry.tries.open(asked),
        max_age=600,
        path="/sign-in",
        secure=entry.ways.secure,
        httponly=True,
        samesite="lax",  # the sign-on sends the browser back from another site
    )
    return answer


@router.get("/sign-in/back")
async def back(request: Request, state: str = "", code: str = "") -> Response:
    """Back from it. Each try counts once."""
    entry = _entry(request)
    asked = entry.tries.close(request.cookies.get(TRY, ""))
    if entry.issuer is None or asked is None:
        return _page(request, "/", refused="This sign-in was not begun here, or took too long. Try again.")
    try:
        who = await run_in_threadpool(entry.issuer.identity, asked, state, code)
    except (NotSignedIn, SourceUnavailable) as error:
        return _page(request, asked.to, refused=str(error))
    answer = _inside(request, entry, who, asked.to)
    answer.delete_cookie(TRY, path="/sign-in")
    return answer


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """Forget this browser."""
    entry = _entry(request)
    await forms.read(request)
    entry.sessions.close(request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE, path="/")
    return answer


def home(to: str) -> str:
    r"""Where to go after: a path of ours, never another site.

    >>> home("/models/a?window=b"), home("//evil.example"), home("https://evil.example/x"), home("/\\evil")
    ('/models/a?window=b', '/', '/', '/')
    """
    parts = urlsplit(to)
    strange = parts.scheme or parts.netloc or "\\" in to or any(ord(letter) < 32 for letter in to)
    return to if to.startswith("/") and not to.startswith("//") and not strange else "/"


def _entry(request: Request) -> Entry:
    entry = getattr(request.app.state, "entry", None)
    if entry is None:
        raise HTTPException(404, "Nobody has to sign in here.")
    assert isinstance(entry, Entry)  # noqa: S101  it is set in one place
    return entry


def _inside(request: Request, entry: Entry, who: Identity, to: str) -> Response:
    entry.sessions.close(request.cookies.get(COOKIE, ""))
    answer = RedirectResponse(home(to), 303)
    answer.set_cookie(
        COOKIE, entry.sessions.open(who), path="/", httponly=True, samesite="lax", secure=entry.ways.secure
    )
    return answer


def _page(request: Request, to: str, refused: str = "") -> HTMLResponse:
    entry = _entry(request)
    cookie = request.cookies.get(security.COOKIE) or security.fresh()
    made = page(
        "sign_in.html",
        401 if refused else 200,
        now=request.app.state.reading.now(),
        to=home(to),
        refused=refused,
        by_token=bool(entry.tokens.held),
        by_sign_on=entry.issuer is not None,
        token=security.signed(cookie),
    )
    forms.keep(request, made, cookie)
    return made

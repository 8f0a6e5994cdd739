"""The door: nothing but health, styles and the sign-in itself is answered to somebody unknown."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote

from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboards.identity import CURRENT, Identity
from dashboards.sessions import COOKIE, Sessions
from dashboards.sign_in import SignIn, Tokens

OPEN = ("/healthz", "/sign-in", "/sign-in/start", "/sign-in/back")


class Door:
    """Middleware that says who is asking, and stops whoever nobody knows."""

    def __init__(self, app: ASGIApp, ways: SignIn, tokens: Tokens, sessions: Sessions[Identity]) -> None:
        self.app, self.ways, self.tokens, self.sessions = app, ways, tokens, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its identity, or answer it here."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        scope["rounds.who"] = who = self._who(scope, headers)
        path = scope["path"]
        if who is None and path not in OPEN and not path.startswith("/static/"):
            await self._refusal(scope, path)(scope, receive, send)
            return
        mark = CURRENT.set(who)
        try:
            await self.app(scope, receive, send)
        finally:
            CURRENT.reset(mark)

    def _who(self, scope: Scope, headers: dict[str, str]) -> Identity | None:
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.casefold() == "bearer":
            return self.tokens.who(token.strip())
        if self.ways.proxy and scope.get("client"):
            return self.ways.proxy.who(scope["client"][0], headers)
        return self.sessions.get(cookie(headers.get("cookie", "")))

    def _refusal(self, scope: Scope, path: str) -> Response:
        if path.startswith("/api/") or path == "/metrics" or scope["method"] not in ("GET", "HEAD"):
            return JSONResponse({"error": "Sign in, or send a token."}, 401, {"WWW-Authenticate": "Bearer"})
        if self.ways.proxy:
            return JSONResponse({"error": "The proxy in front did not say who you are."}, 403)
        asked = f"{path}?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else path
        return RedirectResponse(f"/sign-in?to={quote(asked, safe='')}", 303)


def cookie(header: str) -> str:
    """Our own session's name in a browser's cookies; "" where there is none."""
    try:
        held = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return held.value if held else ""

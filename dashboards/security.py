"""What every answer carries so that a browser runs and loads nothing but our own."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("style", "script", "img", "font", "connect")),
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

# A year; said only where the pages have an address that is https.
ENCRYPTED_ALONE = {"Strict-Transport-Security": "max-age=31536000"}

COOKIE = "rounds_form"
_SECRET = secrets.token_bytes(32)  # of this process: after a restart people open the page again


def fresh() -> str:
    """A new cookie: nobody elsewhere knows it."""
    return secrets.token_urlsafe(24)


def signed(cookie: str) -> str:
    """What a form has to bring beside the cookie to be ours."""
    return hmac.new(_SECRET, cookie.encode(), hashlib.sha256).hexdigest()


def genuine(cookie: str, token: str) -> bool:
    """Whether a form was made by this process for the browser that holds the cookie.

    >>> genuine("a", signed("a")), genuine("b", signed("a")), genuine("", signed(""))
    (True, False, False)
    """
    return bool(cookie) and hmac.compare_digest(signed(cookie).encode(), token.encode())


class SecureHeaders:
    """Adds the headers to every answer, errors included."""

    def __init__(self, app: ASGIApp, *, encrypted: bool = False) -> None:
        self.app = app
        self.headers = HEADERS | (ENCRYPTED_ALONE if encrypted else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and mark the answer's start."""

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                # Pages about patients are not for shared caches; a browser asks again each time.
                headers.setdefault("Cache-Control", "no-cache, private")
            await send(message)

        await self.app(scope, receive, marked if scope["type"] == "http" else send)


class Compressed:
    """Compresses pages, but none with a form of ours: its length would tell of the token in it (BREACH)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.smaller = app, GZipMiddleware(app, minimum_size=1_000, compresslevel=4)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, by way of the compressor or not."""
        secret = scope["type"] == "http" and scope["path"].startswith(("/alerts", "/sign-in"))
        await (self.app if secret else self.smaller)(scope, receive, send)

"""Forms: what a person sends, taken only from a page of ours and of a bearable length."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from dashboards import security

LARGEST = 20_000  # bytes of an answer


async def read(request: Request) -> dict[str, str]:
    """The fields of a form that this very browser was given.

    Raises HTTPException 413 where it is too long, 403 where it is not ours.
    """
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > LARGEST:
        raise HTTPException(413, "That is too long for an answer.")
    sent = parse_qs((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
    given = {name: values[0] for name, values in sent.items()}
    origin = request.headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    cookie = request.cookies.get(security.COOKIE, "")
    if foreign or not security.genuine(cookie, given.get("token", "")):
        raise HTTPException(403, "This form is not from here, or is too old. Open the page again.")
    return given


def keep(request: Request, answer: Response, cookie: str) -> None:
    """Leave the form's cookie with the browser, and the page out of every cache."""
    entry = getattr(request.app.state, "entry", None)
    secure = entry is not None and entry.ways.secure
    # Strict: a link from elsewhere opens the page, and an answer needs a form of this very page.
    answer.set_cookie(security.COOKIE, cookie, path="/", httponly=True, samesite="strict", secure=secure)
    answer.headers["Cache-Control"] = "no-store, private"

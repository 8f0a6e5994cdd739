"""The application people open and Prometheus scrapes: pages over the ledger, answers into it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from dashboards.access import AccessLog, Noted
from dashboards.door import Door
from dashboards.entry import Entry
from dashboards.exposition import Exposition
from dashboards.reading import Reading
from dashboards.security import HEADERS, Compressed, SecureHeaders
from dashboards.templating import HERE, page
from monitors.audit import Audit
from monitors.config import ModelConfig
from monitors.discovery import modules
from monitors.errors import Removed
from monitors.ledger import Ledger
from monitors.oncall import OnCall


def create_app(
    ledger: Ledger,
    configs: Mapping[str, ModelConfig],
    *,
    published: Callable[[Audit], Audit],
    now: Callable[[], datetime],
    allowed_hosts: Sequence[str] = ("127.0.0.1", "localhost"),
    oncall: OnCall | None = None,
    entry: Entry | None = None,
    accesses: AccessLog | None = None,
    certificate_ends: datetime | None = None,
) -> Starlette:
    """Make the application.

    Args:
        ledger: where audits are read from; only what a person answers is written.
        configs: by model, what is declared; a model without one is shown, and said to have none.
        published: the one door of withholding; every audit passes it before anyone sees it.
        now: the clock, so that pages over old data can be read as of then.
        allowed_hosts: names a browser may call us by; any other is refused, against DNS rebinding.
        oncall: where this is, and who hears of an alert next, for what Prometheus is told.
        entry: how people sign in; None, for the loopback alone, asks nobody who they are.
        accesses: where it is written down who opened what; None writes nothing down.
        certificate_ends: when the certificate ends the pages are served with; None where there is none.
    """
    app = Starlette(
        routes=[
            *(route for _, module in modules("dashboards.pages") for route in module.router.routes),
            Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
        ],
        middleware=[
            *([Middleware(Noted, accesses)] if accesses else []),
            Middleware(SecureHeaders, encrypted=entry is not None and entry.ways.secure),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(allowed_hosts), www_redirect=False),
            Middleware(Compressed),
            *([Middleware(Door, entry.ways, entry.tokens, entry.sessions)] if entry else []),
        ],
        exception_handlers={HTTPException: _refused, Removed: _gone, Exception: _broken},
    )
    reading = Reading(ledger, configs, published, now, oncall or OnCall())
    app.state.reading = reading
    app.state.entry = entry
    app.state.boards = {}
    app.state.exposition = Exposition(reading, certificate_ends=certificate_ends)
    return app


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  it is registered for no other
    status, said = error.status_code, str(error.detail)
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": said}, status)
    now = request.app.state.reading.now()
    return page("refused.html", status, now=now, status=status, said=said)


async def _gone(request: Request, error: Exception) -> Response:
    """What a retention rule let go: not found any more, with the rule's words."""
    return await _refused(request, HTTPException(410, f"{str(error)[:1].upper()}{str(error)[1:]}."))


async def _broken(_request: Request, _error: Exception) -> Response:
    """Say that something broke, and nothing of what: the reason is in the log."""
    # Sent from outside the middleware, so it has to bring the headers itself.
    headers = {**HEADERS, "Cache-Control": "no-store"}
    return PlainTextResponse("Rounds could not answer; its log says why.\n", 500, headers)

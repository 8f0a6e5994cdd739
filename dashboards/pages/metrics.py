"""What Prometheus scrapes."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from dashboards.routing import Router

router = Router(include_in_schema=False)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Always 200: a ledger that cannot be read is `rounds_up 0`."""
    return Response(request.app.state.exposition.text(), media_type=CONTENT_TYPE_LATEST)

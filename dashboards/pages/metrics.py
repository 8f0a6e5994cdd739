"""What Prometheus scrapes."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from dashboards.exposition import FORMAT
from dashboards.routing import Router

router = Router(include_in_schema=False)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Always 200: a ledger that cannot be read is `rounds_up 0`."""
    return Response(request.app.state.exposition.text(), media_type=FORMAT)

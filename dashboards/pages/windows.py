"""The published audits as JSON: every model, and one window of one model."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from dashboards.board import board
from dashboards.opened import ABSENT, opened
from dashboards.routing import Router
from monitors.window import utc

router = Router("/api", tags=["audits"])


@router.get("/models")
def models(request: Request) -> list[dict[str, Any]]:
    """Every model, worst first, with its last window and how fresh that is."""
    listed = []
    for row in board(request.app.state.reading):
        last = row.glance
        path = f"/api/models/{quote(row.model, safe='')}/windows"
        listed.append(
            {
                "model": row.model,
                "title": row.title,
                "version": row.version,
                "risk_tier": row.tier,
                "freshness": row.freshness.state,
                "due": utc(row.freshness.due) if row.freshness.due else None,
                "window": str(last.window) if last else None,
                "verdict": str(last.verdict) if last else None,
                "counts": last.counts if last else None,
                "href": f"{path}/{last.window}" if last else None,
                "windows": path,
            }
        )
    return listed


@router.get(
    "/models/{model}/windows/{window:path}",
    responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}, **ABSENT},
)
def window(request: Request, model: str, window: str) -> Response:
    """The published audit, as `rounds run --json` prints it."""
    at = opened(request.app.state.reading, model, window)
    return Response(at.audit.json(), media_type="application/json")

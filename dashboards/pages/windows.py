"""The published audits as JSON: every model, and one window of one model."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from dashboards.board import board, kept
from dashboards.opened import ABSENT, opened
from dashboards.routing import Router
from monitors.window import utc

router = Router("/api", tags=["audits"])


@router.get("/models")
def models(
    request: Request, q: str = "", verdict: str = "", tier: str = "", site: str = "", owner: str = ""
) -> list[dict[str, Any]]:
    """The ward board as it is filtered, worst first: each model's last window, and how fresh that is."""
    listed = []
    rows = board(request.app.state.reading)
    for row in kept(rows, q=q, state=verdict, tier=tier, site=site, owner=owner):
        last = row.glance
        path = f"/api/models/{quote(row.model, safe='')}/windows"
        listed.append(
            {
                "model": row.model,
                "title": row.title,
                "version": row.version,
                "risk_tier": row.tier,
                "owner": row.owner,
                "sites": row.sites,
                "sites_left": row.sites_left,
                "state": row.state,
                "freshness": row.freshness.state,
                "due": utc(row.freshness.due) if row.freshness.due else None,
                "window": str(last.window) if last else None,
                "verdict": str(last.verdict) if last else None,
                "counts": last.counts if last else None,
                "families": {f: asdict(cell) for f, cell in last.cells.items()} if last else None,
                "worst": row.told or None,
                "next_review": row.review.isoformat() if row.review else None,
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

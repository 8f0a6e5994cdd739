"""The published audits as JSON: every model, and one window of one model."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from dashboards.board import board
from dashboards.reading import find
from monitors.window import utc

router = APIRouter(prefix="/api", tags=["audits"])


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


@router.get("/models/{model}/windows/{window:path}")
def window(request: Request, model: str, window: str) -> Response:
    """The published audit, as `rounds run --json` prints it."""
    history = request.app.state.reading.history(model)
    place = find(history, window)
    if place is None:
        raise HTTPException(404, f"{model} has no audited window {window!r}.")
    return Response(history[place].audit.json(), media_type="application/json")

"""Whether we are there and can read the ledger; for containers and load balancers."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
def healthz(request: Request) -> JSONResponse:
    """200 with the hash of the ledger's last entry, or 503."""
    try:
        return JSONResponse({"status": "ok", "head": request.app.state.reading.ledger.head()})
    except Exception:  # noqa: BLE001  any failure to read is the answer
        return JSONResponse({"status": "the ledger cannot be read"}, 503)

"""The glossary: every term in plain words, linked where it is used."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from dashboards.glossary import measures, words
from dashboards.templating import page

router = APIRouter()


@router.get("/glossary", include_in_schema=False)
def glossary(request: Request) -> HTMLResponse:
    """Words first, then every measure by family."""
    return page("glossary.html", now=request.app.state.reading.now(), terms=words(), measures=measures())


@router.get("/api/glossary", tags=["tables"])
def terms() -> list[dict[str, str]]:
    """Every term and measure with its meaning."""
    held = [*words(), *(term for _, family in measures() for term in family)]
    return [{"anchor": t.anchor, "term": t.word, "meaning": t.meaning, "more": t.more} for t in held]

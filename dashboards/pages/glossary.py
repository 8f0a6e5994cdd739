"""The glossary: every term in plain words, linked where it is used."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse

from dashboards.glossary import measures, words
from dashboards.routing import Router
from dashboards.templating import page

router = Router()


@router.get("/glossary", include_in_schema=False)
def glossary(request: Request) -> HTMLResponse:
    """Words first, then every measure by family."""
    return page("glossary.html", now=request.app.state.reading.now(), terms=words(), measures=measures())


@router.get("/api/glossary", tags=["tables"])
def terms(_request: Request) -> list[dict[str, str]]:
    """Every term and measure with its meaning."""
    held = [*words(), *(term for _, family in measures() for term in family)]
    return [{"anchor": t.anchor, "term": t.word, "meaning": t.meaning, "more": t.more} for t in held]

"""Runbooks: what to do about an alert, one page each, from docs/runbooks/."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse

from dashboards.routing import Router
from dashboards.templating import HERE, page

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

router = Router(include_in_schema=False)
# A wheel carries them beside the pages; a checkout has them in docs/.
FOLDERS = (HERE / "runbooks", HERE.parent / "docs" / "runbooks")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt  # when somebody has been paged, and not before

    return MarkdownIt("commonmark", {"html": False}).enable("table")


def folder() -> Path:
    """Where the runbooks are."""
    return next((place for place in FOLDERS if place.is_dir()), FOLDERS[-1])


def listed() -> list[tuple[str, str]]:
    """Each runbook's name and its heading, in the order of what people read."""
    found = [
        (path.stem, path.read_text(encoding="utf-8").partition("\n")[0]) for path in folder().glob("*.md")
    ]
    return sorted(
        ((name, heading.lstrip("# ")) for name, heading in found), key=lambda each: each[1].casefold()
    )


@router.get("/runbooks")
def runbooks(request: Request) -> HTMLResponse:
    """All of them."""
    return page("runbooks.html", now=request.app.state.reading.now(), listed=listed())


@router.get("/runbooks/{name}")
def runbook(request: Request, name: str) -> HTMLResponse:
    """One of them, or a clear 404."""
    path = folder() / f"{name}.md"
    if not _NAME.fullmatch(name) or not path.is_file():
        raise HTTPException(404, f"There is no runbook called {name!r}.")
    heading, _, text = path.read_text(encoding="utf-8").partition("\n")
    body = Markup(_markdown().render(text))  # noqa: S704  our own pages, and raw HTML in them is escaped
    now = request.app.state.reading.now()
    return page("runbook.html", now=now, heading=heading.lstrip("# "), body=body)

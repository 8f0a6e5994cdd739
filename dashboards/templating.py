"""Templates: Jinja2 with everything escaped, and the few functions that pages are written with."""

from __future__ import annotations

import zlib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from dashboards.charts.svg import element, glyph
from dashboards.identity import CURRENT
from monitors.audit import WORST_FIRST, Finding, Verdict
from monitors.window import utc
from monitors.words import figures, names
from monitors.words import sentences as words

HERE = Path(__file__).parent
GZIP = 31  # to zlib: its longest window, in gzip's wrapping
PIECES = 1_000  # of a page, compressed at once


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "alert_path": lambda url: (
            urlsplit(url).path if urlsplit(url).path.startswith("/runbooks") else "/runbooks"
        ),
        "covered": _covered,
        "figures": figures,
        "glyph": glyph,
        "me": CURRENT.get,
        "moment": _moment,
        "names": names,
        "path": lambda part: quote(part, safe=""),
        "utc": utc,
        "verdicts": [(v, *names.VERDICTS[v]) for v in WORST_FIRST],
        "words": words,
    }
    return made


def _moment(at: datetime) -> Markup:
    """A moment in UTC, which a script writes anew in the reader's zone."""
    return element("time", f"{figures.day(at)} UTC", datetime=utc(at), class_="moment")


def _covered(finding: Finding | None) -> str:
    """A coverage as a figure; "withheld" and "–" are words, not zero."""
    if finding is None:
        return "–"
    if finding.verdict is Verdict.WITHHELD:
        return "withheld"
    return figures.percent(finding.level if finding.level is not None else finding.value)


def page(template: str, status: int = 200, /, **values: Any) -> HTMLResponse:
    """A page from its template; a value the template asks for and does not get is an error."""
    return HTMLResponse(render(template, **values), status_code=status)


def render(template: str, /, **values: Any) -> str:
    """A template's text."""
    return _environment().get_template(template).render(**values)


def packed(template: str, /, **values: Any) -> bytes:
    """A template's text, compressed as it is written: of a long page the whole is never held in memory."""
    stream, packer = _environment().get_template(template).stream(**values), zlib.compressobj(6, wbits=GZIP)
    stream.enable_buffering(PIECES)
    return b"".join([*(packer.compress(part.encode()) for part in stream), packer.flush()])

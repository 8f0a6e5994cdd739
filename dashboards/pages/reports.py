"""Reports: the bias audits that were issued, as they were issued, for those who may read them."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from dashboards import standing
from dashboards.identity import CURRENT
from dashboards.report.formats import FORMATS
from dashboards.report.html import page as report_page
from dashboards.report.model import Report
from dashboards.routing import Router
from dashboards.templating import page
from monitors.governance.matters import REPORT, matters
from monitors.ledger import Entry
from monitors.window import Window

router = Router(include_in_schema=False)
TYPES = {"json": "application/json", "html": "text/html; charset=utf-8", "pdf": "application/pdf"}


@router.get("/reports")
def reports(request: Request) -> HTMLResponse:
    """Every report that the reader may open, newest first."""
    reading = request.app.state.reading
    held = [e for e in reading.ledger.entries(REPORT, bodies=False) if readable(e)]
    later = {e.summary["supersedes"]: e for e in held if "supersedes" in e.summary}
    found = {matter.key: matter for matter in matters(reading.ledger)}
    listed = [
        (e, Window.parse(str(e.window)), later.get(e.key), found.get(e.summary.get("of", e.key)))
        for e in sorted(held, key=lambda e: e.seq, reverse=True)
    ]
    return page("reports.html", now=reading.now(), listed=listed, standing=standing)


@router.get("/reports/{name}")
def report(request: Request, name: str) -> HTMLResponse:
    """One report, to be read here."""
    return HTMLResponse(report_page(_found(request, name), alone=False))


@router.get("/reports/{name}/report.{kind}")
def report_file(request: Request, name: str, kind: str) -> Response:
    """One of its files, as `rounds audit` writes them."""
    if kind not in TYPES:
        raise HTTPException(404, "A report is had as html, pdf or json.")
    made = FORMATS[kind](_found(request, name))
    named = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    return Response(made, media_type=TYPES[kind], headers=named)


def readable(entry: Entry) -> bool:
    """Whether the reader may see it: the restricted edition is for the committee's own roles."""
    who = CURRENT.get()
    return entry.summary.get("edition") == "shareable" or (who is not None and who.may("auditor"))


def _found(request: Request, name: str) -> Report:
    entry = request.app.state.reading.ledger.get(REPORT, name)
    if entry is None or not readable(entry):
        raise HTTPException(404, "There is no such report, or it is for the committee alone.")
    return Report.read(entry.body)

"""A window: one audit whole, with every finding, where its numbers come from, and its copies."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse

from dashboards.changes import changes
from dashboards.opened import opened
from dashboards.reading import Reading
from dashboards.routing import Router
from dashboards.templating import page
from monitors.audit import WORST_FIRST, Audit, Finding
from monitors.ledger import Recorded
from monitors.restated import Change
from monitors.restated import restated as changed
from monitors.words.names import FAMILIES, measure, subject
from monitors.worst import worst_first

router = Router(include_in_schema=False)


@router.get("/models/{model}/window")
def window(
    request: Request, model: str, window: str = "", q: str = "", verdict: str = "", family: str = ""
) -> HTMLResponse:
    """Every finding, or those a filter leaves: words in what is measured, a verdict, a family."""
    reading = request.app.state.reading
    at = opened(reading, model, window)
    if (verdict and verdict not in map(str, WORST_FIRST)) or (family and family not in FAMILIES):
        raise HTTPException(404, "There is no such verdict or family.")
    held = worst_first(at.audit.findings)
    shown = [f for f in held if fits(f, q) and verdict in ("", f.verdict) and family in ("", f.family)]
    answer = page(
        "window.html",
        **at.common(),
        chosen={"q": q, "verdict": verdict, "family": family},
        families=[name for name in FAMILIES if any(f.family == name for f in held)],
        total=len(held),
        findings=shown,
        bounded=any(f.bound_low is not None for f in held),
        moved=changes(at.audits[at.place - 1] if at.place else None, at.audit),
        restated=restated(reading, at.shown),
        run=reading.copy_of(at.shown),
        taken=reading.copy_removed(at.shown),
    )
    answer.headers["HX-Replace-Url"] = at.link("window", q=q, verdict=verdict, family=family)
    return answer


def restated(reading: Reading, shown: Recorded) -> tuple[Audit, tuple[Change, ...]] | None:
    """The audit that this one supersedes, and what reads otherwise now; None at a window's first."""
    earlier = reading.superseded(shown)
    return None if earlier is None else (earlier, changed(earlier, shown.audit))


def fits(finding: Finding, q: str) -> bool:
    """Whether every word stands in the measure, the subject, the group or the reason."""
    parts = (measure(finding.metric), finding.metric, subject(finding), finding.subject, finding.reason or "")
    said = " ".join(parts).casefold()
    return all(word in said for word in q.casefold().split())

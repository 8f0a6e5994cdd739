"""Groups: whom the model serves less well, how sure that is, and what would settle it."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse

from dashboards import gaps
from dashboards.opened import opened
from dashboards.routing import Router
from dashboards.templating import page
from monitors.audit import Verdict
from monitors.words import sentences as words

router = Router(include_in_schema=False)


@router.get("/models/{model}/groups")
def groups(
    request: Request, model: str, window: str = "", measure: str = "", attribute: str = "", scores: str = ""
) -> HTMLResponse:
    """One measure by group (`?measure=`), of all attributes or one; and the scores by `?scores=`."""
    reading = request.app.state.reading
    at = opened(reading, model, window)
    measures = gaps.gap_measures(at.audit)
    attributes = gaps.attributes(at.audit)
    held = {f.metric for f in at.audit.findings if f.group is not None}
    if (measure and measure not in held) or (attribute and attribute not in attributes):
        raise HTTPException(404, f"{model} was not measured by that in this window.")
    chosen = measure or (measures[0][0] if measures else None)
    single = [name for name in attributes if " × " not in name]
    by = scores if scores in single else attribute if attribute in single else single[0] if single else ""
    shown = reading.counts.by_group(at.shown, by)
    findings = gaps.of_groups(at.audit, chosen, attribute) if chosen else []
    lines = [gaps.Line.of(at.audit, finding) for finding in findings]
    worst, apart = gaps.served_worst(at.audit), False
    if worst is None or worst.verdict not in (Verdict.BEYOND, Verdict.DIFFERENT):
        told = gaps.furthest_apart(at.audit)
        worst, apart = (told, True) if told else (worst, False)
    return page(
        "groups.html",
        **at.common(),
        worst=worst,
        apart=apart,
        caution=words.caution(at.audit.findings),
        measures=measures,
        measure=chosen,
        attributes=attributes,
        attribute=attribute,
        forest=gaps.forest_of(at.audit, chosen, attribute, loss=True) if chosen and findings else None,
        loss=any(line.loss is not None for line in lines),
        pooled=gaps.shrinkage_of(at.audit, attribute),
        lines=lines,
        covers=any(line.scored or line.labelled for line in lines),
        single=single,
        by=by,
        panels=gaps.panels(shown),
        removed=None if shown else reading.counts.removed(at.shown),
        left_out=shown.left_out if shown else (),
    )

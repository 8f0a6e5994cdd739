"""Features: every column over the windows, and one of them against its reference."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse

from dashboards import features as columns
from dashboards.charts.density import density
from dashboards.charts.distribution import distribution
from dashboards.graphs import drift_map, timeline_of
from dashboards.opened import opened
from dashboards.routing import Router
from dashboards.templating import page
from monitors.words.names import titled

router = Router(include_in_schema=False)


@router.get("/models/{model}/features")
def features(request: Request, model: str, window: str = "", q: str = "") -> HTMLResponse:
    """All columns, worst first; `?q=` leaves those with the text in their name."""
    at = opened(request.app.state.reading, model, window)
    drift = drift_map(at.audits, at.audit, everything=True)
    rows = [row for row in drift.rows if q.casefold() in row.subject.casefold()]
    answer = page("features.html", **at.common(), drift=drift, rows=rows, q=q)
    answer.headers["HX-Replace-Url"] = at.link("features", q=q)
    return answer


@router.get("/models/{model}/features/{column:path}")
def feature(request: Request, model: str, column: str, window: str = "") -> HTMLResponse:
    """One column."""
    reading = request.app.state.reading
    at = opened(reading, model, window)
    findings = columns.of_column(at.audit, column)
    if not findings:
        raise HTTPException(404, f"{model} has no column {column!r} in this window.")
    config = at.config
    counted = config.columns.score if config and column == "score" else column
    shown = reading.counts.overlaid(at.shown, counted) if counted else None
    name, told = titled(column), ""
    picture = places = None
    if shown:
        bins, beside = columns.bars(shown)
        told = columns.said(shown, name)
        given = {"title": f"{name} now and in the reference", "description": told}
        if bins:
            picture = density(shown, **given) if shown.edges else distribution(bins, **given)
        places = distribution(beside, **given) if beside else None
    return page(
        "feature.html",
        **at.common(),
        column=column,
        name=name,
        counted=counted,
        findings=findings,
        by_group=columns.by_group(at.audit, column),
        picture=picture,
        outside=places,
        overlaid=shown,
        removed=None if shown else reading.counts.removed(at.shown),
        told=told,
        timelines=[(f, chart) for f in findings if (chart := timeline_of(at.audits, f, at.audit))],
        related=columns.related(at.audits, at.audit, column),
    )

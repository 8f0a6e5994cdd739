"""A model: what it is for, what to do now, and how every measure has gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import HTMLResponse

from dashboards.changes import changes
from dashboards.freshness import Freshness
from dashboards.gaps import forest_of, gap_measures, of_groups
from dashboards.graphs import drift_map, key_findings, timeline_of
from dashboards.opened import opened
from dashboards.routing import Router
from dashboards.stretch import SPAN, SPANS
from dashboards.templating import page
from monitors.audit import Audit, Finding, Verdict
from monitors.config import ModelConfig
from monitors.glance import sites
from monitors.governance.matters import paused
from monitors.ledger import Recorded
from monitors.words import sentences as words
from monitors.words.names import WHOLE, measure
from monitors.worst import Running, running, worst_first

router = Router(include_in_schema=False)
Windows = Annotated[int, Field(ge=2, le=max(SPANS))]
SHOWN = 6  # changes told here; all of them stand on the window's page


@router.get("/models/{model}")
def model(
    request: Request, model: str, window: str = "", gap: str = "", columns: str = "", windows: Windows = SPAN
) -> HTMLResponse:
    """The last window, or the one asked for by `?window=`, and so many `windows` about it."""
    reading = request.app.state.reading
    config = reading.configs.get(model)
    if config is not None and not reading.heard(model):
        return _unheard(model, config, reading.now(), reading.freshness(model, None))
    at = opened(reading, model, window, windows)
    audit, audits, place = at.audit, at.audits, at.place
    measures = gap_measures(audit)
    chosen = gap if gap in dict(measures) else measures[0][0] if measures else None
    moved = changes(audits[place - 1] if place else None, audit)
    drift = drift_map(audits, audit, everything=columns == "all")
    turned = reading.turns(model, audits)
    named, left = sites(audits, config.columns.site if config else None)
    return page(
        "model.html",
        **at.common(),
        paused=paused(reading.ledger, model),
        counts=audit.counts(),
        acts=acts(audits[: place + 1]),
        moved=worst_first(f for f in judged(audit) if f.verdict is Verdict.DIFFERENT),
        untold=untold(audit),
        timelines=[(f, timeline_of(audits, f, audit, turned)) for f in key_findings(audit)],
        turned=turned,
        act_chart=lambda finding: timeline_of(audits, finding, audit, turned),
        drift=drift,
        measures=measures,
        measure=chosen,
        forest=forest_of(audit, chosen) if chosen else None,
        gaps=of_groups(audit, chosen) if chosen else [],
        checks=quality(audit, whole=True),
        quality=quality(audit, whole=False),
        quality_metrics=sorted(
            {
                f.metric
                for f in audit.findings
                if f.family == "quality" and f.subject not in WHOLE and not f.slow
            }
        ),
        caution=words.caution(audit.findings),
        moved_since=moved[:SHOWN],
        more_moved=max(0, len(moved) - SHOWN),
        matures=matures(at.shown, config),
        sites=named,
        sites_left=left,
    )  # fmt: skip


def _unheard(model: str, config: ModelConfig, now: datetime, fresh: Freshness) -> HTMLResponse:
    title = config.governance.title or model
    return page("unheard.html", model=model, config=config, now=now, fresh=fresh, title=title)


def acts(history: Sequence[Audit]) -> list[tuple[Finding, Running]]:
    """What someone has to act on, worst first, each with for how long it has been so."""
    wanted = (Verdict.BEYOND, Verdict.FAILED)
    found = [f for f in history[-1].findings if f.severity != "info" and f.verdict in wanted]
    return [(finding, running(history, finding.key)) for finding in by_severity(found)]


def judged(audit: Audit) -> list[Finding]:
    """Findings that someone acts on."""
    return [f for f in audit.findings if f.severity != "info"]


def untold(audit: Audit) -> list[Untold]:
    """What cannot be told or shown, one line a measure, most first."""
    found: dict[str, list[Finding]] = {}
    for finding in judged(audit):
        if finding.verdict in (Verdict.CANNOT_TELL, Verdict.WITHHELD):
            found.setdefault(finding.metric, []).append(finding)
    lines = [Untold.of(measure(metric), held) for metric, held in found.items()]
    return sorted(lines, key=lambda line: (-line.cannot_tell - line.withheld, line.measure))


@dataclass(frozen=True, slots=True)
class Untold:
    """How many findings of one measure are open, and what would close the nearest of them."""

    measure: str
    cannot_tell: int
    withheld: int
    windows: int | None
    reason: str

    @classmethod
    def of(cls, measure: str, findings: Sequence[Finding]) -> Untold:
        """From all of the measure's findings that cannot be told or shown."""
        open_ones = [f for f in findings if f.verdict is Verdict.CANNOT_TELL]
        windows = [int(f.needs["windows"]) for f in open_ones if f.needs and "windows" in f.needs]
        reasons = Counter(f.reason for f in open_ones if f.reason)
        reason = reasons.most_common(1)[0][0] if reasons else ""
        withheld = len(findings) - len(open_ones)
        return cls(measure, len(open_ones), withheld, min(windows, default=None), reason)


def by_severity(findings: Sequence[Finding]) -> list[Finding]:
    """What pages comes first, then the worst."""
    order = {"page": 0, "ticket": 1, "committee": 2, "info": 3}
    return sorted(worst_first(findings), key=lambda f: order[f.severity])


def quality(audit: Audit, *, whole: bool) -> dict[str, dict[str, Finding]]:
    """Quality findings by subject and metric: of the window as a whole, or of its columns."""
    found: dict[str, dict[str, Finding]] = {}
    here = (f for f in audit.findings if f.family == "quality" and f.group is None and not f.slow)
    for finding in worst_first(here):
        if (finding.subject in WHOLE) is whole:
            found.setdefault(finding.subject, {}).setdefault(finding.metric, finding)
    return found


def matures(shown: Recorded, config: ModelConfig | None) -> datetime | None:
    """When the outcomes of the window shown will be known; None where they are, or never will be."""
    if config is None or config.outcome is None or shown.audit.stage == "outcome":
        return None
    return config.outcome.matures_after.after(shown.audit.window.end, config.zone)

"""Section 9: intersections and sites. Shown to look, not to judge: small cells are drawn towards all."""

from __future__ import annotations

from statistics import NormalDist

from dashboards.report import drawing
from dashboards.report.drawing import Arm
from dashboards.report.facts import NOTHING, Facts, figure
from dashboards.report.model import Block, Column, Figure, Section, Table, Text
from monitors.audit import Finding, Verdict

POOLED = "pooled_true_positive_rate"
MARGIN = 0.10


def section(facts: Facts) -> Section:
    """Table 6 and figure 4."""
    found = [f for f in facts.assessed.shown.findings if f.metric == POOLED and f.group is not None]
    blocks: list[Block] = []
    if found:
        blocks.append(_table(facts, found))
        blocks += _figure(facts, found)
    else:
        blocks.append(Text(paragraphs=("No intersection was registered, or none can be shown.",)))
    site = facts.assessed.config.columns.site
    said = "We did not check sites because none is recorded."
    if site in facts.attributes:
        said = f"Gaps between sites (“{site}”) stand with those between other groups, in sections 6 and 7."
    elif site:
        said = f"Sites are recorded as “{site}”. Gaps between them are not among the measures by group; the watch pages show how many each sends."
    blocks.append(Text(paragraphs=(said,)))
    return Section(number="9", id="crossed", title="Intersections and sites", blocks=tuple(blocks))


def _table(facts: Facts, found: list[Finding]) -> Table:
    rows = []
    for finding in found:
        hidden = facts.hidden if finding.verdict is Verdict.WITHHELD else NOTHING
        own = facts.find("true_positive_rate", finding.subject, finding.group)
        low, high = finding.low, finding.high
        span = (
            f"{figure(low * 100)} to {figure(high * 100)}" if low is not None and high is not None else hidden
        )
        pooled = f"{figure(finding.value * 100)} ({span})" if finding.value is not None else hidden
        raw = facts.cell("true_positive_rate", finding.subject, finding.group) if own else hidden
        n = facts.size(finding.subject, finding.group or "")
        events = finding.n
        rows.append(
            (
                f"{finding.subject} {finding.group}",
                f"{n:,}" if n is not None else hidden,
                f"{events:,}" if events is not None else hidden,
                raw,
                pooled,
                _beyond(facts, finding),
                "Exploratory: not judged",
            )
        )
    titles = (
        ("Cell", "text", 2.0), ("n", "number", 0.6), ("Events", "number", 0.7), ("Raw TPR %", "number", 1.3),
        ("Partially pooled TPR % (95 % credible)", "number", 1.5), ("Probability gap is past the margin", "number", 1.1), ("Verdict", "text", 1.2),
    )  # fmt: skip
    return Table(
        id="t6", number="6", title="Intersections",
        columns=tuple(Column(title=t, kind=k, width=w) for t, k, w in titles),  # type: ignore[arg-type]
        rows=tuple(rows),
        note=f"The margin for the probability is {MARGIN * 100:g} points about everyone. Found by looking at many cells at once: needs confirming on new data.",
    )  # fmt: skip


def _beyond(facts: Facts, finding: Finding) -> str:
    whole = facts.own("true_positive_rate")
    if whole is None or whole.value is None or None in (finding.value, finding.low, finding.high):
        return facts.hidden if finding.verdict is Verdict.WITHHELD else NOTHING
    spread = ((finding.high or 0) - (finding.low or 0)) / (2 * 1.96)
    if spread <= 0:
        return NOTHING
    held = NormalDist(finding.value or 0.0, spread)
    inside = held.cdf(whole.value + MARGIN) - held.cdf(whole.value - MARGIN)
    shown = 1 - inside
    return "under 1 %" if shown < 0.01 else f"{shown * 100:.0f} %"


def _figure(facts: Facts, found: list[Finding]) -> list[Block]:
    whole = facts.own("true_positive_rate")
    arms, before = [], ""
    for finding in found:
        scale = 100.0
        first, before = finding.subject != before, finding.subject
        if finding.value is None:
            arms.append(
                Arm(
                    str(finding.group),
                    finding.verdict,
                    first=first,
                    note="withheld" if finding.verdict is Verdict.WITHHELD else "cannot tell",
                )
            )
            continue
        low = None if finding.low is None else finding.low * scale
        high = None if finding.high is None else finding.high * scale
        raw = None if finding.level is None else finding.level * scale
        arms.append(
            Arm(
                str(finding.group),
                Verdict.CANNOT_TELL,
                finding.value * scale,
                low,
                high,
                raw,
                None,
                first,
            )
        )
    if not any(a.value is not None for a in arms):
        return []
    told = [f for f in found if f.value is not None]
    least = min(told, key=lambda f: f.value or 0.0)
    said = f"Lowest after pooling: {least.group}, about {(least.value or 0) * 100:.0f} of every 100 with the outcome found."
    line = None if whole is None or whole.value is None else whole.value * 100
    svg = drawing.intervals(
        [("Found of those with the outcome, %", arms, line)], title="Intersections", said=said,
        ticked=lambda v: f"{v:g}", label=250, keys=("○ drawn towards all", "◇ the cell's own", "line: everyone"),
    )  # fmt: skip
    return [
        Figure(
            id="f4",
            number="4",
            title="Intersections, drawn towards all",
            reading=said,
            alt=f"Interval plot; figures in table 6. {said}",
            svg=svg,
        )
    ]

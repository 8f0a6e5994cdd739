"""Section 7: the gaps. Every registered comparison with its limits, its cause as far as known, and people."""

from __future__ import annotations

from dashboards.report import drawing
from dashboards.report.drawing import Arm
from dashboards.report.facts import (
    LOSS,
    NOTHING,
    VERDICTS,
    Facts,
    figure,
    gap,
    group_name,
    margin,
    measure,
    within,
)
from dashboards.report.model import Block, Column, Figure, Section, Table, Text
from dashboards.report.sentences import about
from monitors.audit import Finding, Verdict
from monitors.worst import worst_first

SHOWN = (
    "true_positive_rate",
    "false_positive_rate",
    "positive_predictive_value",
    "selection_rate",
    "observed_expected_ratio",
    "auroc",
)
WHOLE = ("true_positive_rate", "false_positive_rate", "observed_expected_ratio")  # with every group
CHANCE = 0.05


def section(facts: Facts) -> Section:
    """Table 4, figure 3 and what the worst of them mean in plain words."""
    found = [
        f
        for m in SHOWN
        for f in facts.of(m, crossed=False)
        if m in WHOLE or f.verdict in (Verdict.BEYOND, Verdict.DIFFERENT)
    ]
    blocks: list[Block] = [_table(facts, found), *_figure(facts, found)]
    said = [
        s
        for f in worst_first(found)
        if f.verdict in (Verdict.BEYOND, Verdict.DIFFERENT) and (s := about(facts, f))
    ]
    if said:
        blocks.append(Text(paragraphs=tuple(said[:4])))
    many = len([f for f in facts.judged if f.verdict is not Verdict.WITHHELD])
    blocks.append(
        Text(
            paragraphs=(
                (
                    f"We made {many} comparisons. If nothing differed we would still expect about {CHANCE * many:.0f} to look "
                    "different at the usual cut-off. The verdicts rest on intervals that hold for all groups of an attribute "
                    "at once, so they say “beyond” more rarely than that."
                ),
            )
        )
    )
    return Section(number="7", id="gaps", title="Gaps", blocks=tuple(blocks))


def _table(facts: Facts, found: list[Finding]) -> Table:
    rows = []
    for place, finding in enumerate(found, start=1):
        rows.append(_row(facts, place, finding))
    titles = (
        ("ID", "text", 0.45), ("Measure", "text", 1.1), ("Group", "text", 1.2), ("Comparator", "text", 0.8), ("Group value", "number", 1.0),
        ("Comparator value", "number", 0.8), ("Difference (95 %)", "number", 1.1), ("Simultaneous 95 % interval", "number", 1.0),
        ("Part due to miscalibration", "number", 1.05), ("Part left after recalibration", "number", 0.85), ("Ratio", "number", 0.55),
        ("Adjusted p", "number", 0.65), ("Margin", "number", 0.7), ("Verdict", "verdict", 1.1), ("Extra people affected per 1,000", "number", 1.35),
        ("Why it might be wrong", "text", 1.7),
    )  # fmt: skip
    return Table(
        id="t4", number="4", title="Gaps between each group and everyone else",
        columns=tuple(Column(title=t, kind=k, width=w) for t, k, w in titles),  # type: ignore[arg-type]
        rows=tuple(rows), wide=True,
        note=(
            "Differences of percentages are in points. Verdicts rest on the simultaneous interval; no p-values are worked "
            "out for them. Of flags, flags that were right and ranking only the gaps that show stand here; the others, and "
            "intersections, are in appendix B."
        ),
    )  # fmt: skip


def _row(facts: Facts, place: int, finding: Finding) -> tuple[str, ...]:
    hidden = facts.hidden if finding.verdict is Verdict.WITHHELD else NOTHING
    share = finding.unit.startswith("share")
    scale, digits = (100.0, 1) if share else (1.0, 2)
    plain = facts.plain(finding)
    loss = facts.find(LOSS.get(finding.metric, ""), finding.subject, finding.group)
    part, rest = hidden, hidden
    if loss is not None and loss.value is not None and finding.value is not None:
        part = f"{gap(loss, loss.value)} ({within(loss, loss.low, loss.high)})"
        rest = gap(finding, finding.value - loss.value)
    elif loss is not None and finding.value is not None:
        part = "too few people to tell"
    ratio = hidden
    if finding.level is not None and finding.baseline:
        ratio = figure(finding.level / finding.baseline, 2)
    return (
        f"G{place}",
        measure(finding.metric),
        f"{finding.subject} {finding.group}",
        "everyone else" if finding.against == "rest" else str(finding.against),
        facts.cell(finding.metric, finding.subject, finding.group, digits=digits, scale=scale),
        hidden if finding.baseline is None else figure(finding.baseline * scale, digits),
        hidden
        if finding.value is None
        else gap(finding, finding.value) + (f" ({within(finding, *plain)})" if plain else ""),
        hidden if finding.low is None else within(finding, finding.low, finding.high),
        part,
        rest,
        ratio,
        "none",
        f"± {margin(finding)}",
        VERDICTS[finding.verdict],
        facts.people(finding),
        wrong(finding),
    )


def wrong(finding: Finding) -> str:
    """Why the gap could be wrong, shortly."""
    if finding.verdict is Verdict.WITHHELD:
        return "not shown"
    said = []
    if finding.grade in ("B", "C"):
        said.append("few people")
    reason = finding.reason or ""
    if "another mix of risks" in reason:
        said.append("recorded risk differs between the groups")
    if finding.bound_low is not None:
        said.append("outcomes or groups not known")
    if finding.caution:
        said.append("flags may have changed the outcome")
    if finding.within is not None:
        said.append(f"compared within {finding.within['stratum']} as well")
    return "; ".join(said) or "outcomes may be recorded differently"


def _figure(facts: Facts, found: list[Finding]) -> list[Block]:
    panels = []
    for metric, heading in (
        ("true_positive_rate", "Caught: gap in points"),
        ("false_positive_rate", "False alarms: gap in points"),
    ):
        arms = []
        for attribute, group in facts.places:
            held = next((f for f in found if f.key == (metric, attribute, group)), None)
            first = facts.groups(attribute)[:1] == (group,)
            arms.append(_arm(facts, held, f"{attribute} {group}", first))
        panels.append((heading, arms, 0.0))
    if not any(arm.value is not None for _, arms, _ in panels for arm in arms):
        return []
    widest = max(
        (f for f in found if f.metric == "true_positive_rate" and f.value is not None and not _rough(facts, f)),
        key=lambda f: abs(f.value or 0.0), default=None,
    )  # fmt: skip
    said = "No gap in being found can be shown."
    if widest is not None:
        way = "fewer" if (widest.value or 0) < 0 else "more"
        said = (
            f"The widest gap in being found: {group_name(widest.subject, widest.group)}, {abs(widest.value or 0) * 100:.0f} of every "
            f"100 {way} than everyone else ({VERDICTS[widest.verdict].lower()})."
        )
    svg = drawing.intervals(
        panels, title="Gaps against the margin", said=said, ticked=lambda v: f"{v:+g}".replace("-", "−") if v else "0",
        keys=("grey: inside the margin", "● within  ◆ different  ▲ beyond  ○ cannot tell", "intervals hold for all groups of an attribute at once"),
    )  # fmt: skip
    figure_ = Figure(
        id="f3", number="3", title="Gaps against the agreed margin", reading=said,
        alt=f"Interval plot of gaps in two measures; figures in table 4. {said}", svg=svg,
    )  # fmt: skip
    return [figure_]


def _rough(facts: Facts, finding: Finding) -> bool:
    return finding.grade == "C" and facts.shareable


def _arm(facts: Facts, finding: Finding | None, name: str, first: bool) -> Arm:
    if finding is None or finding.value is None or _rough(facts, finding):
        verdict = finding.verdict if finding else Verdict.FAILED
        note = (
            "not measured"
            if finding is None
            else "withheld"
            if verdict is Verdict.WITHHELD
            else "cannot tell"
        )
        return Arm(name, verdict, first=first, note=note)
    scale = 100.0
    band = (-finding.margin * scale, finding.margin * scale) if finding.margin else None
    low = None if finding.low is None else finding.low * scale
    high = None if finding.high is None else finding.high * scale
    return Arm(name, finding.verdict, finding.value * scale, low, high, None, band, first)

"""Section 7: the gaps. Every registered comparison with its limits, its cause as far as known, and people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashboards.report import drawing
from dashboards.report.adjusted import Key, adjusted, written
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
from dashboards.report.facts import whole as person
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
MAIN = "true_positive_rate"
CHANCE = 0.05
LONG = (
    ("ID", "text", 0.45), ("Measure", "text", 1.1), ("Group", "text", 1.2), ("Comparator", "text", 0.8), ("Group value", "number", 1.0),
    ("Comparator value", "number", 0.8), ("Difference (95 %)", "number", 1.1), ("Simultaneous 95 % interval", "number", 1.0),
    ("Part due to miscalibration", "number", 1.05), ("Part left after recalibration", "number", 0.85), ("Ratio", "number", 0.55),
    ("Adjusted p", "number", 0.65), ("Margin", "number", 0.7), ("Verdict", "verdict", 1.1), ("Extra people affected per 1,000", "number", 1.35),
    ("Why it might be wrong", "text", 1.7),
)  # fmt: skip
SHORT = (
    ("Group", "text", 1.9), ("n", "number", 0.5), ("Group value (95 %)", "number", 1.35), ("Others", "number", 0.6),
    ("Gap (simultaneous 95 %)", "number", 1.5), ("Adjusted p", "number", 0.65), ("Verdict", "verdict", 1.8),
    ("People per 1,000", "number", 1.2),
)  # fmt: skip


def section(facts: Facts) -> Section:
    """Table 4, figure 3 and what the worst of them mean in plain words."""
    drawn = [f for m in SHOWN for f in facts.of(m, crossed=False)]
    found = _first(facts)
    p = adjusted(facts, facts.judged)
    blocks: list[Block] = [_table(facts, found, p), *_figure(facts, drawn)]
    said = [
        s
        for f in worst_first(found)
        if f.verdict in (Verdict.BEYOND, Verdict.DIFFERENT) and (s := about(facts, f))
    ]
    if said:
        blocks.append(Text(paragraphs=tuple(said[:4])))
    blocks.append(Text(paragraphs=(_many(facts),)))
    return Section(number="7", id="gaps", title="Gaps", blocks=tuple(blocks))


def whole(facts: Facts) -> list[Table]:
    """Table 4 of every comparison with a comparator, a measure each, intersections among them; for the appendix.

    What is the same in every row of it stands in its title.
    """
    p, made = adjusted(facts, facts.judged), list[Table]()
    for metric in SHOWN:
        if found := facts.of(metric):
            name = f"t4{'bcdefghij'[len(made)]}"
            rows = tuple(_short(facts, f, p) for f in found)
            against = "everyone else" if found[0].against == "rest" else str(found[0].against)
            what = next((held[0] for f in found if (held := facts.affected(f))), None)
            people = f"; people of the group, per 1,000, more or fewer {what}" if what else ""
            title = f"{measure(metric)}: every group against {against}, margin ± {margin(found[0])}{people}"
            made.append(Table(id=name, number=name[1:], title=title, columns=_columns(SHORT), rows=rows))
    return made


def _first(facts: Facts) -> list[Finding]:
    """What stands in the body: what was asked beforehand, and whatever else is surely there.

    Without a plan who is found stands there whole.
    """
    asked = list(facts.registered) if facts.plan else facts.of(MAIN, crossed=False)
    seen = {f.key for f in asked}
    return asked + [
        f for m in SHOWN for f in facts.of(m, crossed=False) if f.key not in seen and f.verdict in (Verdict.BEYOND, Verdict.DIFFERENT)
    ]  # fmt: skip


def _many(facts: Facts) -> str:
    many = len([f for f in facts.judged if f.verdict is not Verdict.WITHHELD])
    return (
        f"We made {many} comparisons. If nothing differed we would still expect about {CHANCE * many:.0f} to look "
        "different at the usual cut-off. The verdicts rest on intervals that hold for all groups of an attribute "
        "at once, so they say “beyond” more rarely than that."
    )


def _table(facts: Facts, found: list[Finding], p: Mapping[Key, float]) -> Table:
    counts: dict[str, int] = {}
    rows = []
    for finding in found:
        letter = {"primary": "P", "secondary": "S", "exploratory": "E"}[facts.family(finding)]
        counts[letter] = counts.get(letter, 0) + 1
        rows.append(_row(facts, f"{letter}{counts[letter]}", finding, p))
    families = (
        "P: the primary family, S: secondary, E: exploratory, nobody asked for it beforehand."
        if facts.plan
        else "E: exploratory, as no plan was approved beforehand."
    )
    return Table(
        id="t4", number="4", title="Gaps between each group and everyone else", columns=_columns(LONG),
        rows=tuple(rows), wide=True,
        note=(
            f"{families} Differences of percentages are in points. Due to miscalibration: what goes away once the risk of this group "
            "and of each other one is put right; not told where that of one of them is not. Verdicts rest on the simultaneous interval, not on p, which "
            "is Holm’s in the primary family and Benjamini and Hochberg’s in the others. Of what was not asked, only gaps that "
            "are surely there stand here; every comparison is in appendix B, table 4b and those after it."
        ),
    )  # fmt: skip


def _columns(titles: Sequence[tuple[str, str, float]]) -> tuple[Column, ...]:
    return tuple(Column(title=t, kind=k, width=w) for t, k, w in titles)  # type: ignore[arg-type]


def _short(facts: Facts, finding: Finding, p: Mapping[Key, float]) -> tuple[str, ...]:
    held = dict(zip((title for title, _, _ in LONG), _row(facts, "", finding, p), strict=True))
    n = facts.hidden if finding.verdict is Verdict.WITHHELD or finding.n is None else f"{finding.n:,}"
    apart, people = facts.hidden, facts.affected(finding)
    if finding.value is not None:
        apart = f"{gap(finding, finding.value)} ({held['Simultaneous 95 % interval']})"
    touched = (
        NOTHING if people is None else f"{person(people[1])} ({person(people[2])} to {person(people[3])})"
    )
    return (
        held["Group"], n, held["Group value"], held["Comparator value"], apart, held["Adjusted p"], held["Verdict"],
        facts.hidden if finding.verdict is Verdict.WITHHELD else touched,
    )  # fmt: skip


def _row(facts: Facts, place: str, finding: Finding, p: Mapping[Key, float]) -> tuple[str, ...]:
    hidden = facts.hidden if finding.verdict is Verdict.WITHHELD else NOTHING
    share = finding.unit.startswith("share")
    scale, digits = (100.0, 1) if share else (1.0, 2)
    plain = facts.plain(finding)
    loss = facts.find(LOSS.get(finding.metric, ""), finding.subject, finding.group)
    part, rest = hidden, hidden
    told = facts.miscalibrated(finding)
    if told is not None and finding.value is not None:
        part = f"{gap(finding, told[0])} ({within(finding, told[1], told[2])})"
        rest = gap(finding, finding.value - told[0])
    elif loss is not None and finding.value is not None:
        part = "not told"
    ratio = hidden
    if finding.level is not None and finding.baseline:
        ratio = figure(finding.level / finding.baseline, 2)
    return (
        place,
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
        written(p, finding),
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

"""Section 10: change since last time, and since the reference."""

from __future__ import annotations

from dashboards.report import drawing
from dashboards.report.drawing import Arm
from dashboards.report.facts import NOTHING, Facts, figure, measure, spanned
from dashboards.report.model import Block, Column, Figure, Section, Table
from monitors.audit import Audit, Finding
from monitors.metric import Estimate
from monitors.words.figures import MINUS, date

WATCHED = ("auroc", "observed_expected_ratio", "true_positive_rate", "false_positive_rate", "selection_rate")
SCALES = {"auroc": (1.0, 3), "observed_expected_ratio": (1.0, 2)}
LAST = 16


def section(facts: Facts, previous: Audit | None) -> Section:
    """Table 7 and figure 5."""
    blocks: list[Block] = [_table(facts, previous)]
    blocks += _figure(facts)
    return Section(number="10", id="change", title="Change since last time", blocks=tuple(blocks))


def _table(facts: Facts, previous: Audit | None) -> Table:
    version = facts.assessed.audit.version
    rows = []
    for metric in WATCHED:
        for attribute, group in (("", None), *facts.places):
            where = ("model", None) if group is None else (attribute, group)
            found = facts.find(metric, *where)
            if found is None or (
                metric not in ("true_positive_rate", "observed_expected_ratio") and group is not None
            ):
                continue
            scale, digits = SCALES.get(metric, (100.0, 1))
            now, was = facts.own(metric, *where), facts.assessed.before.get((metric, *where))
            rows.append(
                (
                    measure(metric),
                    "everyone" if group is None else f"{attribute} {group}",
                    facts.cell(metric, attribute, group, digits=digits, scale=scale),
                    _last(previous, metric, where, scale, digits),
                    spanned(was, digits=digits, scale=scale)
                    if was is not None and was.value is not None
                    else NOTHING,
                    _moved(now, was, scale, digits),
                    _signal(facts, metric, where),
                    version,
                )
            )
    titles = (
        ("Measure", "text", 1.6), ("Group", "text", 1.65), ("This period", "number", 1.5), ("Last period", "number", 1.0),
        ("Baseline (reference)", "number", 1.5), ("Change since baseline", "number", 0.9), ("Chart signal", "text", 0.8), ("Version in force", "text", 0.6),
    )  # fmt: skip
    return Table(
        id="t7", number="7", title="Trend",
        columns=tuple(Column(title=t, kind=k, width=w) for t, k, w in titles),  # type: ignore[arg-type]
        rows=tuple(rows),
        note="A change is the difference of the two values; where both intervals overlap it may be chance. A dash in the baseline: a group there is too small to show."
        + ("" if previous else " No earlier report of this edition is there to compare with; the reference stands in its place."),
    )  # fmt: skip


def _last(
    previous: Audit | None, metric: str, where: tuple[str, str | None], scale: float, digits: int
) -> str:
    found = previous.finding((metric, *where)) if previous else None
    if found is None:
        return "no report"
    value = found.level if found.group is not None and found.level is not None else found.value
    return NOTHING if value is None else figure(value * scale, digits)


def _moved(now: Estimate | None, was: Estimate | None, scale: float, digits: int) -> str:
    if now is None or was is None or now.value is None or was.value is None:
        return NOTHING
    shown = figure((now.value - was.value) * scale, digits)
    return shown if shown.startswith(MINUS) else f"+{shown}"


def _signal(facts: Facts, metric: str, where: tuple[str, str | None]) -> str:
    held: Finding | None = facts.find(f"slow:{metric}", *where)
    return "none" if held is None or held.since is None else f"drifting since {held.since[:10]}"


def _figure(facts: Facts) -> list[Block]:
    history = [a for a in facts.assessed.history if a.version == facts.assessed.audit.version][-LAST:]
    if len(history) < 3:
        return []
    strips = []
    for metric in ("auroc", "observed_expected_ratio", "true_positive_rate"):
        scale, _ = SCALES.get(metric, (100.0, 1))
        arms = []
        for audit in history:
            found = audit.finding((metric, "model", None))
            label = date(audit.window.end).partition(" ")[2]
            if found is None or found.value is None:
                continue
            band = None
            if found.margin is not None and found.baseline is not None:
                reach = found.margin * (found.baseline if metric == "observed_expected_ratio" else 1.0)
                band = ((found.baseline - reach) * scale, (found.baseline + reach) * scale)
            low = None if found.low is None else found.low * scale
            high = None if found.high is None else found.high * scale
            arms.append(Arm(label, found.verdict, found.value * scale, low, high, None, band))
        if len(arms) >= 3:
            strips.append((measure(metric), arms))
    if not strips:
        return []
    said = f"{len(history)} windows up to {date(history[-1].window.end)}; grey is what the margin allows."
    svg = drawing.trend(strips, title="Window after window", said=said, ticked=lambda v: f"{v:g}")
    return [
        Figure(
            id="f5",
            number="5",
            title="Window after window",
            reading=said,
            alt=f"Points with intervals for {len(strips)} measures. {said}",
            svg=svg,
        )
    ]

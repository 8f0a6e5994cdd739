"""From audits to charts: which findings make a timeline, a drift map or a forest plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from dashboards.charts.forest import WORDS
from dashboards.charts.heatmap import axis, strip
from dashboards.charts.svg import element, joined
from dashboards.charts.timeline import Mark, Point, timeline
from monitors.audit import WORST_FIRST, Audit, Finding, Verdict
from monitors.slow import began
from monitors.turns import Turn
from monitors.window import Window
from monitors.words.figures import counted, day, interval, measured, period, tick
from monitors.words.names import measure, title
from monitors.words.sentences import sentence
from monitors.worst import RATIOS, excess, worst_first

# What a reader looks at first; of each, the subject that stands for the whole model.
KEY = (
    ("rows", "rows"),
    ("wasserstein", "score"),
    ("total_variation", "decision"),
    ("total_variation", "outcome"),
    ("auroc", None),
    ("observed_expected_ratio", None),
    ("calibration_slope", None),
    ("calibration_intercept", None),
    ("true_positive_rate", None),
    ("positive_predictive_value", None),
    ("selection_rate", None),
    ("brier", None),
)
MAP_WINDOWS, MAP_ROWS = 16, 40


def key_findings(audit: Audit) -> list[Finding]:
    """One finding for each key measure the audit has; of each family without one, its worst with a value."""
    found = []
    for metric, subject in KEY:
        fits = (
            f
            for f in audit.findings
            if f.metric == metric and f.group is None and subject in (None, f.subject)
        )
        found += [f for f in (next(fits, None),) if f]
    told = {f.family for f in found}
    for finding in worst_first(f for f in audit.findings if f.value is not None and f.slow is None):
        if finding.family not in told:
            found.append(finding)
            told.add(finding.family)
    return found


def allowed(finding: Finding) -> tuple[tuple[float, float] | None, float | None]:
    """What the margin allows, and the target it is drawn about."""
    if finding.group is not None:
        return ((-finding.margin, finding.margin) if finding.margin else None), 0.0
    if finding.slow is not None and finding.margin:
        return (-finding.margin, finding.margin), 0.0
    target = finding.baseline
    if not finding.margin:
        return None, target
    if target is None:
        return (0.0, finding.margin), None
    reach = finding.margin * target if finding.metric in RATIOS else finding.margin
    low, high = target - reach, target + reach
    if finding.unit.startswith("share"):
        low, high = max(low, 0.0), min(high, 1.0)
    return (low, high), target


def timeline_of(
    history: Sequence[Audit], finding: Finding, shown: Audit, turned: Sequence[Turn] = ()
) -> Markup:
    """The same check over all windows: the one being read marked, what changed as lines, slow change too."""
    band, target = allowed(finding)
    gap = finding.group is not None
    points = []
    for audit in history:
        held = audit.finding(finding.key)
        if held is None:
            continue
        value = measured(held.value, held.unit, gap=gap)
        between = interval(held.low, held.high, held.unit, gap=gap)
        said = f"{period(audit.window)}: {value}{f' ({between})' if between else ''}, {WORDS[held.verdict]}"
        points.append(
            Point(audit.window.end, held.verdict, held.value, held.low, held.high, held.chance, said)
        )
    if not any(p.value is not None for p in points):
        return Markup("")  # an empty scale would look like a measured nothing
    beyond = sum(p.verdict is Verdict.BEYOND for p in points)
    told = f"{counted(len(points), 'window')}, {beyond} beyond the margin. {sentence(finding)}"
    slow = slow_change(shown, finding)
    marks, crept = [*changed(turned), *_since(slow, history)], sentence(slow) if slow else ""
    chart = timeline(
        points,
        title=title(finding),
        description=told,
        band=band,
        target=target,
        shown=shown.window.end if len(points) > 1 else None,
        marks=marks,
        written=lambda value: tick(value, finding.unit, gap=gap),
    )
    return joined((chart, element("p", crept, class_="reading"))) if crept else chart


def changed(turned: Sequence[Turn]) -> list[Mark]:
    """A line for each window before which something changed, between its mark and the one before."""
    by_window: dict[Window, list[Turn]] = {}
    for turn in turned:
        by_window.setdefault(turn.window, []).append(turn)
    return [
        Mark(
            window.start + window.duration / 2,
            ", ".join(t.short for t in held[:2]),
            "; ".join(t.words for t in held),
        )
        for window, held in by_window.items()
    ]


def slow_change(audit: Audit, finding: Finding) -> Finding | None:
    """The slow change of a check that stands in a window, where one does."""
    key = (finding.metric, finding.subject, finding.group)
    crept = (f for f in audit.findings if (f.slow, f.subject, f.group) == key and f.since is not None)
    return next(crept, None)


def _since(slow: Finding | None, history: Sequence[Audit]) -> list[Mark]:
    first = began(slow, history) if slow else None
    if slow is None or first is None:
        return []
    return [Mark(first.start + first.duration / 2, "drifting", sentence(slow).rstrip("."), "crept")]


@dataclass(frozen=True, slots=True)
class Shifted:
    """One column of the drift map: its worst finding in the window shown, and its windows."""

    subject: str
    finding: Finding | None
    cells: Markup
    verdicts: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class DriftMap:
    """Columns by windows, worst first; `left_out` are further columns, furthest from trouble."""

    rows: tuple[Shifted, ...]
    axis: Markup
    left_out: int
    audits: tuple[Audit, ...]


def drift_map(history: Sequence[Audit], shown: Audit, *, everything: bool = False) -> DriftMap:
    """The drift of every column in the windows up to the one shown, or about it."""
    place = next(i for i, audit in enumerate(history) if audit is shown)
    last = min(len(history), max(place + 1, MAP_WINDOWS))
    audits = history[max(0, last - MAP_WINDOWS) : last]
    now = next(i for i, audit in enumerate(audits) if audit is shown)
    grid: dict[str, list[Finding | None]] = {}
    for at, audit in enumerate(audits):
        drifts = (f for f in audit.findings if f.family == "drift" and f.group is None and not f.slow)
        for finding in reversed(worst_first(f for f in drifts if f.severity != "info")):
            grid.setdefault(finding.subject, [None] * len(audits))[at] = finding

    def worst(line: tuple[str, list[Finding | None]]) -> tuple[int, float, int, str]:
        ranks = [WORST_FIRST.index(f.verdict) if f else len(WORST_FIRST) for f in line[1]]
        held = line[1][now]
        return ranks[now], -excess(held) if held else 0.0, sum(ranks), line[0]

    ranked = sorted(grid.items(), key=worst)
    kept = ranked if everything else ranked[:MAP_ROWS]
    periods = [period(audit.window) for audit in audits]
    dates = [day(audit.window.end).rpartition(" ")[0] for audit in audits]
    rows = (
        Shifted(
            subject,
            line[now],
            _strip(subject, line, periods, now),
            tuple(str(f.verdict) if f else None for f in line),
        )
        for subject, line in kept
    )
    return DriftMap(tuple(rows), axis(dates), len(ranked) - len(kept), tuple(audits))


def _strip(subject: str, line: Sequence[Finding | None], periods: Sequence[str], shown: int) -> Markup:
    said = [
        f"{when}: {measure(f.metric)} {measured(f.value, f.unit)}, {WORDS[f.verdict]}"
        if f
        else f"{when}: not measured"
        for f, when in zip(line, periods, strict=True)
    ]
    beyond = sum(f is not None and f.verdict is Verdict.BEYOND for f in line)
    title = f"{subject}: beyond in {beyond} of {counted(len(line), 'window')}"
    return strip([f.verdict if f else None for f in line], title=title, said=said, shown=shown)

"""Tables: what a page shows as rows and columns, the same for JSON and for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from dashboards.board import Row
from dashboards.graphs import DriftMap
from dashboards.stretch import Listed
from monitors.acting import Held, Mark
from monitors.audit import Finding
from monitors.review import Line
from monitors.turns import Turn
from monitors.views import ByGroup, Overlaid
from monitors.window import Window, utc
from monitors.words.figures import period

Cell = str | int | float | None
STARTS = "=+-@\t\r\n|%\uff1d\uff0b\uff0d\uff20"  # what a spreadsheet may take for a formula


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns and rows of plain values; None is "not known" or "withheld", never zero.

    >>> table = Table(("group", "n"), (("=1+1", 12), ("b", None)))
    >>> table.records()[1]
    {'group': 'b', 'n': None}
    >>> table.csv().splitlines()
    ['group,n', "'=1+1,12", 'b,']
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def records(self) -> list[dict[str, Cell]]:
        """As JSON wants it."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def csv(self) -> str:
        """As RFC 4180 wants it; text that a spreadsheet would run gets an apostrophe before it."""
        held = io.StringIO()
        writer = csv.writer(held)
        writer.writerow([safe(name) for name in self.columns])
        writer.writerows([safe(cell) for cell in row] for row in self.rows)
        return held.getvalue()


def safe(cell: Cell) -> Cell:
    """Text with an apostrophe before it where it could be run; numbers as they are.

    >>> safe("@SUM(1)"), safe(-0.5), safe(" =1"), safe("race")
    ("'@SUM(1)", -0.5, "' =1", 'race')
    """
    if isinstance(cell, str) and cell.lstrip(" \u00a0")[:1] and cell.lstrip(" \u00a0")[0] in STARTS:
        return f"'{cell}"
    return cell


FINDING = (
    "metric", "family", "subject", "group", "against", "verdict", "value", "low", "high", "unit", "margin",
    "chance", "n", "events", "reference_n", "baseline", "level", "grade", "severity", "reason", "rule",
    "bound_low", "bound_high",
)  # fmt: skip


def findings(held: Iterable[Finding]) -> Table:
    """Every field of each that people read, and what would decide those that cannot be told."""
    columns = (*FINDING, "needs_n", "needs_windows")
    return Table(columns, tuple((*_fields(f), *_needs(f)) for f in held))


def _fields(finding: Finding) -> tuple[Cell, ...]:
    held = finding.payload()
    return tuple(held[name] for name in FINDING)


def _needs(finding: Finding) -> tuple[Cell, Cell]:
    needs = finding.needs or {}
    return needs.get("n"), needs.get("windows")


def fleet(rows: Iterable[Row], families: Sequence[str]) -> Table:
    """The ward board."""
    columns = (
        "model",
        "title",
        "version",
        "risk_tier",
        "owner",
        "sites",
        "sites_left",
        "state",
        "window",
        "due",
        *families,
        "worst",
        "open_alerts",
        "answered_alerts",
        "next_review",
    )
    return Table(
        columns,
        tuple(
            (
                row.model,
                row.title,
                row.version,
                row.tier,
                row.owner,
                "; ".join(row.sites) or None,
                row.sites_left,
                row.state,
                str(row.glance.window) if row.glance else None,
                utc(row.freshness.due) if row.freshness.due else None,
                *(
                    f"{cell.count} {cell.verdict}"
                    if row.glance and (cell := row.glance.cells.get(f))
                    else None
                    for f in families
                ),
                row.told or None,
                row.alerts,
                row.answered,
                row.review.isoformat() if row.review else None,
            )
            for row in rows
        ),
    )


def heard(rows: Iterable[Row]) -> Table:
    """When each model was last heard: windows missed, when the next audit is due, when the last came."""
    columns = ("model", "title", "freshness", "missed", "due", "window", "written")
    return Table(
        columns,
        tuple(
            (
                row.model,
                row.title,
                row.freshness.state,
                row.freshness.missed,
                utc(row.freshness.due) if row.freshness.due else None,
                str(row.glance.window) if row.glance else None,
                utc(row.glance.at) if row.glance else None,
            )
            for row in rows
        ),
    )


def windows(history: Iterable[Listed], turned: Iterable[Turn] = ()) -> Table:
    """The audited windows of a model, oldest first, each with what changed before it."""
    columns = (
        "window", "version", "stage", "revision", "rows", "verdict", "written", "audit", "href", "changed",
    )  # fmt: skip
    before: dict[Window, list[str]] = {}
    for turn in turned:
        before.setdefault(turn.window, []).append(turn.words)
    rows = []
    for each in history:
        audit, window = each.outline, str(each.outline.window)
        href = f"/api/models/{quote(audit.model, safe='')}/windows/{window}"
        changed = "; ".join(before.get(audit.window, ())) or None
        facts = (window, audit.version, audit.stage, each.revision, audit.rows, str(each.worst))
        rows.append((*facts, utc(each.at), each.digest, href, changed))
    return Table(columns, tuple(rows))


def drift(shown: DriftMap) -> Table:
    """Features by windows: each square's verdict, and the figures of the window shown."""
    dates = tuple(period(audit.window) for audit in shown.audits)
    rows = []
    for row in shown.rows:
        f = row.finding
        figures = (f.metric, f.value, f.chance, f.margin, f.n) if f else (None,) * 5
        rows.append((row.subject, str(f.verdict) if f else None, *figures, *row.verdicts))
    return Table(("column", "verdict", "measure", "shift", "chance", "margin", "n", *dates), tuple(rows))


def distribution(shown: Overlaid | None) -> Table:
    """A column's bins and what is in none of them."""
    columns = ("bin", "now", "reference")
    if shown is None:
        return Table(columns, ())
    bins = zip(shown.labels, shown.now, shown.reference, strict=True)
    places = ((name, *pair) for name, pair in shown.places.items())
    return Table(columns, (*bins, *places))


def curves(shown: ByGroup | None) -> Table:
    """Calibration, scores by outcome and net benefit, a row each group and score bin."""
    columns = (
        "attribute", "group", "score_from", "score_to", "predicted", "observed", "low", "high",
        "share_of_those_with", "share_of_those_without", "net_benefit_from_here", "net_benefit_of_all",
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for scores in shown.shown if shown else ():
        worth = scores.net_benefit()
        for i, (start, end) in enumerate(zip(scores.edges, scores.edges[1:], strict=False)):
            rows.append(
                (
                    shown.attribute if shown else "",
                    scores.group,
                    start,
                    end,
                    scores.predicted[i],
                    scores.observed[i],
                    scores.low[i],
                    scores.high[i],
                    scores.positives[i],
                    scores.negatives[i],
                    worth[i][1],
                    worth[i][2],
                )
            )
    return Table(columns, tuple(rows))


def alerts(held: Iterable[Held]) -> Table:
    """Every alert, and what was said to it."""
    columns = (
        "key", "state", "model", "severity", "summary", "description", "raised", "closed", "acknowledged_by",
        "acknowledged_because", "silenced_by", "silenced_until", "silenced_because", "not_useful_by",
        "not_useful_because",
    )  # fmt: skip
    rows = []
    for alert in held:
        said, notice = alert.notice.annotations, alert.notice
        taken, quiet, useless = alert.acknowledged, alert.silenced, alert.not_useful
        row: tuple[Cell, ...] = (
            alert.key,
            alert.state,
            notice.model,
            notice.severity,
            said.get("summary"),
            said.get("description"),
            utc(alert.raised),
            utc(alert.closed) if alert.closed else None,
            *_said(taken),
            quiet.by if quiet else None,
            utc(quiet.until) if quiet and quiet.until else None,
            quiet.reason if quiet else None,
            *_said(useless),
        )
        rows.append(row)
    return Table(columns, tuple(rows))


def _said(mark: Mark | None) -> tuple[Cell, Cell]:
    return (mark.by, mark.reason) if mark else (None, None)


def reviewed(lines: Iterable[Line]) -> Table:
    """A month of alerts by rule; times in hours."""
    columns = (
        "rule", "severity", "fired", "trial", "acted", "by_itself", "again", "not_useful", "answer_hours",
        "open_hours", "actionable", "proposal",
    )  # fmt: skip
    return Table(
        columns,
        tuple(
            (
                line.rule,
                line.severity,
                line.fired,
                line.trial,
                line.acted,
                line.alone,
                line.again,
                line.useless,
                _hours(line.answer),
                _hours(line.open_for),
                line.actionable,
                line.proposal,
            )
            for line in lines
        ),
    )


def _hours(stretch: timedelta | None) -> float | None:
    return None if stretch is None else round(stretch.total_seconds() / 3600, 2)

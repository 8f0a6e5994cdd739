"""Appendix J: selection rates in the layout of New York City's Local Law 144. A format only: see its note."""

from __future__ import annotations

from dashboards.report.facts import NOTHING, Facts, figure
from dashboards.report.model import Column, Row, Section, Table, Text
from monitors.audit import Finding, Verdict

SAID = (
    "Some committees know this table from employment, for which that law was made; it says nothing about patients. Here to be flagged "
    "need not be a good: read the gaps in section 7, which ask who is missed. The impact ratio sets each rate against the highest "
    "shown of its attribute, which is chosen after the fact. Where that law would show a group of under 2 %, withholding comes first."
)


def section(facts: Facts) -> Section:
    """One row a group of every attribute and intersection, whose figures are those of the report."""
    rows: list[Row] = []
    for attribute in (*facts.attributes, *facts.intersections):
        found = [(group, facts.find("selection_rate", attribute, group)) for group in facts.groups(attribute)]
        levels = [f.level for _, f in found if f is not None and f.level is not None and _shown(f)]
        most = max(levels, default=None)
        rows += [_line(facts, attribute, group, f, most) for group, f in found]
    return Section(
        number="J", id="rates", title="Selection rates",
        blocks=(
            Text(paragraphs=(SAID,)),
            Table(
                id="rates", number="", title="Who was flagged, and the impact ratio",
                columns=(
                    Column(title="Category", width=1.8), Column(title="Scored", kind="number"), Column(title="Flagged", kind="number"),
                    Column(title="Selection rate %", kind="number"), Column(title="Impact ratio", kind="number"),
                ),
                rows=tuple(rows),
            ),
        ),
    )  # fmt: skip


def _shown(finding: Finding) -> bool:
    return finding.verdict is not Verdict.WITHHELD and finding.n is not None and finding.events is not None


def _line(facts: Facts, attribute: str, group: str, finding: Finding | None, most: float | None) -> Row:
    name = f"{attribute} {group}"
    if finding is None or finding.level is None or not _shown(finding):
        return name, *(facts.hidden,) * 4
    if facts.shareable and finding.grade == "C":
        return name, f"{finding.n:,}", f"{finding.events:,}", "cannot tell", "cannot tell"
    ratio = figure(finding.level / most, 2) if most else NOTHING
    return name, f"{finding.n:,}", f"{finding.events:,}", figure(finding.level * 100), ratio

"""Section 8: what staff did with it."""

from __future__ import annotations

from dashboards.report.facts import NOTHING, VERDICTS, Facts
from dashboards.report.model import Block, Column, Section, Table, Text


def section(facts: Facts) -> Section:
    """Table 5, or that nobody recorded it."""
    blocks: list[Block] = []
    if facts.assessed.config.columns.action is None:
        said = (
            "We did not check what staff did with the flags because it is not recorded. We do not know whether people of "
            "some groups were acted on less often, or overridden more often."
        )
        blocks.append(Text(paragraphs=(said,)))
    else:
        blocks.append(_table(facts))
    blocks.append(
        Text(
            paragraphs=(
                (
                    "People who were flagged may have been treated. Where treatment works, the tool looks worse than it is. "
                    "These figures cannot separate the two."
                ),
            )
        )
    )
    return Section(number="8", id="staff", title="What staff did with it", blocks=tuple(blocks))


def _table(facts: Facts) -> Table:
    rows = []
    for attribute, group in facts.places:
        where = (attribute, group)
        flagged, acted = facts.find("selection_rate", *where), facts.find("action_rate", *where)
        n = flagged.events if flagged else None
        rows.append(
            (
                f"{attribute} {group}",
                f"{n:,}" if n is not None else facts.hidden,
                "not recorded",
                facts.cell("action_rate", *where),
                facts.cell("override_rate", *where),
                facts.cell("override_right_rate", *where),
                facts.cell("time_to_action", *where, digits=0, scale=1.0),
                NOTHING,
                VERDICTS[acted.verdict] if acted else "not judged",
            )
        )
    titles = (
        ("Group", "text", 1.4), ("Flagged", "number", 0.8), ("Seen by staff %", "number", 0.8), ("Acted %", "number", 1.1),
        ("Overridden %", "number", 1.1), ("Override later right %", "number", 1.1), ("Median time from flag to action", "number", 1.0),
        ("Top 3 override reasons", "text", 0.9), ("Verdict", "verdict", 1.2),
    )  # fmt: skip
    return Table(
        id="t5", number="5", title="What staff did",
        columns=tuple(Column(title=t, kind=k, width=w) for t, k, w in titles),  # type: ignore[arg-type]
        rows=tuple(rows),
    )  # fmt: skip

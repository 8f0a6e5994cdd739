"""Section 13: what may be decided, and what it would do to people."""

from __future__ import annotations

from dashboards.report.consequences import Effect, Option, options, weight
from dashboards.report.facts import NOTHING, Facts, figure, whole
from dashboards.report.model import Block, Column, Section, Table, Text


def section(facts: Facts) -> Section:
    """Table 8, for everyone and by group."""
    found = options(facts)
    blocks: list[Block] = [_table(facts, found), _by_group(facts, found)]
    blocks.append(
        Text(
            paragraphs=(
                (
                    "These are predictions from people who were scored in this period. They do not count what staff would do "
                    "differently, nor what a better or worse alternative to the tool would find."
                ),
            )
        )
    )
    return Section(number="13", id="options", title="Options and likely consequences", blocks=tuple(blocks))


def short(facts: Facts) -> Table:
    """The same for page 1: everyone, four columns."""
    rows = tuple(
        (o.name, *(_people(o.effects.get(None), part, o) for part in ("flagged", "missed", "alarms")))
        for o in options(facts)
        if None in o.effects or o.name == "Do nothing"
    )
    return Table(
        id="options1", number="", title="Options, per 1,000 people scored",
        columns=(
            Column(title="Option", width=1.6), Column(title="Flagged", kind="number"),
            Column(title="Missed", kind="number"), Column(title="False alarms", kind="number"),
        ),
        rows=rows,
    )  # fmt: skip


def _people(effect: Effect | None, part: str, option: Option) -> str:
    if effect is None:
        return NOTHING
    value: float = getattr(effect, part)
    return f"{'about ' if option.coarse else ''}{value:,.0f}"


def _table(facts: Facts, found: tuple[Option, ...]) -> Table:
    rows = []
    for option in found:
        held = option.effects.get(None)
        by = "; by group in table 8b" if len(option.effects) > (1 if held else 0) else ""
        cells = [
            f"{_people(held, part, option)}{by}" if held else "by group in table 8b"
            for part in ("flagged", "missed", "alarms")
        ]
        rows.append(
            (
                option.name,
                option.changes,
                *cells,
                _benefit(facts, option, found[0]),
                option.work,
                option.agree,
                option.reversible,
                option.evidence,
            )
        )
    titles = (
        ("Option", "text", 1.1), ("What changes", "text", 1.4), ("Predicted flagged per 1,000", "number", 1.0), ("Predicted missed per 1,000", "number", 1.0),
        ("Predicted false alarms per 1,000", "number", 1.0), ("Net benefit change per 1,000 (95 %)", "number", 1.1), ("Work and cost", "text", 1.2),
        ("Who must agree", "text", 1.2), ("Reversible?", "text", 0.8), ("Evidence strength", "text", 1.2),
    )  # fmt: skip
    return Table(
        id="t8", number="8", title="Options",
        columns=tuple(Column(title=t, kind=k, width=w) for t, k, w in titles),  # type: ignore[arg-type]
        rows=tuple(rows), wide=True,
        note="Net benefit: people rightly flagged per 1,000, less false alarms weighed as the threshold in use weighs them.",
    )  # fmt: skip


def _benefit(facts: Facts, option: Option, now: Option) -> str:
    cost, had = weight(facts), facts.prevalence("", None)
    before, after = now.effects.get(None), option.effects.get(None)
    if option is now:
        return "0"
    if cost is None or had is None or before is None or after is None:
        return NOTHING
    change = after.benefit(had, cost) - before.benefit(had, cost)
    worth = facts.own("net_benefit")
    if (
        option.name == "Turn it off"
        and worth is not None
        and worth.low is not None
        and worth.high is not None
    ):
        return f"{whole(change)} ({whole(-worth.high * 1000)} to {whole(-worth.low * 1000)})"
    return f"about {whole(round(change, -1))}" if option.coarse else whole(change)


def _by_group(facts: Facts, found: tuple[Option, ...]) -> Table:
    kept = [o for o in found if any(place is not None for place in o.effects)]
    rows = []
    for attribute, group in facts.places:
        cells = []
        for option in kept:
            held = option.effects.get((attribute, group))
            cells.append(
                NOTHING
                if held is None
                else f"{figure(held.flagged, 0)} / {figure(held.missed, 0)} / {figure(held.alarms, 0)}"
            )
        rows.append((f"{attribute} {group}", *cells))
    return Table(
        id="t8b", number="8b", title="Options by group: flagged / missed / false alarms per 1,000 of the group",
        columns=(Column(title="Group", width=1.4), *(Column(title=o.name, kind="number", width=1.2) for o in kept)),
        rows=tuple(rows),
        note="A dash: it would be worked out from too few people, or its parts are not shown.",
    )  # fmt: skip

"""Section 4: the data. Who was scored, of whom what is known, and who drops out on the way."""

from __future__ import annotations

from dashboards.report import drawing
from dashboards.report.facts import NOTHING, Facts, figure
from dashboards.report.model import Block, Column, Figure, Section, Table, Text
from monitors.audit import Verdict
from monitors.interval import wilson


def section(facts: Facts) -> Section:
    """Tables 1 and 2 and the flow."""
    blocks: list[Block] = [_scored(facts), _quality(facts)]
    if flow := _flow(facts):
        blocks.append(flow)
    if facts.assessed.aside:
        blocks.append(
            Text(
                paragraphs=(
                    (
                        "A handful of records without a score, a decision or a known outcome was set aside. "
                        "How many, and of which group, is not told: so few people could be recognised."
                    ),
                )
            )
        )
    return Section(number="4", id="data", title="The data", blocks=tuple(blocks))


def _scored(facts: Facts) -> Table:
    rows = [_line(facts, "everyone", "everyone", None)]
    rows += [_line(facts, attribute, group, group) for attribute, group in facts.places]
    titles = (
        ("Attribute", "text", 0.9), ("Group", "text", 1.5), ("Patients", "number", 0.8), ("Scored encounters", "number", 0.9),
        ("% of audited", "number", 0.8), ("% of eligible population", "number", 0.9), ("% in vendor training data", "number", 0.9),
        ("Outcome events", "number", 0.8), ("Observed outcome % (95 % interval)", "number", 1.5), ("Median score", "number", 0.8),
        ("Source of attribute", "text", 1.1), ("Note", "text", 1.2),
    )  # fmt: skip
    return Table(
        id="t1",
        number="1",
        title="Who was scored",
        columns=tuple(Column(title=t, kind=k, width=w) for t, k, w in titles),  # type: ignore[arg-type]
        rows=tuple(rows),
        note=(
            "A dash: not recorded, or not declared: who ought to have been scored, who was in the vendor's training data, and how an "
            "attribute came to be known (told by the patient, by staff, or inferred). Where a person was scored once, patients and "
            "scored encounters are the same."
        ),
    )


def _line(facts: Facts, attribute: str, name: str, group: str | None) -> tuple[str, ...]:
    n, whole = facts.size(attribute, group), facts.size("", None)
    held = facts.labelled(attribute, group)
    columns = facts.assessed.config.columns
    once = columns.patient is not None and columns.patient == columns.id
    hidden = facts.hidden
    observed = hidden
    if held:
        low, high = wilson(held[1], held[0])
        observed = f"{held[1] / held[0] * 100:.1f} ({low * 100:.1f} to {high * 100:.1f})"
    pool = facts.assessed.pools.get(attribute, {}).get(group or "")
    note = f"holds {', '.join(pool)}" if pool else "of everyone" if group is None else ""
    return (
        attribute,
        name,
        (f"{n:,}" if n is not None else hidden) if once else "not counted",
        f"{n:,}" if n is not None else hidden,
        f"{n / whole * 100:.1f}" if n is not None and whole else hidden,
        _eligible(facts, attribute, group),
        NOTHING,
        f"{held[1]:,}" if held else hidden,
        observed,
        _median(facts, attribute, group),
        NOTHING,
        note,
    )


def _eligible(facts: Facts, attribute: str, group: str | None) -> str:
    found = facts.find("coverage", attribute if group is not None else "model", group)
    if found is None:
        return NOTHING
    level = found.level if found.level is not None else found.value
    return facts.hidden if found.verdict is Verdict.WITHHELD or level is None else figure(level * 100)


def _median(facts: Facts, attribute: str, group: str | None) -> str:
    """To the nearest twentieth, of a hundred people or more: it tells nobody's own score."""
    n = facts.size(attribute, group)
    if n is None or n < 100 or facts.assessed.again:
        return facts.hidden
    cube = facts.assessed.profile.cubes.get(attribute if group is not None else "")
    if cube is None:
        return NOTHING
    tally = cube.tally(group) if group is not None else cube.tally()
    upto, half = 0, tally.scored.sum() / 2
    for score, held in zip(tally.score, tally.scored, strict=True):
        upto += int(held)
        if upto >= half:
            return f"{round(float(score) * 20) / 20:.2f}"
    return NOTHING


def _quality(facts: Facts) -> Table:
    rows: list[tuple[str, ...]] = []
    for attribute in facts.attributes:
        found = facts.find("unknown_share", attribute)
        if found is not None:
            missing = facts.hidden if found.value is None else f"{found.value * 100:.1f}"
            effect = _effect(found.value)
            rows.append(
                (
                    f"{attribute} (demographics)",
                    "everyone",
                    missing,
                    "not recorded",
                    "not recorded",
                    NOTHING,
                    effect,
                )
            )
    for metric, field in (
        ("label_coverage", "outcome not yet known"),
        ("scored_share", "on record, not scored"),
    ):
        found_any = False
        for attribute, group in facts.places:
            found = facts.find(metric, attribute, group)
            if found is None or found.level is None:
                continue
            found_any = True
            gap = f"{-(found.value or 0) * 100:+.1f} against the others".replace("-", "−")
            rows.append(
                (field, f"{attribute} {group}", f"{(1 - found.level) * 100:.1f}", "not recorded", "not recorded", gap, _effect(1 - found.level))
            )  # fmt: skip
        if not found_any:
            rows.append(
                (
                    field,
                    "everyone",
                    "fewer than 1" if facts.assessed.aside else "not told",
                    "not recorded",
                    "not recorded",
                    NOTHING,
                    "none",
                )
            )
    rows.append(
        (
            "scored but excluded",
            "everyone",
            "a handful" if facts.assessed.aside else "none",
            NOTHING,
            NOTHING,
            NOTHING,
            "none",
        )
    )
    label = facts.assessed.config.columns.outcome or "none"
    rows.append(
        ("source of the label", "everyone", f"column “{label}”", NOTHING, NOTHING, NOTHING, "see section 11")
    )
    titles = (
        ("Field", "text", 1.4), ("Group", "text", 1.2), ("% missing", "number", 0.8), ("% late by more than 30 days", "number", 0.9),
        ("% changed after first entry", "number", 0.9), ("Difference from the others", "number", 1.2), ("Effect on this audit", "text", 1.5),
    )  # fmt: skip
    return Table(
        id="t2",
        number="2",
        title="Data quality by group",
        columns=tuple(Column(title=t, kind=k, width=w) for t, k, w in titles),  # type: ignore[arg-type]
        rows=tuple(rows),
    )


def _effect(missing: float | None) -> str:
    if missing is None:
        return "not known"
    if missing < 0.01:
        return "none"
    return "wider intervals" if missing < 0.1 else "possible bias, direction not known"


def _flow(facts: Facts) -> Figure | None:
    """Shares of those on record, by group; only where they are told."""
    rows = []
    for attribute, group in facts.places:
        scored, known = (
            facts.find("scored_share", attribute, group),
            facts.find("label_coverage", attribute, group),
        )
        if scored is None or known is None or scored.level is None or known.level is None:
            continue
        steps = (("on record", 1.0), ("scored", scored.level), ("outcome known", scored.level * known.level))
        rows.append((f"{attribute} {group}", steps))
    if not rows:
        return None
    least = min(rows, key=lambda row: row[1][2][1])
    said = (
        f"Fewest are left of {least[0]}: {least[1][2][1] * 100:.0f} of every 100 on record can be looked at."
    )
    return Figure(
        id="f6", number="6", title="Who drops out before being measured", reading=said,
        alt=f"Bars for {len(rows)} groups: on record, scored, outcome known. {said}",
        svg=drawing.bars(rows, title="Who drops out", said=said),
    )  # fmt: skip

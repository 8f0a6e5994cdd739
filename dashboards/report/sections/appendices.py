"""The appendices: methods, every figure, what was withheld, where it comes from, and how to check it."""

from __future__ import annotations

from dashboards.report.facts import NOTHING, VERDICTS, Facts, gap, margin, measure, within
from dashboards.report.model import Column, Points, Section, Table, Text
from monitors.audit import Finding, Verdict
from monitors.bootstrap import DRAWS, SEED
from monitors.release import RULES
from monitors.told import APART, FLOOR


def appendices(facts: Facts) -> tuple[Section, ...]:
    """A to I; those that need what nobody declared are left out."""
    return (
        _methods(facts),
        _everything(facts),
        _withheld(facts),
        _lineage(facts),
        _again(facts),
        _words(),
        _chain(facts),
    )


def _methods(facts: Facts) -> Section:
    compared = len(facts.judged)
    items = (
        "Shares have Wilson's interval; where patients repeat, on as many rows as theirs are worth.",
        "A difference of two shares has Newcombe's interval, at a level that holds for all groups of an attribute at once (Šidák).",
        "AUROC has DeLong's interval; observed over expected the interval of its logarithm; the slope its profile likelihood.",
        (f"Miscalibration: in each group the log-odds of the score are fitted to the outcomes (intercept and slope; intercept alone "
        f"under 50 events). Its intervals come from {DRAWS:,} draws of the group's people, refitted in each, all groups held at "
        f"once (max-T), seed {SEED}."),
        ("A verdict: beyond where the whole interval lies past the margin, within where it lies inside, different where it leaves "
        "out zero, else cannot tell. An interval too wide for a verdict gives “cannot tell” (grade C)."),
        ("Grades: A where the interval of a share is at most 10 points wide, B where wider, C where it is 30 points or more, rests on "
        "fewer than 30 people, or is wide beside its value. For ranking and ratios the widths that sample-size planning uses."),
        "The comparator is everyone else, never the best group chosen after seeing the data.",
        f"{compared} comparisons have a margin. Repeated looks: each period is looked at once in this report; the watch pages show windows and trigger by their own rules.",
        "Outcomes not yet known are left out of what needs them; where bounds were worked out they are in the data file.",
    )  # fmt: skip
    return Section(number="A", id="methods", title="Methods", blocks=(Points(items=items),))


def _everything(facts: Facts) -> Section:
    held = [
        f
        for f in facts.assessed.shown.findings
        if f.family in ("fairness", "performance", "oversight") and f.slow is None
    ]
    rows = tuple(_row(facts, f) for f in held)
    titles = (
        ("Measure", "text", 1.7), ("Group", "text", 1.6), ("n", "number", 0.6), ("Value", "number", 0.8), ("Against", "number", 0.8),
        ("Difference", "number", 0.8), ("Interval", "number", 1.3), ("Margin", "number", 0.7), ("Grade", "text", 0.5), ("Verdict", "verdict", 1.4),
    )  # fmt: skip
    table = Table(
        id="all", number="", title="Every measure and group",
        columns=tuple(Column(title=t, kind=k, width=w) for t, k, w in titles),  # type: ignore[arg-type]
        rows=rows, note="These are also the figures behind every drawing, after withholding.",
    )  # fmt: skip
    return Section(number="B", id="all-figures", title="Every measure by group", blocks=(table,))


def _row(facts: Facts, f: Finding) -> tuple[str, ...]:
    hidden = facts.hidden if f.verdict is Verdict.WITHHELD else NOTHING
    share = f.unit.startswith("share")
    scale, digits = (100.0, 1) if share else (1.0, 3)

    def plain(value: float | None) -> str:
        return hidden if value is None else f"{value * scale:,.{digits}f}".replace("-", "−")

    is_gap = f.group is not None and f.against not in (None, "target")
    return (
        measure(f.metric),
        "everyone" if f.group is None else f"{f.subject} {f.group}",
        f"{f.n:,}" if f.n is not None else hidden,
        plain(f.level if f.group is not None and f.level is not None else f.value),
        plain(f.baseline),
        (gap(f, f.value) if f.value is not None else hidden) if is_gap else NOTHING,
        hidden
        if f.low is None
        else within(f, f.low, f.high)
        if is_gap
        else f"{plain(f.low)} to {plain(f.high)}",
        "none" if f.margin is None else f"± {margin(f)}",
        f.grade or NOTHING,
        VERDICTS[f.verdict] if f.margin is not None or f.verdict is Verdict.WITHHELD else "shown only",
    )


def _withheld(facts: Facts) -> Section:
    """Table 12. In what may be shared both kinds of withholding look alike."""
    held = facts.assessed
    seen: dict[tuple[str, str], list[str]] = {}
    for f in held.shown.findings:
        if f.verdict is Verdict.WITHHELD and f.group is not None:
            seen.setdefault((f.subject, f.group), []).append(measure(f.metric))
    earlier = ", ".join(dict.fromkeys(held.earlier)) or "none"
    version = f"approved {held.config.pooling.approved.when:%Y-%m-%d}" if held.config.pooling else "none"
    rule = "small count, or it protects one" if facts.shareable else f"a count of 1 to {FLOOR - 1}"
    kind = "not told apart" if facts.shareable else "primary"
    apart = f"at least {APART} people" if facts.shareable else "not worked out in this edition"
    checked = earlier if facts.shareable else "not in this edition"
    rows = [
        (
            f"{attribute} {name}",
            f"{', '.join(members)} counted as one",
            "approved pooling map",
            "primary",
            "pooled",
            version,
            apart,
            checked,
        )
        for attribute, pools in held.pools.items()
        for name, members in pools.items()
    ]
    rows += [
        (
            ", ".join(dict.fromkeys(measures)),
            f"{attribute} {group}",
            rule,
            kind,
            "withheld",
            version,
            apart,
            checked,
        )
        for (attribute, group), measures in seen.items()
    ]
    if not rows:
        rows = [("all", "all", "none", NOTHING, "nothing was withheld", version, NOTHING, checked)]
    titles = (
        ("Table", 1.6), ("Cell group", 1.6), ("Rule triggered", 1.2), ("Primary or complementary", 0.9), ("Action", 0.7), ("Pooling map version", 0.9),
        ("Recoverability audit: narrowest feasible interval", 1.1), ("Checked against earlier releases", 1.6),
    )  # fmt: skip
    said = (
        f"Rule set {RULES}: no count of 1 to {FLOOR - 1} people is shown, nor what one could be worked out from, set against every "
        "release of this model that shares time with this one."
        if facts.shareable
        else f"This edition leaves out what shows 1 to {FLOOR - 1} people, and nothing else: hidden figures can be worked out "
        "from the others. It may not be handed on."
    )
    return Section(
        number="C", id="withheld", title="What was withheld",
        blocks=(
            Text(paragraphs=(said,)),
            Table(id="t12", number="12", title="Withholding log", columns=tuple(Column(title=t, width=w) for t, w in titles), rows=tuple(rows)),
        ),
    )  # fmt: skip


def _lineage(facts: Facts) -> Section:
    held = facts.assessed
    rows = (
        ("Counts (profile)", held.audit.profile),
        ("Reference", held.audit.reference),
        ("Configuration", held.audit.config),
        ("Windows added up", str(len(held.parts) or 1)),
        (
            "Score column, outcome column",
            f"{held.config.columns.score or 'none'}, {held.config.columns.outcome or 'none'}",
        ),
        ("Grouped by", ", ".join((*facts.attributes, *facts.intersections)) or "nothing"),
        ("Code sets and mappings", "as the source has them; none is declared"),
    )
    return Section(
        number="D", id="lineage", title="Where the figures come from",
        blocks=(Table(id="lineage", number="", title="Lineage", columns=(Column(title="What", width=1.0), Column(title="Value", width=2.4)), rows=rows),),
    )  # fmt: skip


def _again(facts: Facts) -> Section:
    held = facts.assessed
    window = held.window
    command = f"rounds audit {held.config.model}.yaml --from {window.start:%Y-%m-%d} --to {window.end:%Y-%m-%d} --edition {held.edition}"
    items = (
        "Everything here is worked out from counts in the ledger; no row of any patient is needed, nor a connection to anywhere.",
        f"Take the ledger as it stood at the head printed in the control block, and {held.audit.software}.",
        f"Run: {command}",
        "The files that come out are the same, byte for byte: compare their SHA-256 with those in the ledger's entry.",
    )
    return Section(
        number="E", id="again", title="How to make this report again", blocks=(Points(items=items),)
    )


def _words() -> Section:
    rows = (
        ("Within the agreed margin", "Likely smaller than what the committee agreed to act on, and there were enough people to see it if it were not."),
        ("Beyond the agreed margin", "Surely larger than what was agreed, by the interval that holds for all groups at once."),
        ("Different, size unclear", "Surely there; whether it is past the margin is not clear."),
        ("Cannot tell", "Too few people to say either way. Neither good news nor bad."),
        ("Withheld (too few people)", "A number would point at people, or help to find them. It is not zero."),
        ("Flagged", "The tool put the person above its threshold."),
        ("Caught, found (TPR)", "Of people who had the outcome, the share that was flagged."),
        ("False alarms (FPR)", "Of people who did not have it, the share that was flagged."),
        ("PPV, NPV", "Of those flagged, the share that had the outcome; of those not flagged, the share that did not."),
        ("Observed over expected (O/E)", "How many had the outcome for each one that was predicted; 1 is right."),
        ("Calibration", "Whether predicted risks come true."),
        ("Miscalibration", "The part of a gap that goes away when the group's predicted risks are put right."),
        ("AUROC", "How often a person with the outcome scores above one without it; .5 is chance."),
        ("Net benefit", "People rightly flagged, less false alarms weighed as the threshold weighs them."),
        ("Pooled", "Counted together with others, as people approved."),
    )  # fmt: skip
    return Section(
        number="F", id="glossary", title="Words",
        blocks=(Table(id="words", number="", title="Words in this report", columns=(Column(title="Word", width=1.0), Column(title="Meaning", width=3.0)), rows=rows),),
    )  # fmt: skip


def _chain(facts: Facts) -> Section:
    entry = facts.assessed.entry
    items = (
        f"The last window's audit is entry {entry.seq} of the ledger; its hash is {entry.hash}.",
        "`rounds verify --expected-head HASH` with the hash in the foot of these pages shows that no entry up to it was altered, left out or put elsewhere.",
        "It shows that these figures are the ones that were recorded, in that order. It does not show that the data behind them were true.",
        "Whoever runs the service could write a whole ledger anew: the printed page, kept elsewhere, is what shows it.",
    )
    return Section(
        number="I", id="chain", title="The ledger, and what checking it shows", blocks=(Points(items=items),)
    )

"""The appendices: methods, every figure, what was withheld, where it comes from, and how to check it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from dashboards.report.facts import NOTHING, Facts, figure, measure
from dashboards.report.model import Column, Points, Section, Table, Text
from dashboards.report.sections import gaps, rates
from monitors.audit import Finding, Verdict
from monitors.bootstrap import DRAWS, SEED
from monitors.interval import wilson
from monitors.release import RULES
from monitors.told import APART, FLOOR

ACROSS = 5  # measures in one table


def appendices(facts: Facts, log: Section, card: Section | None) -> tuple[Section, ...]:
    """A to J; H is left out where nothing is recorded of the tool."""
    return (
        _methods(facts),
        _everything(facts),
        _withheld(facts),
        _lineage(facts),
        _again(facts),
        _words(),
        log,
        *((card,) if card else ()),
        _chain(facts),
        rates.section(facts),
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
        ("Adjusted p: two-sided, read off the side of the gap’s interval that faces zero; Holm’s adjustment over the primary family, "
        "Benjamini and Hochberg’s over the secondary and over the exploratory one each. No verdict rests on it."),
        f"{compared} comparisons have a margin. Repeated looks: each period is looked at once in this report; the watch pages show windows and trigger by their own rules.",
        "Outcomes not yet known are left out of what needs them; where bounds were worked out they are in the data file.",
    )  # fmt: skip
    return Section(number="A", id="methods", title="Methods", blocks=(Points(items=items),))


def _everything(facts: Facts) -> Section:
    """Measures across, groups down, a few measures a table: what each group has, then each gap."""
    scored = facts.assessed.shown.stage != "outcome"
    held = [
        f
        for f in facts.assessed.shown.findings
        if f.family in ("fairness", "performance", "oversight") and f.slow is None and f.group is not None
        if scored or not f.metric.startswith("estimated_")
    ]
    rows = tuple(dict.fromkeys((f.subject, str(f.group)) for f in held))
    found = {f.key: f for f in held}
    gapped = tuple(
        dict.fromkeys(
            f.metric for f in held if f.against not in (None, "target") and f.metric not in gaps.SHOWN
        )
    )
    plain = tuple(dict.fromkeys(f.metric for f in held if f.metric not in gaps.SHOWN))
    tables: list[Table] = [
        *_across(facts, found, rows, plain, "values", "What each group has (95 % interval)", _value),
        *_across(
            facts,
            found,
            rows,
            gapped,
            "gaps-all",
            "Other gaps, shown and not judged, with the interval that holds for all groups at once",
            _gap,
        ),
        right(facts),
        *gaps.whole(facts),
    ]
    return Section(number="B", id="all-figures", title="Every measure by group", blocks=tuple(tables))


def right(facts: Facts) -> Table:
    """Decisions that came out right, and the likelihood ratios: how far a flag, or none, moves the odds."""
    rows = []
    for attribute, group in (("", None), *facts.places):
        where = (attribute, group) if group is not None else ("model", None)
        had, free = facts.find("true_positive_rate", *where), facts.find("false_positive_rate", *where)
        told = [f for f in (had, free) if f is not None and f.n is not None and f.events is not None]
        cells = (facts.hidden,) * 5
        n = sum(f.n or 0 for f in told)
        if len(told) == 2 and n:
            caught, alarms = ((f.events or 0, f.n or 0) for f in told)
            good = caught[0] + alarms[1] - alarms[0]
            low, high = wilson(good, n)
            cells = (
                f"{n:,}",
                f"{good:,}",
                f"{figure(good / n * 100)} ({figure(low * 100)} to {figure(high * 100)})",
                _ratio(caught[0], caught[1], alarms[0], alarms[1]),
                _ratio(caught[1] - caught[0], caught[1], alarms[1] - alarms[0], alarms[1]),
            )
        rows.append((f"{attribute} {group}" if group is not None else "everyone", *cells))
    return Table(
        id="right", number="", title="Decisions that came out right (accuracy), and what a flag tells",
        columns=(
            Column(title="Group", width=1.6), Column(title="n", kind="number"), Column(title="Right", kind="number"),
            Column(title="Accuracy % (95 % interval)", kind="number", width=1.6),
            Column(title="Likelihood ratio of a flag", kind="number"), Column(title="Likelihood ratio of no flag", kind="number"),
        ),
        rows=tuple(rows),
        note="Shown because people ask for it; where few have the outcome, flagging nobody scores well too. The odds of the outcome are "
        "multiplied by the likelihood ratio once one knows whether there is a flag; 1 tells nothing. Without the interval’s correction for patients who repeat.",
    )  # fmt: skip


def _ratio(had: int, of_had: int, free: int, of_free: int) -> str:
    """The share of those with the outcome over the share of those without it."""
    return figure((had / of_had) / (free / of_free), 2) if had and free else NOTHING


def _across(
    facts: Facts,
    found: Mapping[tuple[str, str, str | None], Finding],
    rows: Sequence[tuple[str, str]],
    metrics: Sequence[str],
    name: str,
    title: str,
    cell: Callable[[Facts, Finding], str],
) -> list[Table]:
    made = []
    for start in range(0, len(metrics), ACROSS):
        part = metrics[start : start + ACROSS]
        lines = []
        for subject, group in rows:
            here = [found.get((metric, subject, group)) for metric in part]
            if any(here):
                lines.append((f"{subject} {group}", *(cell(facts, f) if f else NOTHING for f in here)))
        made.append(
            Table(
                id=f"{name}-{start // ACROSS + 1}", number="", title=f"{title}, {start // ACROSS + 1}",
                columns=(Column(title="Group", width=1.6), *(Column(title=_headed(found, m), kind="number", width=1.2) for m in part)),
                rows=tuple(lines),
                note="These are also the figures behind the drawings, after withholding." if start + ACROSS >= len(metrics) else "",
            )
        )  # fmt: skip
    return made


def _headed(found: Mapping[tuple[str, str, str | None], Finding], metric: str) -> str:
    unit = next(f.unit for f in found.values() if f.metric == metric)
    said = {
        "share of rows": ", %",
        "people per 1,000": ", per 1,000",
        "true positives per person": ", per 1,000",
    }
    return measure(metric) + said.get(unit, "")


def _scale(finding: Finding) -> tuple[float, int]:
    if finding.unit.startswith("share"):
        return 100.0, 1
    if finding.unit == "true positives per person":
        return 1000.0, 0
    return (1.0, 0) if finding.unit == "people per 1,000" else (1.0, 2)


def _value(facts: Facts, f: Finding) -> str:
    scale, digits = _scale(f)
    if f.against is None and f.verdict is not Verdict.WITHHELD and facts.own(*f.key) is None:
        if f.value is None:
            return "not shown"
        span = (
            ""
            if f.low is None or f.high is None
            else f" ({figure(f.low * scale, digits)} to {figure(f.high * scale, digits)})"
        )
        return figure(f.value * scale, digits) + span
    return facts.cell(f.metric, f.subject, f.group, digits=digits, scale=scale)


def _gap(facts: Facts, f: Finding) -> str:
    if f.verdict is Verdict.WITHHELD:
        return facts.hidden
    scale, digits = _scale(f)
    judged = {Verdict.CANNOT_TELL: "cannot tell"}.get(f.verdict, str(f.verdict))
    if f.value is None or f.low is None or f.high is None:
        return judged if f.margin is not None else "cannot tell"
    span = f"{figure(f.low * scale, digits)} to {figure(f.high * scale, digits)}"
    # Most have no margin, as the table's title says; one that has is told by its verdict as well.
    return f"{figure(f.value * scale, digits)} ({span})" + (f", {judged}" if f.margin is not None else "")


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
        ("Table", 1.6), ("Cell group", 1.6), ("Rule triggered", 1.2), ("Primary or complementary", 1.1), ("Action", 0.6), ("Pooling map version", 0.9),
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
        "“rounds verify --expected-head HASH” with the hash in the foot of these pages shows that no entry up to it was altered, left out or put elsewhere.",
        "It shows that these figures are the ones that were recorded, in that order. It does not show that the data behind them were true.",
        "Whoever runs the service could write a whole ledger anew: the printed page, kept elsewhere, is what shows it.",
    )
    return Section(
        number="I", id="chain", title="The ledger, and what checking it shows", blocks=(Points(items=items),)
    )

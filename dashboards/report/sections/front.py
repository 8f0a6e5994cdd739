"""Page 1: the question, the answer, what could not be checked, and what may be decided. Three minutes."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.report.facts import QUESTIONS, VERDICTS, Facts, dates, group_name
from dashboards.report.model import Column, DecisionPage, Table
from dashboards.report.sections.options import short
from dashboards.report.sentences import about, shortly
from monitors.audit import WORST_FIRST, Finding, Verdict
from monitors.told import JOIN
from monitors.turns import Turn
from monitors.worst import worst_first

CHOICES = (
    "Continue", "Continue with conditions", "Restrict use", "Change the threshold", "Recalibrate", "Pause", "Retire", "Collect more data",
)  # fmt: skip
UNCHANGED = ("No change of version, threshold, plan or data feed is recorded in this period.",)
NEVER_RECORDED = ("disability", "language")
SHOWN_FIRST = (
    "true_positive_rate",
    "observed_expected_ratio",
    "false_positive_rate",
    "selection_rate",
    "positive_predictive_value",
    "auroc",
)
LEAD = ("true_positive_rate", "false_positive_rate", "positive_predictive_value", "selection_rate")


def front(facts: Facts, changed: Sequence[Turn], head: str) -> DecisionPage:
    """The decision page."""
    counted = {v: sum(f.verdict is v for f in facts.judged) for v in WORST_FIRST}
    return DecisionPage(
        question=_question(facts),
        answer=_answer(facts, counted),
        verdicts=_strip(facts),
        counts=tuple((VERDICTS[v], n) for v, n in counted.items() if n or v is not Verdict.FAILED),
        unchecked=_unchecked(facts, counted),
        changed=tuple(f"{_sentence(t.words)} (from {t.window.start:%Y-%m-%d})." for t in changed)
        or UNCHANGED,
        options=short(facts),
        choices=CHOICES,
        fingerprint=head.removeprefix("sha256:")[:16],
    )


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _question(facts: Facts) -> str:
    title = facts.assessed.config.governance.title or facts.assessed.config.model
    by = ", ".join(facts.attributes)
    return f"Between {dates(facts)}, did “{title}” work as well for people of every group we could look at ({by}), and what should we do?".replace(
        " to ", " and ", 1
    )


def _answer(facts: Facts, counted: dict[Verdict, int]) -> tuple[str, ...]:
    """Three sentences or fewer: the worst that is sure, who is missed, and how much could be told."""
    ranked = [f for f in worst_first(facts.judged) if f.verdict in (Verdict.BEYOND, Verdict.DIFFERENT)]
    plain = [f for f in ranked if f.metric in LEAD and JOIN not in f.subject]
    first = [f for f in plain if f.verdict is plain[0].verdict]
    lead = next((f for m in LEAD for f in first if f.metric == m), None)
    found = []
    if lead is not None:
        found.append(shortly(facts, lead))
        missed = next((f for f in plain if f.metric == LEAD[0]), None)
        if missed is not None and missed.key != lead.key:
            found.append(shortly(facts, missed))
    elif ranked:
        found.append(about(facts, ranked[0]))
    else:
        found.append("No gap between groups was surely there.")
    return (*found, _share(facts, counted))


def _share(facts: Facts, counted: dict[Verdict, int]) -> str:
    many = sum(counted.values())
    if not many:
        return "No question with a margin could be looked at."
    parts = []
    for verdict, said in (
        (Verdict.BEYOND, "past the margin"), (Verdict.DIFFERENT, "surely there, of unclear size"), (Verdict.WITHIN, "inside it"),
        (Verdict.CANNOT_TELL, "could not be told"), (Verdict.WITHHELD, "withheld"), (Verdict.FAILED, "could not be computed"),
    ):  # fmt: skip
        if counted[verdict]:
            parts.append(f"{counted[verdict]} {said}")
    return f"Of {many} comparisons: {', '.join(parts)}."


def _strip(facts: Facts) -> Table:
    rows = []
    for metric, found in facts.questions:
        plain = [f for f in found if JOIN not in f.subject] or list(found)
        worst = plain[0]
        held = facts.affected(worst)
        people = "–"
        if worst.verdict is Verdict.WITHHELD:
            people = facts.hidden
        elif held is not None and worst.grade != "C":
            what, value, low, high = held
            more = "more" if value > 0 else "fewer"
            ends = sorted((abs(low), abs(high))) if low * high > 0 else [0.0, max(abs(low), abs(high))]
            people = f"{abs(value):.0f} {more} {what} ({ends[0]:.0f}–{ends[1]:.0f})"
        rows.append(
            (
                QUESTIONS[metric],
                group_name(worst.subject, worst.group),
                VERDICTS[worst.verdict],
                people,
                worst.grade or "–",
            )
        )
    return Table(
        id="strip", number="", title="The worst group of each question",
        columns=(
            Column(title="Question", width=2.2), Column(title="Group most concerning", width=1.3), Column(title="Verdict", kind="verdict", width=1.75),
            Column(title="People per 1,000 of the group (likely)", width=1.7), Column(title="Grade", width=0.5),
        ),
        rows=tuple(rows),
        note="Grade A: sure enough. B: rough. C: too rough for a verdict. A group can stay “cannot tell” beside a clear figure, where people of unknown group or outcome could change it.",
    )  # fmt: skip


def _unchecked(facts: Facts, counted: dict[Verdict, int]) -> tuple[str, ...]:
    """Never empty: what an audit did not see is part of what it found."""
    held, found = facts.assessed, []
    shown = held.shown
    few: dict[str, None] = {}
    for f in facts.judged:
        if f.verdict is Verdict.WITHHELD or f.grade == "C":
            few[group_name(f.subject, f.group)] = None
    if few:
        names = list(few)
        more = f" and {len(names) - 4} more" if len(names) > 4 else ""
        found.append(f"Too few people for some or all questions: {', '.join(names[:4])}{more}.")
    if counted[Verdict.CANNOT_TELL]:
        found.append(
            f"{counted[Verdict.CANNOT_TELL]} of {sum(counted.values())} comparisons could not be told: a gap past the margin, or none, fits the figures."
        )
    for attribute in facts.attributes:
        missing = shown_share(facts, attribute)
        if missing is not None and missing >= 0.01:
            found.append(
                f"{attribute.capitalize()} was not recorded for {missing * 100:.0f} of every 100 people."
            )
    for attribute, pools in held.pools.items():
        if JOIN not in attribute:
            found += [
                f"{', '.join(members)}: only looked at together, as “{name}”."
                for name, members in pools.items()
            ]
    if shown.stage != "outcome":
        found.append("Outcomes are not yet known, so nothing is said of who was found or missed.")
    absent = [word for word in NEVER_RECORDED if not any(word in a.lower() for a in facts.attributes)]
    if absent:
        found.append(
            f"We did not check {' or '.join(absent)}: not recorded. We do not know whether there is a problem."
        )
    if held.config.columns.action is None:
        found.append("We did not check what staff did with the flags: not recorded.")
    if held.config.columns.need is None:
        found.append("We did not check whether the outcome itself is recorded equally for all (section 11).")
    return tuple(found)


def shown_share(facts: Facts, attribute: str) -> float | None:
    """How many of everyone have no value of an attribute, where that is told."""
    found: Finding | None = facts.find("unknown_share", attribute)
    return found.value if found else None

"""Page 1: the question, the answer, what could not be checked, and what may be decided. Three minutes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dashboards.report.facts import QUESTIONS, VERDICTS, Facts, dates, group_name, margin, measure
from dashboards.report.model import Column, DecisionPage, Row, Table
from dashboards.report.sections.options import short
from dashboards.report.sentences import about, shortly
from monitors.audit import WORST_FIRST, Finding, Verdict
from monitors.governance.registration import Registered
from monitors.told import JOIN
from monitors.turns import Turn
from monitors.worst import worst_first

CHOICES = (
    "Continue", "Continue with conditions", "Restrict use", "Change the threshold", "Recalibrate", "Pause", "Retire", "Collect more data",
)  # fmt: skip
GRADES = (
    "Grade A: sure enough. B: rough. C: too rough for a verdict. A group can stay “cannot tell” beside a clear figure, "
    "where people of unknown group or outcome could change it."
)
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
    """The decision page: what was asked beforehand first; without a plan, what is asked of every tool."""
    counted = _counted(facts.judged)
    return DecisionPage(
        question=facts.plan.plan.question if facts.plan else _question(facts),
        answer=_answer(facts, counted),
        meaning=_meaning(facts),
        verdicts=_registered(facts, facts.plan) if facts.plan else _strip(facts, facts.questions),
        besides=_besides(facts) if facts.plan else None,
        counts=tuple((VERDICTS[v], n) for v, n in counted.items() if n or v is not Verdict.FAILED),
        unchecked=_unchecked(facts, counted),
        changed=tuple(f"{_sentence(t.words)} (from {t.window.start:%Y-%m-%d})." for t in changed)
        or UNCHANGED,
        options=short(facts),
        choices=CHOICES,
        fingerprint=head.removeprefix("sha256:")[:16],
    )


def _counted(found: Sequence[Finding]) -> dict[Verdict, int]:
    return {v: sum(f.verdict is v for f in found) for v in WORST_FIRST}


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _question(facts: Facts) -> str:
    title = facts.assessed.config.governance.title or facts.assessed.config.model
    by = ", ".join(facts.attributes)
    return f"Between {dates(facts)}, did “{title}” work as well for people of every group we could look at ({by}), and what should we do?".replace(
        " to ", " and ", 1
    )


def _meaning(facts: Facts) -> str:
    """What the words on this page stand for here."""
    at, outcome = facts.threshold, facts.assessed.config.governance.outcome
    flagged = "as the tool itself decided" if at is None else f"a predicted risk of {at * 100:g} % or more"
    had = outcome or f"“{facts.assessed.config.columns.outcome}”, as recorded; nobody declared what it means"
    return f"The outcome: {had}. Flagged: {flagged}. Missed: had the outcome and was not flagged."


def _answer(facts: Facts, counted: dict[Verdict, int]) -> tuple[str, ...]:
    """Three sentences or fewer: the worst that is sure, who is missed, and how much could be told."""
    if facts.plan is not None:
        primary = [f for f in facts.registered if facts.family(f) == "primary"]
        asked = _lead(facts, primary)
        others = _lead(facts, [f for f in facts.judged if f not in primary])
        besides = _tally(_counted(facts.besides))
        return (
            asked[0] if asked else _unsure(primary),
            *((f"Looked at besides the main questions: {others[0]}",) if others else ()),
            (
                f"Of {len(facts.registered)} comparisons asked for beforehand: {_tally(_counted(facts.registered))}. "
                f"Of {len(facts.besides)} others, exploratory: {besides}."
            ),
        )
    found = _lead(facts, facts.judged) or ["No gap between groups was surely there."]
    return (*found, _share(facts, counted))


def _lead(facts: Facts, judged: Sequence[Finding]) -> list[str]:
    """The worst that is sure; beside it who is missed, where that is another gap."""
    ranked = [f for f in worst_first(judged) if f.verdict in (Verdict.BEYOND, Verdict.DIFFERENT)]
    plain = [f for f in ranked if f.metric in LEAD and JOIN not in f.subject]
    first = [f for f in plain if f.verdict is plain[0].verdict]
    lead = next((f for m in LEAD for f in first if f.metric == m), None)
    if lead is None:
        return [about(facts, ranked[0])] if ranked else []
    missed = next((f for f in plain if f.metric == LEAD[0]), None)
    return [shortly(facts, f) for f in (lead, missed) if f is not None and (f is lead or f.key != lead.key)]


def _unsure(asked: Sequence[Finding]) -> str:
    """Where no gap of the main questions is surely there: how much of that is an answer."""
    within = [f for f in asked if f.verdict is Verdict.WITHIN]
    if not asked:
        return "None of the main questions could be answered."
    names = " and ".join(group_name(f.subject, f.group) for f in within)
    if len(within) == len(asked):
        return f"On the main questions, any gap is likely smaller than the margin of {margin(asked[0])}: {names} against everyone else."
    told = f" For {names} any gap is likely smaller than the margin." if within else ""
    rest = len(asked) - len(within)
    return f"No gap of the main questions is surely there, and for {rest} of {len(asked)} groups we cannot say.{told}"


def _tally(counted: dict[Verdict, int]) -> str:
    parts = []
    for verdict, said in (
        (Verdict.BEYOND, "past the margin"), (Verdict.DIFFERENT, "surely there, of unclear size"), (Verdict.WITHIN, "inside the margin"),
        (Verdict.CANNOT_TELL, "could not be told"), (Verdict.WITHHELD, "withheld"), (Verdict.FAILED, "could not be computed"),
    ):  # fmt: skip
        if counted[verdict]:
            parts.append(f"{counted[verdict]} {said}")
    return ", ".join(parts) or "none"


def _share(facts: Facts, counted: dict[Verdict, int]) -> str:
    many = sum(counted.values())
    return (
        f"Of {many} comparisons: {_tally(counted)}."
        if many
        else "No question with a margin could be looked at."
    )


def _registered(facts: Facts, plan: Registered) -> Table:
    """One row a registered question: the most concerning of the groups it was asked of."""
    rows = []
    for asked in plan.plan.questions:
        if asked.family == "exploratory":
            continue
        found = worst_first(f for f in facts.registered if plan.plan.asks(f) is asked)
        said = QUESTIONS.get(asked.measure, measure(asked.measure))
        name = f"{said} By {asked.by}" + ("" if asked.family == "primary" else " (secondary)")
        rows.append(
            _line(facts, name, found[0])
            if found
            else (name, "none that is shown", VERDICTS[Verdict.WITHHELD], "–", "–")
        )
    return _strip_of("strip", "Asked beforehand: the most concerning group of each question", rows)


def _besides(facts: Facts) -> Table | None:
    """What was looked at without being asked for, where a gap is surely there."""
    found = [
        (m, [f for f in worst_first(facts.of(m)) if facts.family(f) == "exploratory" and f.verdict in (Verdict.BEYOND, Verdict.DIFFERENT)])
        for m in QUESTIONS
    ]  # fmt: skip
    rows = [
        _line(facts, QUESTIONS[m], ([f for f in held if JOIN not in f.subject] or held)[0])
        for m, held in found
        if held
    ]
    return (
        _strip_of(
            "besides",
            "Looked at besides: gaps that are surely there. Exploratory; to be confirmed on new data",
            rows,
        )
        if rows
        else None
    )


def _strip(facts: Facts, asked: Sequence[tuple[str, tuple[Finding, ...]]]) -> Table:
    rows = []
    for metric, found in asked:
        plain = [f for f in found if JOIN not in f.subject] or list(found)
        rows.append(_line(facts, QUESTIONS[metric], plain[0]))
    return _strip_of("strip", "The worst group of each question", rows)


def _line(facts: Facts, asked: str, worst: Finding) -> Row:
    held = facts.affected(worst)
    people = "–"
    if worst.verdict is Verdict.WITHHELD:
        people = facts.hidden
    elif held is not None and worst.grade != "C":
        what, value, low, high = held
        more = "more" if value > 0 else "fewer"
        ends = sorted((abs(low), abs(high))) if low * high > 0 else [0.0, max(abs(low), abs(high))]
        people = f"{abs(value):.0f} {more} {what} ({ends[0]:.0f}–{ends[1]:.0f})"
    return asked, group_name(worst.subject, worst.group), VERDICTS[worst.verdict], people, worst.grade or "–"


def _strip_of(name: str, title: str, rows: Sequence[Row]) -> Table:
    return Table(
        id=name, number="", title=title,
        columns=(
            Column(title="Question", width=2.9), Column(title="Group most concerning", width=1.3), Column(title="Verdict", kind="verdict", width=1.75),
            Column(title="People per 1,000 of the group (likely)", width=1.9), Column(title="Grade", width=0.5),
        ),
        rows=tuple(rows),
        note=GRADES if name == "strip" else "",
    )  # fmt: skip


def _unchecked(facts: Facts, counted: dict[Verdict, int]) -> tuple[str, ...]:
    """Never empty: what an audit did not see is part of what it found."""
    held, found = facts.assessed, list[str]()
    shown = held.shown
    if facts.plan is None:
        found.append("No question was agreed on before anyone looked: all of this is exploratory.")
    else:
        if facts.plan.seen:
            found.append(f"The plan was {facts.plan.standing}.")
        found += _unanswered(facts, facts.plan)
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


def _unanswered(facts: Facts, plan: Registered) -> Iterator[str]:
    """Who was asked about beforehand, and is not looked at alone."""
    for asked in plan.plan.questions:
        absent = [g for g in asked.groups if g not in facts.groups(asked.by)]
        if absent:
            yield f"Asked beforehand and not answered: {measure(asked.measure).lower()}, {asked.by} {' and '.join(absent)}."


def shown_share(facts: Facts, attribute: str) -> float | None:
    """How many of everyone have no value of an attribute, where that is told."""
    found: Finding | None = facts.find("unknown_share", attribute)
    return found.value if found else None

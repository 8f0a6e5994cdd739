"""What a review came to: rates, how far readers agree, and whether a judge model may stand in for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from monitors.audit import Verdict
from monitors.derived import step
from monitors.ledger import Ledger
from monitors.metric import Estimate
from monitors.raters.form import QUESTIONS, SEVERITIES, Reading, readings
from monitors.raters.looks import State, audited, heard
from monitors.raters.queue import Queue
from monitors.raters.rates import Part, share, telling, verdict

if TYPE_CHECKING:
    from monitors.raters.agreement import Agreement

BAR = 0.6  # least kappa, at the low end of its interval, from which a judge model counts (Landis & Koch 1977)
JUDGE, READERS = "the judge model", "the readers"
TOO_FEW = "what was found is fewer than 11 outputs, or all but so many, and is not told"
NOT_YET = "what was read would tell of single outputs; it is told once more of each group is read"


@dataclass(frozen=True, slots=True)
class Rate:
    """One rate, of everyone (group None) or of a group; `withheld` where it would tell of a handful."""

    question: str
    group: str | None
    estimate: Estimate
    verdict: Verdict | None = None
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """A judge model against the readers: how far they agree, and the rate both together tell of."""

    agreement: Agreement
    rate: Rate
    counts: bool
    why: str | None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A queue as far as it was read; `rests` is on how many outputs what is told of each question rests."""

    queue: Queue
    readers: tuple[str, ...]
    read: int
    twice: int
    rates: tuple[Rate, ...]
    agreement: dict[str, tuple[Agreement, Agreement]]
    judged: Judged | None
    rests: Mapping[str, int]


def looked_at(ledger: Ledger, queue: Queue) -> Reviewed:
    """A queue of the ledger as whoever looks now may see it."""
    said = readings(ledger, queue)
    return reviewed(queue, said, {question: audited(ledger, queue, question) for question in QUESTIONS})


def reviewed(
    queue: Queue, readings: Sequence[Reading], told: Mapping[str, Sequence[State]] | None = None
) -> Reviewed:
    """Put together what people said of a queue's outputs, as far as it may be told.

    Args:
        queue: what was drawn.
        readings: what was said, in the ledger's order.
        told: by question, what audits told of the same outputs.
    """
    told = told or {}

    def those(question: str, *, judge: bool = False) -> Said:
        said = heard(queue, readings, question, told.get(question, ()), judge=judge)
        return {key: [r for r in said if r.output == key] for key in queue.outputs}

    answers = {key: [r for r in readings if r.output == key] for key in queue.outputs}
    by_question = {question: those(question) for question in QUESTIONS}
    begun = any(answers.values())
    rates = [r for question, said in by_question.items() for r in _rates(queue, said, question, begun=begun)]
    return Reviewed(
        queue=queue,
        readers=tuple(sorted({reading.by for reading in readings})),
        read=sum(bool(said) for said in answers.values()),
        twice=sum(len(said) > 1 for said in answers.values()),
        rates=tuple(rates),
        agreement={
            name: _agreement(by_question["harm" if name == "severity" else name], name)
            for name in (*QUESTIONS, "severity")
        },
        judged=_judged(queue, those(queue.asks, judge=True)) if queue.judge else None,
        rests={question: sum(map(bool, said.values())) for question, said in by_question.items()},
    )


Said = dict[str, list[Reading]]


def _yes(said: Sequence[Reading], question: str) -> bool:
    """What an output counts as: yes where at least half of its readers say so."""
    return 2 * sum(reading.said[question] for reading in said) >= len(said)


def _part(queue: Queue, answers: Said, question: str, stratum: str, judged: int | None = None) -> Part:
    held = queue.strata[stratum]
    rows = {None: held.rows, 1: held.flagged, 0: held.unflagged}[judged]
    mine = [
        said
        for key, said in answers.items()
        if said and queue.outputs[key].stratum == stratum and judged in (None, queue.outputs[key].judged)
    ]
    name = (
        stratum if judged is None else f"{stratum}, {'flagged' if judged else 'not flagged'} by {queue.judge}"
    )
    return Part(name, rows, len(mine), sum(_yes(said, question) for said in mine))


def _rates(queue: Queue, answers: Said, question: str, *, begun: bool) -> list[Rate]:
    groups = list(queue.strata) if queue.by else []
    if begun and not any(answers.values()):
        not_yet = Estimate.absent(NOT_YET)
        return [Rate(question, name, not_yet, Verdict.WITHHELD, withheld=True) for name in (None, *groups)]
    parts = [_part(queue, answers, question, stratum) for stratum in queue.strata]
    margin = queue.margin if question == queue.asks else None
    found = [_rate(question, None, parts, margin)]
    if queue.by:
        each = [_rate(question, part.name, [part], margin) for part in parts]
        if any(rate.withheld for rate in each):
            # One that is hidden follows from the others and everyone, whose share is a sum of theirs.
            return [_hidden(rate) for rate in (*found, *each)]
        found += each
    return found


def _rate(question: str, group: str | None, parts: Sequence[Part], margin: float | None) -> Rate:
    estimate = share(parts)
    made = Rate(question, group, estimate, verdict(estimate, margin))
    return _hidden(made) if telling(parts) else made


def _hidden(rate: Rate) -> Rate:
    return Rate(rate.question, rate.group, Estimate.absent(TOO_FEW), Verdict.WITHHELD, withheld=True)


def _agreement(answers: Said, question: str) -> tuple[Agreement, Agreement]:
    """Cohen's kappa of the two who read most together, and Krippendorff's alpha of all."""
    from monitors.raters.agreement import alpha, kappa  # arrays, for which a list of reviews has no use

    ordered = question == "severity"
    values = len(SEVERITIES) if ordered else 2
    told = [{reading.by: reading.said[question] for reading in said} for said in answers.values()]
    everyone = sorted({by for each in told for by in each})
    pairs = list(combinations(everyone, 2))
    if not pairs:
        none = alpha(told, values, ordered=ordered)
        return none, none
    first, second = max(pairs, key=lambda pair: sum(set(pair) <= set(each) for each in told))
    return kappa(first, second, told, values, ordered=ordered), alpha(told, values, ordered=ordered)


def _judged(queue: Queue, answers: Said) -> Judged:
    from monitors.raters.agreement import kappa

    said = [
        {JUDGE: queue.outputs[key].judged, READERS: int(_yes(given, queue.asks))}
        for key, given in answers.items()
        if given and queue.outputs[key].judged >= 0
    ]
    agreement = kappa(JUDGE, READERS, said, 2)
    why = why_not(agreement)
    parts = [_part(queue, answers, queue.asks, s, flag) for s in queue.strata for flag in (1, 0)]
    rate = _coarse(_rate(queue.asks, None, parts, queue.margin), parts)
    if why is not None and not rate.withheld:
        rate = Rate(queue.asks, None, rate.estimate, Verdict.CANNOT_TELL)
    return Judged(agreement, rate, why is None, why)


def _coarse(rate: Rate, parts: Sequence[Part]) -> Rate:
    """Of a judge's misses or false alarms there may be a handful: the share then stands in coarse steps."""
    held = rate.estimate
    if rate.withheld or held.value is None or not any(telling([part]) for part in parts):
        return rate
    size = step(held.n or 1)
    return replace(rate, estimate=Estimate(round(held.value / size) * size, None, None, held.n, None))


def why_not(agreement: Agreement) -> str | None:
    """Why a judge model does not count yet; None where it does."""
    from monitors.raters.agreement import ENOUGH

    if agreement.outputs < ENOUGH:
        return f"{ENOUGH} outputs that it judged have to be read first"
    if agreement.low is None:
        return agreement.why
    if agreement.low < BAR:
        return f"its agreement with the readers is not surely {BAR:g} or more"
    return None


def payload(found: Reviewed) -> dict[str, Any]:
    """As plain values, for JSON: shares and coefficients, no output's key and nobody's answer."""

    def estimate(held: Estimate | Agreement) -> dict[str, Any]:
        return {name: getattr(held, name) for name in ("value", "low", "high", "why")}

    def rate(held: Rate) -> dict[str, Any]:
        shown = held.verdict.value if held.verdict else None
        return {"question": held.question, "group": held.group, **estimate(held.estimate), "verdict": shown}

    queue, judged = found.queue, found.judged
    return {
        "queue": queue.key, "model": queue.model, "version": queue.version, "window": queue.window,
        "by": queue.by or None, "asks": queue.asks, "margin": queue.margin,
        "outputs": len(queue.outputs), "read": found.read, "read_twice": found.twice,
        "readers": len(found.readers),
        "rests_on": dict(found.rests),
        "rates": [rate(held) for held in found.rates],
        "agreement": {
            name: {"cohens_kappa": estimate(two), "krippendorffs_alpha": estimate(all_)}
            for name, (two, all_) in found.agreement.items()
        },
        "judge": None if judged is None else {
            "column": queue.judge, "counts": judged.counts, "why": judged.why,
            "cohens_kappa": estimate(judged.agreement), "rate": rate(judged.rate),
        },
    }  # fmt: skip

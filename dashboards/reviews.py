"""A review in sentences: what people found by reading, as a page and a terminal say it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from monitors.metric import Estimate
from monitors.raters.form import QUESTIONS
from monitors.raters.reviewed import Judged, Rate, Reviewed

if TYPE_CHECKING:
    from monitors.raters.agreement import Agreement


def sentences(found: Reviewed) -> Iterator[str]:
    """Everything a review has come to, a sentence a line."""
    queue = found.queue
    yield (
        f"{queue.key}: {queue.model}, {queue.window}: {found.read} of {len(queue.outputs)} outputs read, "
        f"{found.twice} by two people or more, of {queue.rows:,} in the window."
    )
    yield from behind(found)
    for rate in found.rates:
        yield f"{named(rate)}: {told(rate.estimate)}{_verdict(rate)}"
    for question, (two, everyone) in found.agreement.items():
        yield f"agreement on {question}: kappa {coefficient(two)}; alpha {coefficient(everyone)}."
    if found.judged is not None:
        judged = found.judged
        yield f"{queue.judge} against the readers: kappa {coefficient(judged.agreement)}."
        yield (
            f"{queue.asks}, by {queue.judge} and the readers together: {told(judged.rate.estimate)}"
            f"{_verdict(judged.rate)} It {standing(judged)}."
        )


def behind(found: Reviewed) -> Iterator[str]:
    """Of which questions the figures rest on fewer outputs than were read, and why."""
    for question, outputs in found.rests.items():
        if 0 < outputs < found.read:
            yield (
                f"{question}: told of the {outputs} outputs read first; with the others, they would tell "
                f"of single ones."
            )


def standing(judged: Judged) -> str:
    """Whether a judge model counts, and why not."""
    return "counts" if judged.counts else f"does not count yet: {judged.why}"


def named(rate: Rate) -> str:
    """What a rate is of.

    >>> named(Rate("harm", "es", Estimate.absent("")))
    'harm, es'
    """
    assert rate.question in QUESTIONS  # noqa: S101  nothing else is asked
    return rate.question if rate.group is None else f"{rate.question}, {rate.group}"


def told(estimate: Estimate) -> str:
    """A share with its interval, or why there is none."""
    if estimate.value is None:
        return f"{estimate.why}."
    if estimate.low is None or estimate.high is None:
        return f"about {estimate.value:.0%}; closer, it would tell of fewer than 11 outputs."
    return f"{estimate.value:.1%} ({estimate.low:.1%} to {estimate.high:.1%})."


def coefficient(held: Agreement) -> str:
    """A coefficient with its interval, or why there is none."""
    if held.value is None or held.low is None or held.high is None:
        return f"cannot be told: {held.why}"
    return f"{held.value:.2f} ({held.low:.2f} to {held.high:.2f}), {held.outputs} outputs"


def _verdict(rate: Rate) -> str:
    return f" {rate.verdict.value.replace('_', ' ').capitalize()}." if rate.verdict else ""

"""A metric: a plain function over counts, with the facts needed to read its number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Reads = Literal[
    "column", "window", "tally", "distance", "cube", "estimate", "attribute", "feed", "mix", "review"
]
Kind = Literal["numeric", "categorical", "score", "decision", "outcome"]
Need = Literal[
    "score", "decision", "outcome", "action", "action_time", "patient", "need", "inputs", "eligible",
    "recorded", "label", "amount", "rank",
]  # fmt: skip
F = TypeVar("F", bound=Callable[..., Any])
Sums: TypeAlias = "NDArray[np.float64] | float"
Parts: TypeAlias = "Callable[..., tuple[Sums, Sums]]"
"""Of people's outcomes (0 or 1), decisions (0 or 1) and scores: what each adds above and below the line.

A measure that asks for the threshold passes it as `threshold`.
"""

LATER: frozenset[Need] = frozenset({"outcome", "label", "amount", "rank"})  # known once outcomes have matured
NUMBERS: tuple[Kind, ...] = ("numeric", "score")
CATEGORIES: tuple[Kind, ...] = ("categorical", "decision", "outcome")
EVERY: tuple[Kind, ...] = (*NUMBERS, *CATEGORIES)


@dataclass(frozen=True, slots=True)
class Estimate:
    """One number with its interval and the counts behind it.

    Attributes:
        value: None when it cannot be had; then `why` says so. Never NaN.
        low, high: the interval at the level asked for; None when there is none.
        n: the denominator: how many rows the number rests on.
        events: the numerator where the number is a share of n, else None.
        note: what has to be read with the value.
        raw, drawn: of a pooled value, what the group has by itself, and how far that was drawn
            towards all groups': 0 not at all, 1 fully.
        design: how many rows are worth one, because rows of one patient are alike (the design
            effect); the limits rest on n / design. 1 where nobody repeats.

    >>> Estimate.absent("no one had the outcome", n=12).value is None
    True
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    events: int | None = None
    why: str | None = None
    note: str | None = None
    design: float = 1.0
    raw: float | None = None
    drawn: float | None = None

    @classmethod
    def absent(cls, why: str, n: int = 0) -> Estimate:
        """A number that cannot be had, and why."""
        return cls(None, None, None, n, why=why)


@dataclass(frozen=True, slots=True)
class Metric:
    """The facts about one metric. Its name is its file's name and the word in YAML.

    Attributes:
        family: the folder it lives in.
        reads: what the function takes:
            "column": a Histogram; the same function gives the reference's level.
            "window": a Profile; likewise.
            "tally": a Tally and a confidence level; measures everyone, or a group.
            "distance": counts of reference and current, for numbers their positions too.
            "cube": a Cube of one attribute and a confidence level; gives an Estimate by group
                (under None one of the attribute as a whole), each judged against `target`,
                with limits that hold for all groups at once.
            "attribute": a Cube of one attribute; the same function gives the reference's level.
            "feed": a Cube of one attribute in the window, the same in the reference, how many windows
                long that is, and the same in each of its windows.
            "mix": counts of the groups of reference and current, as a distance takes those of a column.
            "review": Reviews, what people said who read outputs, and a confidence level; measures
                everyone, or a group.
            "estimate": an Outlook, scores and what they meant in the reference; shown, never judged.
        unit: of the value.
        worse: which way is worse; "either" when both are.
        target: what the value ought to be: a number, or "reference" for what it was.
        compare: whether value and target are judged by difference or by ratio.
        kinds: which columns it can measure.
        ordered: of a distance, whether it takes `Histogram.ordered` and `positions`
            (numbers only) or `Histogram.cells`.
        widest: the widest 95 % interval a verdict may rest on (for shares NCHS's rule, for
            others the widths pmvalsampsize plans for); `widest_ratio` bounds upper over lower.
        needs: what must have been recorded.
        threshold: whether it has to be told the risk from which people are flagged (`threshold=`).
        parts: where the value is one sum over people divided by another, or the least of several
            such, what each of them adds; from it follow the bounds that outcomes not known leave
            (`monitors/bounds.py`).
        parted: where it is not, whether its extremes are where one score parts those not known.
        recorded: whether it asks only if something is on record, so that none of many is an answer
            and not a rate too rare to know.
        zero: what zero means, in words.
        source: where the definition comes from.
    """

    name: str
    family: str
    reads: Reads
    unit: str
    zero: str
    source: str
    worse: Literal["higher", "lower", "either"] = "higher"
    target: float | Literal["reference"] | None = None
    compare: Literal["difference", "ratio"] = "difference"
    kinds: tuple[Kind, ...] = ()
    needs: tuple[Need, ...] = ()
    ordered: bool = False
    widest: float | None = None
    widest_ratio: float | None = None
    threshold: bool = False
    parts: tuple[Parts, ...] = ()
    parted: bool = False
    recorded: bool = False

    def at(self, threshold: float | None) -> Metric:
        """The metric with what people add told the threshold, where it asks for one."""
        if not self.threshold or threshold is None:
            return self
        return replace(self, parts=tuple(partial(part, threshold=threshold) for part in self.parts))


def metric(
    *,
    reads: Reads,
    unit: str,
    zero: str,
    source: str,
    worse: Literal["higher", "lower", "either"] = "higher",
    target: float | Literal["reference"] | None = None,
    compare: Literal["difference", "ratio"] = "difference",
    kinds: tuple[Kind, ...] = (),
    needs: tuple[Need, ...] = (),
    ordered: bool = False,
    widest: float | None = None,
    widest_ratio: float | None = None,
    threshold: bool = False,
    parts: Parts | tuple[Parts, ...] = (),
    parted: bool = False,
    recorded: bool = False,
) -> Callable[[F], F]:
    """Declare the decorated function a metric; it stays a plain function."""

    def declare(function: F) -> F:
        family = function.__module__.split(".")[-2]
        facts = Metric(
            name=function.__name__,
            family=family,
            reads=reads,
            unit=unit,
            zero=zero,
            source=source,
            worse=worse,
            target=target,
            compare=compare,
            kinds=kinds,
            needs=needs,
            ordered=ordered,
            widest=widest,
            widest_ratio=widest_ratio,
            threshold=threshold,
            parts=parts if isinstance(parts, tuple) else (parts,),
            parted=parted,
            recorded=recorded,
        )
        setattr(function, "metric", facts)  # noqa: B010  a function has no such field for mypy
        return function

    return declare

"""One group against all others: how far apart two shares are at least, whatever chance leaves open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from monitors.interval import difference, wilson
from monitors.readiness.counted import Counted
from monitors.readiness.limits import GAP, LEVEL, percent
from monitors.readiness.report import Reason, Share
from monitors.readiness.withheld import shown


def surely_apart(k: int, n: int, other_k: int, other_n: int, comparisons: int) -> float:
    """By how much the first share is above the second at least; 0 where chance could be all of it.

    Newcombe's interval at a level that holds for all comparisons together (Bonferroni).

    >>> surely_apart(40, 100, 20, 400, 50) > 0.1, surely_apart(2, 10, 20, 400, 50)
    (True, 0.0)
    """
    if not n or not other_n:
        return 0.0
    level = 1 - (1 - LEVEL) / max(comparisons, 1)
    low, _ = difference(k / n, *wilson(k, n, level), other_k / other_n, *wilson(other_k, other_n, level))
    return max(0.0, low)


def compared(
    dimension: str,
    subject: str,
    fact: str,
    counted: Counted,
    held: Mapping[str, Mapping[str, int]],
    comparisons: int,
) -> Iterator[Reason | Share]:
    """What a fact says of each group: its share, and a reason where it is surely more common there.

    Args:
        dimension: the question it belongs to.
        subject: the column it is about.
        fact: in words, as in "no value".
        counted: for the sizes of groups.
        held: attribute to group to rows the fact holds of.
        comparisons: how many of the kind are made.
    """  # fmt: skip
    for attribute, mine in held.items():
        sizes = counted.sizes[attribute]
        people, meant = sum(sizes.values()), sum(mine.values())
        for group, share in shown(sizes, mine).items():
            yield Share(subject, fact, attribute, group, share)
            n, k = sizes[group], mine[group]
            apart = surely_apart(k, n, meant - k, people - n, comparisons)
            effect = GAP.effect(apart)
            if share is not None and effect is not None:
                rest = percent((meant - k) / (people - n))
                said = (
                    f"{subject}: {fact} in {percent(k / n)} of {attribute} {group}, in {rest} of all others; "
                    f"ask who records it there, and how"
                )
                yield Reason(dimension, effect, subject, said, attribute, group)

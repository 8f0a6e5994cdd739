"""Timeliness: do rows come when they should, without gaps?"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise

from monitors.readiness.counted import EARLY, EVERYONE, LATE, UNTIMED, Counted
from monitors.readiness.declared import Declared
from monitors.readiness.gaps import compared
from monitors.readiness.limits import NO_TIME, RECORDED_LATE, Limit, percent
from monitors.readiness.report import Dimension, Effect, Reason, Share
from monitors.told import FLOOR, small

_NAME = "timeliness"
_CHANCE = 0.01  # that any group falls silent so long by chance
_SHORT = 2  # days of silence that are not worth a word
_HABIT = 3  # times a silence has to come to be one that comes
_LARGE = 0.1  # of the whole time
_DAY_0 = date(1970, 1, 1)


def timeliness(counted: Counted, declared: Declared, at: datetime) -> Dimension:
    """Rows without a time, silences longer than chance and habit leave, late recording, age of the latest."""
    comparisons = 3 * sum(len(counted.sizes[a]) for a in counted.attributes)
    found: list[Reason | Share] = [
        *_fact(UNTIMED, NO_TIME, counted, comparisons, "they belong to no window and are never audited"),
        *_fact(LATE, RECORDED_LATE, counted, comparisons, "audit windows only once they are whole"),
        *_fact(EARLY, NO_TIME, counted, comparisons, "one of the two clocks is wrong"),
        *_age(counted, declared, at),
    ]
    last = max((max(days) for days in counted.days.get(EVERYONE, {}).values() if days), default=0)
    groups = [
        (attribute, group, days) for attribute, held in counted.days.items() for group, days in held.items()
        if sum(days.values()) >= FLOOR
    ]  # fmt: skip
    silent: list[tuple[int, int]] = []
    for attribute, group, days in sorted(groups, key=lambda held: held[0] != EVERYONE):
        gaps, usual = _gaps(days, len(groups))
        # What the whole source lacks, each group of it lacks.
        own = [gap for gap in gaps if not any(_mostly(gap, other) for other in silent)]
        if attribute == EVERYONE:
            silent = gaps
        found += _silences(attribute, group, own, usual, days, last)
    return Dimension.of(_NAME, found, [(a, g) for a, g, _ in groups if a != EVERYONE])


def _fact(
    fact: str, limit: Limit, counted: Counted, comparisons: int, remedy: str
) -> Iterator[Reason | Share]:
    if fact not in counted.facts or not (rows := counted.whole(fact)):
        return
    if small(rows):
        yield Reason(_NAME, "note", "time", f"{fact}: fewer than {FLOOR} rows; {remedy}")
    elif effect := limit.effect(rows / counted.rows):
        yield Reason(_NAME, effect, "time", f"{fact}: {percent(rows / counted.rows)} of rows; {remedy}")
    held = {attribute: counted.fact(fact, attribute) for attribute in counted.attributes}
    yield from compared(_NAME, "time", fact, counted, held, comparisons)


def _age(counted: Counted, declared: Declared, at: datetime) -> Iterator[Reason]:
    if counted.last is None:
        yield Reason(_NAME, "stop", "time", "time: no row has one that can be read; name another column")
        return
    age = max(at - counted.last, timedelta())
    said = f"the latest row is {_days(age.days)} old"
    if declared.fresh_within is None:
        yield Reason(_NAME, "note", "time", f"{said}; say `fresh_within` to have that judged")
    elif age > declared.fresh_within.approximate:
        stale = age > 3 * declared.fresh_within.approximate
        why = f"{said}, where {declared.fresh_within} was declared; ask why nothing came since"
        yield Reason(_NAME, "repair" if stale else "limit", "time", why)


def longest_by_chance(rows: int, span: int, groups: int) -> int:
    """The days of silence that chance alone still leaves, of so many rows spread evenly over a span.

    A stretch of g days is empty with probability exp(-rate g), and there are at most `span` places.

    >>> longest_by_chance(3650, 365, 1), longest_by_chance(100, 365, 20)
    (2, 50)
    """
    return math.ceil(math.log(max(span, 1) * max(groups, 1) / _CHANCE) * span / rows)


def _gaps(days: Mapping[int, int], groups: int) -> tuple[list[tuple[int, int]], int]:
    """The stretches without a row, as (first day, days), beyond what chance and habit leave, and that."""
    present = sorted(days)
    span = present[-1] - present[0] + 1
    bound = longest_by_chance(sum(days.values()), span, groups)
    gaps = [(a + 1, b - a - 1) for a, b in pairwise(present) if b - a > 1]
    often = [length for length, n in Counter(length for _, length in gaps).items() if n >= _HABIT]
    usual = max(bound, 2 * max(often, default=0), _SHORT)  # a clinic may close every weekend
    return [gap for gap in gaps if gap[1] > usual], usual


def _mostly(gap: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether most of a gap lies in another."""
    shared = min(gap[0] + gap[1], other[0] + other[1]) - max(gap[0], other[0])
    return shared > 0.8 * gap[1]


def _silences(
    attribute: str, group: str, gaps: list[tuple[int, int]], usual: int, days: Mapping[int, int], last: int
) -> Iterator[Reason]:
    who = "" if attribute == EVERYONE else f" of {attribute} {group}"
    place = (None, None) if attribute == EVERYONE else (attribute, group)
    span = max(days) - min(days) + 1
    for start, length in gaps:
        effect: Effect = "repair" if length >= _LARGE * span else "limit"
        first, to = _DAY_0 + timedelta(start), _DAY_0 + timedelta(start + length - 1)
        said = (
            f"no row{who} from {first:%-d %b %Y} to {to:%-d %b %Y}: {_days(length)}, where chance and "
            f"habit leave {_days(usual)}; ask what did not arrive"
        )
        yield Reason(_NAME, effect, "time", said, *place)
    if last - max(days) > usual:
        since = _DAY_0 + timedelta(max(days))
        said = f"no row{who} after {since:%-d %b %Y}, while others came for {_days(last - max(days))} more"
        yield Reason(_NAME, "limit", "time", said, *place)


def _days(n: int) -> str:
    return f"{n:,} day" if n == 1 else f"{n:,} days"

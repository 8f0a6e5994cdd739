"""Validity: can the values be what they say they are?"""

from __future__ import annotations

from collections.abc import Iterator

from monitors.histogram import CategoryBins, NumericBins
from monitors.readiness.counted import THIRD_OUTCOME, UNTIMELY, Counted, outside
from monitors.readiness.declared import Declared
from monitors.readiness.gaps import compared
from monitors.readiness.limits import IMPOSSIBLE, MOST_SPELLINGS, NO_TIME, NOT_ALLOWED, Limit, percent
from monitors.readiness.quantities import quantity_of
from monitors.readiness.report import Dimension, Reason, Share
from monitors.told import FLOOR, small

_NAME = "validity"
# What people write for "nothing" where a number has to stand.
SENTINELS = (-9999.0, -999.0, -99.0, -9.0, -1.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0)


def validity(counted: Counted, declared: Declared) -> Dimension:
    """Texts among numbers, numbers nobody has, codes for "nothing", spellings of one category, odd times."""
    held = counted.histograms
    comparisons = 3 * max(len(held), 1) * sum(len(counted.sizes[a]) for a in counted.attributes)
    found = [
        *(said for column in held for said in _column(column, counted, declared, comparisons)),
        *_fact("time", UNTIMELY, NO_TIME, counted, comparisons, "mend the clock or the column"),
        *_fact(
            declared.columns.outcome or "", THIRD_OUTCOME, IMPOSSIBLE, counted, comparisons,
            "it counts as not known: map it with `source.derive`",
        ),
    ]  # fmt: skip
    return Dimension.of(_NAME, found, counted.places)


def _column(column: str, counted: Counted, declared: Declared, comparisons: int) -> Iterator[Reason | Share]:
    whole = counted.histogram(column)
    if isinstance(whole.bins, CategoryBins):
        yield from _spellings(column, whole.bins, dict(zip(whole.bins.categories, whole.counts, strict=True)))
        yield from _declared(column, counted, declared, comparisons)
        return
    texts = {a: {g: h.other for g, h in counted.histograms[column][a].items()} for a in counted.attributes}
    yield from _said(
        column, "text that is no number", whole.other, counted, texts, IMPOSSIBLE, comparisons,
        "mend it, or make a number of it with `source.derive`",
    )  # fmt: skip
    expected, quantity = declared.expect.get(column), quantity_of(column)
    if outside(column) in counted.facts:
        said = f"no {quantity.name} a patient can have" if quantity else ""
        if expected is not None:
            said = "a number beyond what was declared" + (f" in {expected.unit}" if expected.unit else "")
        yield from _fact(
            column, outside(column), IMPOSSIBLE, counted, comparisons, "look for typing and units", said
        )
    if isinstance(whole.bins, NumericBins):
        yield from _sentinels(column, counted)


def _declared(
    column: str, counted: Counted, declared: Declared, comparisons: int
) -> Iterator[Reason | Share]:
    if (expected := declared.expect.get(column)) and expected.values:
        yield from _fact(
            column, outside(column), NOT_ALLOWED, counted, comparisons,
            "map it with `source.derive`, or declare it", "a category that was not declared",
        )  # fmt: skip


def _fact(
    subject: str, fact: str, limit: Limit, counted: Counted, comparisons: int, remedy: str, said: str = ""
) -> Iterator[Reason | Share]:
    if fact in counted.facts:
        held = {attribute: counted.fact(fact, attribute) for attribute in counted.attributes}
        yield from _said(
            subject, said or fact, counted.whole(fact), counted, held, limit, comparisons, remedy
        )


def _said(
    subject: str, fact: str, rows: int, counted: Counted, held: dict[str, dict[str, int]], limit: Limit,
    comparisons: int, remedy: str,
) -> Iterator[Reason | Share]:  # fmt: skip
    if not rows:
        return
    if small(rows):
        yield Reason(_NAME, "note", subject, f"{subject}: {fact} in fewer than {FLOOR} rows; {remedy}")
    elif effect := limit.effect(rows / counted.rows):
        yield Reason(
            _NAME, effect, subject, f"{subject}: {fact} in {percent(rows / counted.rows)} of rows; {remedy}"
        )
    yield from compared(_NAME, subject, fact, counted, held, comparisons)


def _spellings(column: str, bins: CategoryBins, counts: dict[str, int]) -> Iterator[Reason]:
    """Categories that differ in case and spaces alone; named where each stands in 11 rows or more."""
    alike: dict[str, list[str]] = {}
    for category in bins.categories:
        if counts.get(category, 0) >= FLOOR:
            alike.setdefault("".join(category.lower().split()), []).append(category)
    several = [sorted(held) for held in alike.values() if len(held) > 1]
    if several:
        named = "; ".join(" = ".join(map(repr, held)) for held in sorted(several)[:MOST_SPELLINGS])
        said = f"{column}: one category spelt several ways ({named}); make one of them with `source.derive`"
        yield Reason(_NAME, "limit", column, said)


def _sentinels(column: str, counted: Counted) -> Iterator[Reason]:
    """A code for "nothing" far outside all other values, which would be read as a measurement."""
    for value, rows, away, spread in counted.ends.get(column, ()):
        if value in SENTINELS and rows >= FLOOR and away > max(spread, 1e-9):
            said = (
                f"{column}: {value:g} stands in {percent(rows / counted.rows)} of rows, far from every other "
                f"value; if it is a code for nothing, say so in `source.missing`, or derive it away"
            )
            yield Reason(_NAME, "repair", column, said)

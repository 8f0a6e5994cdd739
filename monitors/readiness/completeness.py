"""Completeness: is what should be there, there, and for everyone?"""

from __future__ import annotations

from collections.abc import Iterator

from monitors.cube import UNKNOWN
from monitors.readiness.counted import NO_OUTCOME, Counted
from monitors.readiness.declared import Declared
from monitors.readiness.gaps import compared
from monitors.readiness.limits import (
    FEWEST_OF_GROUP,
    FEWEST_ROWS,
    MISSING,
    OPEN_OUTCOME,
    UNKNOWN_GROUP,
    percent,
)
from monitors.readiness.report import Dimension, Reason, Share
from monitors.readiness.withheld import shown
from monitors.told import small

_NAME = "completeness"


def completeness(counted: Counted, declared: Declared) -> Dimension:
    """Columns without values, groups that are not known or too small, outcomes still open."""
    found = [*_volume(counted), *_columns(counted), *_groups(counted), *_outcome(counted, declared)]
    return Dimension.of(_NAME, found)


def _volume(counted: Counted) -> Iterator[Reason]:
    if counted.rows < FEWEST_ROWS:
        said = f"fewer than {FEWEST_ROWS} rows: too few to learn from or to judge by; add time or sites"
        yield Reason(_NAME, "repair", "rows", said)


def _columns(counted: Counted) -> Iterator[Reason | Share]:
    comparisons = len(counted.histograms) * sum(len(counted.sizes[a]) for a in counted.attributes)
    for column, by in counted.histograms.items():
        # Of the people whose group is not known that same column says nothing.
        missing = {a: {g: h.missing for g, h in by[a].items()} for a in counted.attributes if a != column}
        whole = counted.histogram(column).missing
        share = whole / counted.rows
        if whole == counted.rows:
            said = f"{column}: no row holds a value; leave the column out, or mend its source"
            yield Reason(_NAME, "repair", column, said)
            continue
        if (effect := MISSING.effect(share)) and not small(whole) and not small(counted.rows - whole):
            said = (
                f"{column}: no value in {percent(share)} of rows; ask whether it is not measured, or not sent"
            )
            yield Reason(_NAME, effect, column, said)
        yield from compared(_NAME, column, "no value", counted, missing, comparisons)


def _groups(counted: Counted) -> Iterator[Reason | Share]:
    for attribute in counted.attributes:
        sizes = counted.sizes[attribute]
        unknown = sizes.get(UNKNOWN, 0)
        effect = UNKNOWN_GROUP.effect(unknown / counted.rows)
        if effect and not small(unknown):
            said = (
                f"{attribute}: not known in {percent(unknown / counted.rows)} of rows; no gap can be "
                f"looked for among them"
            )
            yield Reason(_NAME, effect, attribute, said)
        few = [g for g, n in sizes.items() if n < FEWEST_OF_GROUP and g != UNKNOWN]
        if few:
            named = ", ".join(sorted(few)[:8]) + (f" and {len(few) - 8} more" if len(few) > 8 else "")
            said = (
                f"{attribute}: fewer than {FEWEST_OF_GROUP} rows each of {named}; little can be told of "
                f"them: pool time, sites or categories"
            )
            yield Reason(_NAME, "note", attribute, said)
    for attribute, why in counted.refused.items():
        yield Reason(_NAME, "repair", attribute, f"{attribute}: {why}")


def _outcome(counted: Counted, declared: Declared) -> Iterator[Reason | Share]:
    column = declared.columns.outcome
    if column is None:
        said = "no outcome is named: what a model predicts cannot be learned or checked from this source"
        yield Reason(_NAME, "limit", "outcome", said)
        return
    open_ = counted.whole(NO_OUTCOME)
    if open_ == counted.rows:
        yield Reason(_NAME, "stop", column, f"{column}: no outcome is known in any row; name another column")
        return
    if (effect := OPEN_OUTCOME.effect(open_ / counted.rows)) and not small(open_):
        said = f"{column}: not known in {percent(open_ / counted.rows)} of rows; ask how and when it is found"
        yield Reason(_NAME, effect, column, said)
    held = {attribute: counted.fact(NO_OUTCOME, attribute) for attribute in counted.attributes}
    comparisons = sum(len(counted.sizes[a]) for a in counted.attributes)
    yield from compared(_NAME, column, "no outcome", counted, held, comparisons)


def sizes(counted: Counted, attribute: str) -> dict[str, int | None]:
    """Rows by group as people may see them."""
    held = counted.sizes[attribute]
    told = shown(held, dict.fromkeys(held, 0))
    return {group: held[group] if share is not None else None for group, share in told.items()}

"""Duplicates: does every row count once?"""

from __future__ import annotations

from collections.abc import Iterator

from monitors.readiness.counted import AGAIN, SAME_MOMENT, Counted
from monitors.readiness.declared import Declared
from monitors.readiness.gaps import compared
from monitors.readiness.limits import DUPLICATE, percent
from monitors.readiness.report import Dimension, Reason, Share
from monitors.told import FLOOR, small

_REMEDY = {
    AGAIN: "audits keep the latest of each; ask whether they are retries",
    SAME_MOMENT: "ask whether one event was sent several times",
}


def duplicates(counted: Counted, declared: Declared) -> Dimension:
    """Ids that came before, and several rows of a patient at one moment."""
    if declared.columns.id is None and declared.columns.patient is None:
        return Dimension(
            "duplicates", absent="neither `id` nor `patient` is named, so no row can be known again"
        )
    facts = [fact for fact in (AGAIN, SAME_MOMENT) if fact in counted.facts]
    comparisons = len(facts) * sum(len(counted.sizes[a]) for a in counted.attributes)
    return Dimension.of("duplicates", [said for fact in facts for said in _fact(fact, counted, comparisons)])


def _fact(fact: str, counted: Counted, comparisons: int) -> Iterator[Reason | Share]:
    rows = counted.whole(fact)
    share = rows / counted.rows
    if small(rows):
        yield Reason("duplicates", "note", "rows", f"{fact} in fewer than {FLOOR} rows; {_REMEDY[fact]}")
    elif effect := DUPLICATE.effect(share):
        yield Reason("duplicates", effect, "rows", f"{fact} in {percent(share)} of rows; {_REMEDY[fact]}")
    held = {attribute: counted.fact(fact, attribute) for attribute in counted.attributes}
    yield from compared("duplicates", "rows", fact, counted, held, comparisons)

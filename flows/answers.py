"""Answers other than yes or no, made plain: which of several, how much, and at which place of a list."""

from __future__ import annotations

from typing import Any

import ibis

from flows import expressions as ex
from monitors.columns import Columns
from monitors.cube import HUNDREDTHS, MOST, NO_ANSWER, STRANGE

DEEPEST = 1_000  # a place in a list beyond is taken for this


def answered(rows: ibis.Table, columns: Columns) -> dict[str, Any]:
    """By short name, the expressions of what the config names; null where the right answer is not known.

    A model that gave no answer, or one that is not among those declared, gave another answer.
    """
    made: dict[str, Any] = {}
    if columns.label:
        among = columns.label.among
        made["label_actual"] = _place(rows[columns.label.actual], among, STRANGE)
        made["label_predicted"] = _place(rows[columns.label.predicted], among, NO_ANSWER).fill_null(NO_ANSWER)
    if columns.amount:
        given, came_to = (ex.number(rows[name]) for name in (columns.amount.predicted, columns.amount.actual))
        made["error"], made["actual"] = _hundredths(given - came_to), _hundredths(came_to)
    if columns.rank:
        place = ex.number(rows[columns.rank])
        whole = ibis.ifelse(place >= 0, ibis.ifelse(place > DEEPEST, float(DEEPEST), place.floor()), None)
        made["rank"] = whole.cast("int64")
    return made


def _hundredths(amount: Any) -> Any:
    """Rounded before it is summed: whole numbers add to the same on every engine."""
    whole, most = (amount * float(HUNDREDTHS) + 0.5).floor(), float(MOST)
    return ibis.cases((whole > most, most), (whole < -most, -most), else_=whole).cast("int64")


def _place(column: Any, among: tuple[str, ...], other: int) -> Any:
    """Which of the declared answers, from 0; `other` for any other; null where blank."""
    said = ex.text(column)
    named = [(said == name, ibis.literal(place, "int64")) for place, name in enumerate(among)]
    return ibis.cases((said.isnull(), ibis.null("int64")), *named, else_=ibis.literal(other, "int64"))

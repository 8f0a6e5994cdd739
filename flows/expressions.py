"""Where a value falls, said as relational expressions that every engine reads the same way.

Bins are found by comparing with frozen edges, in a balanced tree, so that engines agree to the
last row. NaN is missing on all of them, infinities are told by comparison, and no hash is used:
these are the places where engines differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis
from ibis.expr.types import BooleanValue, Column, FloatingColumn, IntegerValue, StringColumn

from monitors.cube import INVALID_SCORE, MILLIONTHS, NO_SCORE, NOT_KNOWN, UNKNOWN
from monitors.histogram import CategoryBins, NumericBins

MISSING, OTHER, BELOW, ABOVE, UNSEEN = "missing", "other", "below", "above", "unseen"
CODES = {MISSING: -1, OTHER: -2, BELOW: -3, ABOVE: -4, UNSEEN: -5}
CODE_NAMES = {code: name for name, code in CODES.items()}
MOST_CATEGORIES = 1000  # values of a category kept by name
_FINITE = 1e300  # beyond it a double is taken as infinite; Spark's own test never says so
_WHOLE = 2.0**53  # a double beyond it is a whole number, and may be too large for any integer


def _code(value: int) -> IntegerValue:
    return ibis.literal(value, "int32")


def exact(value: float) -> FloatingColumn:
    """A number as an engine must take it, to the last bit.

    Written with a point it would be a decimal first, and one in thirty come out a bit off.
    """
    return ibis.literal(repr(float(value))).cast("float64")


def number(column: Column) -> FloatingColumn:
    """The column as a double; NULL where it is missing, NaN, or no number at all."""
    kind = column.type()
    if kind.is_string():
        value: Any = column.strip().try_cast("float64")
    elif kind.is_boolean():
        # Two questions, not one: a boolean that is not known is no 0.
        value = ibis.cases((column, 1.0), (~column, 0.0), else_=ibis.null("float64"))
    elif kind.is_numeric():
        value = column.cast("float64")
    else:
        value = ibis.null("float64")
    if kind.is_string() or kind.is_floating():
        value = ibis.ifelse(value.isnan(), ibis.null("float64"), value)
    return value


def blank(column: Column) -> BooleanValue:
    """Whether the value is missing: NULL, NaN, or text of nothing but spaces."""
    kind = column.type()
    if kind.is_string():
        return column.isnull() | (column.strip() == "") | (column.strip().lower() == "nan")
    if kind.is_floating():
        return column.isnull() | column.isnan()
    return column.isnull()


def text(column: Column) -> StringColumn:
    """The column as text that reads alike everywhere: true, 3, 2.5, 2026-01-05; NULL where blank."""
    kind = column.type()
    if kind.is_boolean():
        value: Any = ibis.ifelse(column, "true", "false")
    elif kind.is_floating() or kind.is_decimal():
        double = column.cast("float64")
        exact = whole(double) & (double.abs() < _WHOLE)
        short = ibis.ifelse(exact, double, 0.0).cast("int64").cast("string")
        value = ibis.ifelse(exact, short, double.cast("string"))
    elif kind.is_string():
        value = column.strip()
    else:
        value = column.cast("string")
    return ibis.ifelse(blank(column), ibis.null("string"), value)


def _search(value: Column, edges: Sequence[float], first: int, last: int) -> IntegerValue:
    """The index of the last edge at or below the value, by comparisons alone."""
    if first == last:
        return _code(first)
    middle = (first + last + 1) // 2
    return ibis.ifelse(
        value < exact(edges[middle]),
        _search(value, edges, first, middle - 1),
        _search(value, edges, middle, last),
    )


def numeric_cell(value: Column, missing: Column, bins: NumericBins) -> IntegerValue:
    """The bin a number falls in, or the code of where else it went."""
    edges = bins.edges
    if not edges:
        return ibis.cases(
            (missing, _code(CODES[MISSING])),
            (value.isnull(), _code(CODES[OTHER])),
            else_=_code(CODES[UNSEEN]),
        )
    return ibis.cases(
        (missing, _code(CODES[MISSING])),
        (value.isnull(), _code(CODES[OTHER])),
        (value < exact(edges[0]), _code(CODES[BELOW])),
        (value > exact(edges[-1]), _code(CODES[ABOVE])),
        else_=_search(value, edges, 0, max(len(edges) - 2, 0)),
    )


def category_cell(value: Column, bins: CategoryBins) -> StringColumn:
    """`=value` for the reference's categories, else the name of where it went.

    A value the reference never had leaves the engine as "unseen", not by its own name. Where the
    reference had more than are kept by name, it cannot be told from a rare one, and is "other".
    """
    known = [*bins.categories, *bins.rare]
    strange = OTHER if len(known) >= MOST_CATEGORIES else UNSEEN
    if not known:
        return ibis.ifelse(value.isnull(), MISSING, UNSEEN)
    return ibis.cases(
        (value.isnull(), ibis.literal(MISSING)),
        (value.isin(known), ibis.literal("=") + value),
        else_=ibis.literal(strange),
    )


def score_cell(value: Column, missing: Column, edges: Sequence[float]) -> IntegerValue:
    """The score cell; no score and a score outside [0, 1] have codes of their own."""
    return ibis.cases(
        (missing, _code(NO_SCORE)),
        (value.isnull() | (value < 0) | (value > 1), _code(INVALID_SCORE)),
        else_=_search(value, edges, 0, max(len(edges) - 2, 0)),
    )


def millionths(column: Column | None) -> IntegerValue:
    """A valid score in whole millionths, else 0: a sum of these is exact on every engine."""
    if column is None:
        return ibis.literal(0, "int64")
    value = number(column)
    # Set aside before the cast: an engine may cast every row, and 1e30 is no integer.
    valid = ibis.ifelse(value.notnull() & (value >= 0) & (value <= 1), value, 0.0)
    return (valid * float(MILLIONTHS) + 0.5).floor().cast("int64")


def binary(column: Column | None) -> IntegerValue:
    """1, 0, or -1 where not known. A third value is not known either; it is counted apart."""
    if column is None:
        return _code(NOT_KNOWN)
    kind = column.type()
    if kind.is_string():
        word = column.strip().lower()
        yes, no = word.isin(["1", "1.0", "true"]), word.isin(["0", "0.0", "false"])
    else:
        value = number(column)
        yes, no = value == 1, value == 0
    return ibis.cases((yes, _code(1)), (no, _code(0)), else_=_code(NOT_KNOWN))


def third_value(column: Column) -> BooleanValue:
    """Whether something is written that is neither 0 nor 1."""
    return ~blank(column) & (binary(column) == NOT_KNOWN)


def band(column: Column, starts: Sequence[float], labels: Sequence[str]) -> StringColumn:
    """The label of the band a number falls in; Unknown where there is no number."""
    value = number(column)

    def search(first: int, last: int) -> Any:
        if first == last:
            return ibis.literal(labels[first])
        middle = (first + last + 1) // 2
        return ibis.ifelse(value < exact(starts[middle - 1]), search(first, middle - 1), search(middle, last))

    return ibis.ifelse(value.isnull(), UNKNOWN, search(0, len(starts)))


def whole(value: FloatingColumn) -> BooleanValue:
    """Whether a number has no part after the point, however large it is."""
    # Rounding gives an integer, so what would not fit in one is cut before.
    cut = ibis.least(ibis.greatest(value, -_WHOLE), _WHOLE)
    return cut == cut.floor()


def finite(value: Column) -> FloatingColumn:
    """The number where it is finite, told by comparison, else NULL."""
    return ibis.ifelse((value > _FINITE) | (value < -_FINITE), ibis.null("float64"), value)


def seconds(time: Column) -> IntegerValue:
    """Whole seconds since 1970, of a local clock as if it were UTC."""
    return (time.cast("timestamp") if time.type().is_date() else time).epoch_seconds().cast("int64")


def step(value: Column, starts: Sequence[int]) -> IntegerValue:
    """The last step that begins at or before the value, which is no less than the first."""
    return _search(value, [float(start) for start in starts], 0, len(starts) - 1)

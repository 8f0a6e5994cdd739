"""Units: is a number in the same unit everywhere?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce

import numpy as np

from monitors.histogram import Histogram, NumericBins
from monitors.readiness.counted import Counted, in_unit
from monitors.readiness.declared import Declared
from monitors.readiness.gaps import compared
from monitors.readiness.limits import percent
from monitors.readiness.quantities import FACTORS, Quantity, quantity_of
from monitors.readiness.report import Dimension, Reason, Share
from monitors.told import FLOOR

ENOUGH = 50  # values whose quartiles say something
ALIKE = 0.12  # how far quartiles may be from a factor, on the log scale
MIXED = 0.003  # share in a second unit that is no typing mistake
Quartiles = tuple[float, float, float]


def units(counted: Counted, declared: Declared) -> Dimension:
    """Two units in one column, one unit here and another there, or another than was declared."""
    numbers = [c for c in counted.histograms if isinstance(counted.histogram(c).bins, NumericBins)]
    if not numbers:
        return Dimension("units", absent="no numeric column is named")
    site = declared.columns.site
    comparisons = len(numbers) * sum(len(counted.sizes[a]) for a in counted.attributes)
    found: list[Reason | Share] = []
    for column in numbers:
        quantity = quantity_of(column)
        if quantity is not None and len(quantity.units) > 1:
            found += _mixed(column, quantity, counted, comparisons)
            found += _declared(column, quantity, counted, declared)
        if site in counted.attributes:
            found += _between(column, quantity, counted, str(site))
    if site not in counted.attributes:
        said = "no `site` is named, so units could be compared within columns alone"
        found.append(Reason("units", "note", "site", said))
    looked_at = [(str(site), g) for g in counted.sizes.get(str(site), ())]
    return Dimension.of("units", found, looked_at)


def quartiles(histogram: Histogram) -> Quartiles | None:
    """The quartiles of a number from its counts, even within each bin; None under 50 finite values.

    >>> bins = NumericBins((0.0, 10.0, 20.0), (5.0, 15.0), 5.0)
    >>> quartiles(Histogram("x", bins, (50, 50)))
    (5.0, 10.0, 15.0)
    """
    bins = histogram.bins
    if not isinstance(bins, NumericBins) or sum(histogram.counts) < ENOUGH:
        return None
    below = np.concatenate([[0.0], np.cumsum(histogram.counts)]) / sum(histogram.counts)
    at = np.interp([0.25, 0.5, 0.75], below, bins.edges)
    return float(at[0]), float(at[1]), float(at[2])


def told_unit(quantity: Quantity, found: Quartiles) -> str | None:
    """The one unit in which such a median is usual; None where there is none, or several."""
    fitting = [unit.name for unit in quantity.units if unit.usual_low <= found[1] <= unit.usual_high]
    return fitting[0] if len(fitting) == 1 else None


def factor_between(one: Quartiles, other: Quartiles) -> float | None:
    """The factor of units that all three quartiles differ by; None where they do not.

    >>> factor_between((60.0, 70.0, 81.0), (132.0, 155.0, 178.0))
    2.2046
    >>> factor_between((1.0, 2.0, 9.0), (2.0, 5.0, 8.0)) is None
    True
    """
    if min(*one, *other) <= 0:
        return None
    logs = np.log(np.array(other) / np.array(one))
    for factor in FACTORS:
        for sign in (1, -1):
            if np.all(np.abs(logs - sign * np.log(factor)) < ALIKE):
                return factor
    return None


def _mixed(column: str, quantity: Quantity, counted: Counted, comparisons: int) -> Iterator[Reason | Share]:
    """Values of two units side by side in one column, where a single value tells its unit."""
    facts = {unit.name: in_unit(column, unit.name) for unit in quantity.units}
    if not all(fact in counted.facts for fact in facts.values()):
        return
    rows = {name: counted.whole(fact) for name, fact in facts.items()}
    main = max(rows, key=lambda name: rows[name])
    for name, n in rows.items():
        if name != main and n >= FLOOR and n / max(sum(rows.values()), 1) >= MIXED:
            said = (
                f"{column}: {percent(n / counted.rows)} of rows look to be in {name}, the others in {main}; "
                f"bring them to one unit with `source.derive`"
            )
            yield Reason("units", "repair", column, said)
            held = {attribute: counted.fact(facts[name], attribute) for attribute in counted.attributes}
            yield from compared("units", column, f"in {name}", counted, held, comparisons)


def _declared(column: str, quantity: Quantity, counted: Counted, declared: Declared) -> Iterator[Reason]:
    expected, found = declared.expect.get(column), quartiles(counted.histogram(column))
    if expected is None or expected.unit is None or found is None:
        return
    unit = told_unit(quantity, found)
    if unit is not None and expected.unit in {u.name for u in quantity.units} and unit != expected.unit:
        said = f"{column}: declared in {expected.unit}, and half of it lies as {quantity.name} does in {unit}"
        yield Reason("units", "repair", column, said)


def _between(column: str, quantity: Quantity | None, counted: Counted, site: str) -> Iterator[Reason]:
    by = counted.histograms[column][site]
    found = {group: q for group, h in by.items() if (q := quartiles(h)) is not None}
    named = {g: told_unit(quantity, q) for g, q in found.items()} if quantity else {}
    several = {unit for unit in named.values() if unit is not None}
    if len(several) > 1:
        usual = max(
            sorted(several), key=lambda unit: sum(sum(by[g].counts) for g, u in named.items() if u == unit)
        )
        for group, unit in sorted(named.items()):
            if unit is not None and unit != usual:
                said = (
                    f"{column}: looks to be in {unit} at {site} {group} and in {usual} elsewhere; "
                    f"convert it with `source.derive`"
                )
                yield Reason("units", "repair", column, said, site, group)
        return
    if several:  # all where it is usual to be: what differs are the patients
        return
    for group in sorted(found):
        others = quartiles(_all_but(by, group))
        factor = factor_between(others, found[group]) if others else None
        if factor is not None:
            said = (
                f"{column}: at {site} {group} every quartile is {factor:g} times what it is elsewhere, or "
                f"that part of it, as in another unit; ask which unit it is sent in"
            )
            yield Reason("units", "repair", column, said, site, group)


def _all_but(by: Mapping[str, Histogram], group: str) -> Histogram:
    rest = [h for g, h in by.items() if g != group]
    return reduce(lambda a, b: a + b, rest) if rest else by[group]

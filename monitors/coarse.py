"""Coarse: a histogram as people may see it, no cell of 1 to 10 people in it."""

from __future__ import annotations

from monitors.few import APART, small
from monitors.histogram import CategoryBins, Histogram, NumericBins


def coarsened(histogram: Histogram) -> Histogram:
    """The histogram with cells of 1 to 10 people folded into their neighbours, for display.

    Bins of a number join the next bin, categories and the special places join `other`. Where 1 to
    10 are then still left over they are left out, and every cell is told to the nearest twenty:
    neither a cell nor the total can be set against a count that is shown elsewhere.

    >>> bins = CategoryBins(("a", "b"))
    >>> coarsened(Histogram("c", bins, (90, 4), missing=3, other=9)).counts
    (90,)
    >>> coarsened(Histogram("c", bins, (500, 3))).counts, coarsened(Histogram("c", bins, (508, 0))).counts
    ((500,), (508, 0))
    """
    special = {name: getattr(histogram, name) for name in ("missing", "below", "above", "other", "unseen")}
    spare = sum(count for count in special.values() if small(count))
    special = {name: 0 if small(count) else count for name, count in special.items()}
    if isinstance(histogram.bins, NumericBins):
        bins, counts = _merged(histogram.bins, histogram.counts)
        if small(counts[0] if counts else None):  # all there are: no neighbour was left to join
            spare, counts = spare + counts[0], (0,)
    else:
        kept = [
            (c, n) for c, n in zip(histogram.bins.categories, histogram.counts, strict=True) if not small(n)
        ]
        spare += sum(n for n in histogram.counts if small(n))
        bins = CategoryBins(tuple(c for c, _ in kept), ())  # type: ignore[assignment]
        counts = tuple(n for _, n in kept)
    special["other"] += spare
    if small(special["other"]):
        special["other"] = 0
        counts = tuple(_nearest(n) for n in counts)
        special = {name: _nearest(n) for name, n in special.items()}
    return Histogram(histogram.column, bins, counts, **special)


def _nearest(count: int) -> int:
    return max(2 * APART, round(count / (2 * APART)) * 2 * APART) if count else 0


def _merged(bins: NumericBins, counts: tuple[int, ...]) -> tuple[NumericBins, tuple[int, ...]]:
    """Neighbouring bins joined until none holds 1 to 10."""
    edges, centers, kept = list(bins.edges), list(bins.centers), list(counts)
    while any(small(n) for n in kept) and len(kept) > 1:
        i = next(i for i, n in enumerate(kept) if small(n))
        j = i - 1 if i == len(kept) - 1 or (i > 0 and kept[i - 1] <= kept[i + 1]) else i
        total = kept[j] + kept[j + 1]
        middle = (centers[j] * kept[j] + centers[j + 1] * kept[j + 1]) / total
        kept[j : j + 2], centers[j : j + 2] = [total], [float(f"{middle:.9g}")]
        del edges[j + 1]
    return NumericBins(tuple(edges), tuple(centers), bins.scale), tuple(kept)

"""Withholding: the one door between the ledger and everything people see.

No count of 1 to 10 people is shown, nor a number such a count could be worked out from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from monitors.audit import Audit, Finding, Verdict
from monitors.histogram import CategoryBins, Histogram, NumericBins

FLOOR = 11  # the smallest count of people that may be shown, besides none
_REASON = "fewer than 11 people, or it would show how few"
_NUMBERS = (
    "value", "low", "high", "n", "events", "reference_n", "level", "baseline",
    "change_low", "change_high", "chance", "p", "needs",
)  # fmt: skip


def small(count: int | None) -> bool:
    """Whether a count of people is too small to show.

    >>> [small(n) for n in (0, 1, 10, 11, None)]
    [False, True, True, False, False]
    """
    return count is not None and 0 < count < FLOOR


def published(audit: Audit) -> Audit:
    """The audit as people may see it.

    A finding is withheld when its denominator, its numerator or their difference is 1 to 10
    (for shares also when nobody or everybody of fewer than 30 had the event), and when it is
    the one left over from which a withheld group of the same measure could be worked out.
    """
    first = [_withheld(f) if _telling(f) else f for f in audit.findings]
    shown = audit.with_findings(tuple(_complemented(first, audit.findings)))
    return replace(shown, rows=None) if small(audit.rows) else shown


def _telling(finding: Finding) -> bool:
    if finding.family == "drift":
        return small(finding.n)
    if small(finding.n) or small(finding.events):
        return True
    if finding.n is not None and finding.events is not None:
        others = finding.n - finding.events
        unanimous = finding.n > 0 and (finding.events == 0 or others == 0)
        of_people = finding.group is not None
        if small(others) or (unanimous and of_people and finding.n < 30):
            return True
    # The comparator's count gives the group's away when the whole is known.
    return finding.against is not None and small(finding.reference_n)


def _withheld(finding: Finding) -> Finding:
    return replace(
        finding,
        **dict.fromkeys(_NUMBERS),  # type: ignore[arg-type]
        verdict=Verdict.WITHHELD,
        reason=_REASON,
    )


def _complemented(found: list[Finding], original: tuple[Finding, ...]) -> Iterable[Finding]:
    """Withhold further groups until those withheld of a measure hold 11 people together, and are two.

    With one group withheld its count is the whole less the others; what is withheld must not
    be narrowed down that way.
    """
    by_measure: dict[tuple[str, str], list[int]] = {}
    for i, finding in enumerate(found):
        if finding.group is not None:
            by_measure.setdefault((finding.metric, finding.subject), []).append(i)
    result = list(found)
    for places in by_measure.values():
        hidden = [i for i in places if result[i].verdict is Verdict.WITHHELD]
        shown = sorted((i for i in places if i not in hidden), key=lambda i: original[i].n or 0)
        while hidden and shown and (
            len(hidden) < 2 or sum(original[i].n or 0 for i in hidden) < FLOOR
        ):  # fmt: skip
            i = shown.pop(0)
            result[i] = _withheld(result[i])
            hidden.append(i)
    return result


def coarsened(histogram: Histogram) -> Histogram:
    """The histogram with cells of 1 to 10 people folded into their neighbours, for display.

    Bins of a number join the next bin, categories and the special places join `other`; a
    remainder of 1 to 10 joins the largest cell. The total stays.

    >>> bins = CategoryBins(("a", "b"))
    >>> coarsened(Histogram("c", bins, (90, 4), missing=3, other=9)).counts
    (90,)
    """
    special = {name: getattr(histogram, name) for name in ("missing", "below", "above", "other", "unseen")}
    spare = sum(count for count in special.values() if small(count))
    special = {name: 0 if small(count) else count for name, count in special.items()}
    if isinstance(histogram.bins, NumericBins):
        bins, counts = _merged(histogram.bins, histogram.counts)
    else:
        kept = [
            (c, n) for c, n in zip(histogram.bins.categories, histogram.counts, strict=True) if not small(n)
        ]
        spare += sum(n for n in histogram.counts if small(n))
        bins = CategoryBins(tuple(c for c, _ in kept), ())  # type: ignore[assignment]
        counts = tuple(n for _, n in kept)
    special["other"] += spare
    if small(special["other"]):
        spare, special["other"] = special["other"], 0
        if counts and max(counts) >= max(special.values()):
            most = counts.index(max(counts))
            counts = tuple(n + spare * (i == most) for i, n in enumerate(counts))
        else:
            special[max(special, key=lambda name: special[name])] += spare
    return Histogram(histogram.column, bins, counts, **special)


def _merged(bins: NumericBins, counts: tuple[int, ...]) -> tuple[NumericBins, tuple[int, ...]]:
    """Neighbouring bins joined until none holds 1 to 10."""
    edges, centers, kept = list(bins.edges), list(bins.centers), list(counts)
    while any(small(n) for n in kept) and len(kept) > 1:
        i = next(i for i, n in enumerate(kept) if small(n))
        j = i - 1 if i == len(kept) - 1 or (i > 0 and kept[i - 1] <= kept[i + 1]) else i
        total = kept[j] + kept[j + 1]
        weights = (kept[j], kept[j + 1]) if total else (1, 1)
        middle = (centers[j] * weights[0] + centers[j + 1] * weights[1]) / sum(weights)
        kept[j : j + 2], centers[j : j + 2] = [total], [float(f"{middle:.9g}")]
        del edges[j + 1]
    return NumericBins(tuple(edges), tuple(centers), bins.scale), tuple(kept)


def shown_groups(counts: Mapping[str, int]) -> dict[str, int | None]:
    """Group sizes as people may see them: None for 1 to 10, and for one more when only one is.

    >>> shown_groups({"a": 500, "b": 4, "c": 40})
    {'a': 500, 'b': None, 'c': None}
    """
    hidden = {group for group, n in counts.items() if small(n)}
    shown = sorted((n, group) for group, n in counts.items() if group not in hidden)
    while hidden and shown and (len(hidden) < 2 or sum(counts[g] for g in hidden) < FLOOR):
        hidden.add(shown.pop(0)[1])
    return {group: None if group in hidden else n for group, n in counts.items()}

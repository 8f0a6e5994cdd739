"""Views: the counts of a window as people may see them, for the charts that no finding holds.

Nothing here shows a count of 1 to 10 people, nor two counts whose difference is one. Shares are
told to two digits, and only of so many people that two digits leave open how many they are.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from monitors.audit import Audit, Verdict
from monitors.cells import Cells, Row
from monitors.coarse import coarsened
from monitors.few import JOIN, small
from monitors.histogram import Histogram, NumericBins
from monitors.interval import wilson

if TYPE_CHECKING:
    from monitors.profile import Profile

PLACES = ("missing", "below", "above", "other", "unseen")  # of a histogram, beside its bins
DRAWN = 12  # bins of a number, above which they are joined in pairs
BINS = 12  # of a score, before any are joined
LEAST = 3  # bins; fewer are no curve
ENOUGH = 100  # people with the outcome, and as many without, below which no curve is drawn

NOBODY = Cells({}, {})
ALWAYS_SHOWN = ("selection_rate", "true_positive_rate", "false_positive_rate", "auroc")


@dataclass(frozen=True, slots=True)
class Overlaid:
    """One column now and in the reference, on the same bins; shares of all rows, to two digits.

    `places` are the rows that are in no bin, by what became of them: (now, in the reference); None
    where they are 1 to 10 people, who are counted in a bin instead.
    """

    column: str
    labels: tuple[str, ...]
    edges: tuple[float, ...]
    now: tuple[float, ...]
    reference: tuple[float, ...]
    places: dict[str, tuple[float | None, float | None]]


def overlaid(now: Histogram, reference: Histogram, earlier: Sequence[Histogram] = ()) -> Overlaid | None:
    """Both as people may see them; None where too few are counted, or told apart from `earlier`.

    >>> from monitors.histogram import CategoryBins
    >>> bins = CategoryBins(("a", "b", "c"))
    >>> held = overlaid(Histogram("x", bins, (90, 4, 106)), Histogram("x", bins, (50, 30, 20)))
    >>> held.labels, held.now, held.reference, held.places["other"]
    (('a', 'c'), (0.44, 0.56), (0.5, 0.2), (0.0, 0.3))
    """
    if now.rows < ENOUGH or reference.rows < ENOUGH or any(_few_apart(now, one) for one in earlier):
        return None
    a, b = coarsened(_fewer(now)), coarsened(_fewer(reference))
    if isinstance(a.bins, NumericBins) and isinstance(b.bins, NumericBins):
        edges = tuple(sorted(set(a.bins.edges) & set(b.bins.edges)))
        labels = NumericBins(edges, (), 1.0).labels
        counts = [_onto(edges, h.bins.edges, h.counts) for h in (a, b)]  # type: ignore[union-attr]
        spare = (0, 0)
    else:
        edges, labels = (), tuple(c for c in a.bins.labels if c in b.bins.labels)
        kept = [dict(zip(h.bins.labels, h.counts, strict=True)) for h in (a, b)]
        counts = [tuple(held[label] for label in labels) for held in kept]
        spare = (sum(a.counts) - sum(counts[0]), sum(b.counts) - sum(counts[1]))
    whole = (a.rows or 1, b.rows or 1)
    places: dict[str, tuple[float | None, float | None]] = {}
    for name in PLACES:
        few = [name != "other" and small(getattr(held, name)) for held in (now, reference)]
        here, then = getattr(a, name), getattr(b, name)
        if name == "other":
            here, then = here + spare[0], then + spare[1]
        places[name] = (
            None if few[0] else round(here / whole[0], 2),
            None if few[1] else round(then / whole[1], 2),
        )
    shares = [tuple(round(n / of, 2) for n in held) for held, of in zip(counts, whole, strict=True)]
    return Overlaid(now.column, labels, edges, shares[0], shares[1], places)


def _fewer(histogram: Histogram) -> Histogram:
    """Pairs of bins joined where there are many: less is lost to rounding."""
    bins = histogram.bins
    if not isinstance(bins, NumericBins) or len(bins.edges) <= DRAWN + 1:
        return histogram
    ends = sorted({*range(0, len(bins.edges), 2), len(bins.edges) - 1})
    edges = tuple(bins.edges[i] for i in ends)
    centers = tuple((a + b) / 2 for a, b in pairwise(edges))
    counts = _onto(edges, bins.edges, histogram.counts)
    return replace(histogram, bins=NumericBins(edges, centers, bins.scale), counts=counts)


def _onto(edges: Sequence[float], finer: Sequence[float], counts: Sequence[int]) -> tuple[int, ...]:
    """Counts on fewer edges, all of which are among the finer ones."""
    ends = [finer.index(edge) for edge in edges]
    return tuple(sum(counts[i:j]) for i, j in pairwise(ends))


def _few_apart(one: Histogram, other: Histogram) -> bool:
    """Whether setting the two side by side would tell of 1 to 10 people."""
    if one.bins != other.bins:
        return True
    return any(small(abs(a - b)) for a, b in zip(one.places, other.places, strict=True))


@dataclass(frozen=True, slots=True)
class Scores:
    """How the scores of some people lie, by outcome; on bins that all groups shown share.

    Attributes:
        group: "" for everyone.
        edges: of the score bins, shape (k + 1,).
        positives, negatives: of those with and without the outcome, the share in each bin, shape (k,).
        predicted: mean score of each bin; None where it is empty.
        observed, low, high: the share who had the outcome with its interval; None where it is empty.
    """

    group: str
    edges: tuple[float, ...]
    positives: tuple[float, ...]
    negatives: tuple[float, ...]
    predicted: tuple[float | None, ...]
    observed: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    prevalence: float

    def net_benefit(self) -> list[tuple[float, float, float]]:
        """(threshold, of flagging from there, of flagging everyone), each a share of all people.

        A true positive counts 1, a false one threshold / (1 - threshold); flagging nobody is 0
        (Vickers and Elkin 2006, Med Decis Making 26:565).
        """
        found = []
        for place, threshold in enumerate(self.edges[:-1]):
            cost = threshold / (1 - threshold) if threshold < 1 else 0.0
            tp = self.prevalence * sum(self.positives[place:])
            fp = (1 - self.prevalence) * sum(self.negatives[place:])
            everyone = self.prevalence - (1 - self.prevalence) * cost
            found.append((threshold, round(tp - fp * cost, 3), round(everyone, 3)))
        return found


@dataclass(frozen=True, slots=True)
class ByGroup:
    """The score views of one attribute; `left_out` are groups of too few people, by name."""

    attribute: str
    threshold: float | None
    shown: tuple[Scores, ...]
    left_out: tuple[str, ...]


def by_group(
    profile: Profile,
    audit: Audit,
    attribute: str,
    threshold: float | None,
    parts: Sequence[Profile] = (),
) -> ByGroup | None:
    """How scores and outcomes go together in a profile, as `of_rows`; None where it counts no such cube."""
    cube = profile.cubes.get(attribute)
    if cube is None:
        return None
    others = [part.cubes[attribute].weighted_rows() for part in parts]
    return of_rows(cube.weighted_rows(), profile.score_edges, audit, attribute, threshold, others)


def of_rows(
    rows: Sequence[Row],
    fine: Sequence[float],
    audit: Audit,
    attribute: str,
    threshold: float | None,
    parts: Sequence[Sequence[Row]] = (),
) -> ByGroup | None:
    """How scores and outcomes go together, of everyone and of each group with enough people.

    Groups of which the published audit withholds anything are left out, and so are those of fewer
    than 100 people with the outcome or without. Score bins are joined until each holds 11 people
    or none in everyone, in each group shown and in all others together, with the outcome and without.

    Args:
        rows: of the attribute's cube, outcomes counted.
        fine: the edges of its score cells, shape (k + 1,).
        audit: of their window, as published.
        attribute: whose groups; "" for everyone alone.
        threshold: of the decision, to be drawn; None where there is none.
        parts: the rows of each window, where they are of several: as each has been shown, a bin holds
            11 people or none in each of them too, and so in whatever is left of the whole.
    """
    if not fine or JOIN in attribute or not _told(audit, None, None):
        return None
    people = Cells.of(rows)
    if not _enough(people[""]):
        return None
    groups = [group for group in people if group]
    kept = [g for g in groups if attribute and _told(audit, attribute, g) and _enough(people[g])]
    # Every attribute starts from everyone's own bins: two pages never differ by part of one.
    every = [people, *(Cells.of(part) for part in parts)]
    edges = _settled(_edges(fine, people[""]), every, (), fine)
    while kept and edges:
        if found := _settled(edges, every, kept, fine):
            edges = found
            break
        kept.remove(min(kept, key=lambda g: people[g].labelled))
    if edges is None:
        return None
    shown = tuple(_scores(people[group], group, edges, fine) for group in ("", *kept))
    left = tuple(g for g in groups if attribute and g not in kept)
    return ByGroup(attribute, threshold, shown, left)


def _settled(
    edges: tuple[float, ...],
    every: Sequence[Mapping[str, Cells]],
    groups: Sequence[str],
    fine: Sequence[float],
) -> tuple[float, ...] | None:
    """As many of the edges as leave nobody's cell with 1 to 10; None where fewer than three bins are left."""
    below: list[list[int]] = []  # of each line of counts, how many lie below each edge
    for people in every:
        whole = _counts(people[""], edges, fine)
        parts = [_counts(people.get(g, NOBODY), edges, fine) for g in groups]
        rest = [
            [n - sum(held) for n, *held in zip(*lines, strict=True)]
            for lines in zip(whole, *parts, strict=True)
        ]
        below += [[0, *accumulate(line)] for lines in (whole, rest, *parts) for line in lines]
    best: list[tuple[int, ...] | None] = [(0,)]  # to each edge, the way there with most bins
    for end in range(1, len(edges)):
        ways: list[tuple[int, ...]] = []
        for start in range(end):
            way = best[start]
            if way is not None and not any(small(line[end] - line[start]) for line in below):
                ways.append((*way, end))
        best.append(max(ways, key=len, default=None))
    last = best[-1]
    return tuple(edges[i] for i in last) if last is not None and len(last) > LEAST else None


def _told(audit: Audit, attribute: str | None, group: str | None) -> bool:
    """Whether the published audit shows the measures of everyone, or of a group, whole."""
    held = [
        f
        for f in audit.findings
        if f.metric in ALWAYS_SHOWN and f.group == group and (group is None or f.subject == attribute)
    ]
    return bool(held) and not any(f.verdict is Verdict.WITHHELD for f in held)


def _enough(people: Cells) -> bool:
    return people.events >= ENOUGH and people.labelled - people.events >= ENOUGH


def _edges(fine: Sequence[float], everyone: Cells) -> tuple[float, ...]:
    """About a dozen bins of as many people each."""
    held = everyone.by_score()
    upto = list(accumulate(n for _, n in held))
    wanted = [bisect_left(upto, upto[-1] * part / BINS) for part in range(1, BINS)]
    inner = {float(fine[_place(fine, held[i][0]) + 1]) for i in wanted}
    return tuple(sorted({float(fine[0]), float(fine[-1]), *inner}))


def _place(edges: Sequence[float], value: float) -> int:
    """The bin a value lies in; the first and the last take what lies outside."""
    return min(max(bisect_right(edges, value) - 1, 0), len(edges) - 2)


def _counts(people: Cells, edges: Sequence[float], fine: Sequence[float]) -> list[list[int]]:
    """People by outcome and decision (-1 where not known), shape (6, k) without the outcome first."""
    found = [[0] * (len(edges) - 1) for _ in range(6)]
    for (outcome, decision, cell), n in people.known.items():
        found[3 * outcome + decision + 1][_place(edges, fine[cell])] += n
    return found


def _scores(people: Cells, group: str, edges: tuple[float, ...], fine: Sequence[float]) -> Scores:
    lines = _counts(people, edges, fine)
    negatives, positives = (
        [sum(held) for held in zip(*some, strict=True)] for some in (lines[:3], lines[3:])
    )
    n = [a + b for a, b in zip(negatives, positives, strict=True)]
    limits = [wilson(e, m) if m else None for e, m in zip(positives, n, strict=True)]
    return Scores(
        group=group,
        edges=edges,
        positives=_shares(positives),
        negatives=_shares(negatives),
        predicted=_means(people, edges),
        observed=tuple(round(e / m, 2) if m else None for e, m in zip(positives, n, strict=True)),
        low=tuple(round(held[0], 2) if held else None for held in limits),
        high=tuple(round(held[1], 2) if held else None for held in limits),
        prevalence=round(sum(positives) / sum(n), 2),
    )


def _shares(counts: Sequence[int]) -> tuple[float, ...]:
    total = sum(counts)
    return tuple(round(n / total, 2) for n in counts)


def _means(people: Cells, edges: Sequence[float]) -> tuple[float | None, ...]:
    sums = [[0.0, 0] for _ in edges[1:]]
    for score, n in people.by_score():
        held = sums[_place(edges, score)]
        held[0], held[1] = held[0] + score * n, held[1] + n
    return tuple(round(total / n, 2) if n else None for total, n in sums)

"""Same-score need gap: whether people of a group need more than others with the same score."""

from __future__ import annotations

from collections.abc import Mapping

from monitors.cube import Cube
from monitors.fairness._need import FEWEST, NOBODY, Needs, stratified
from monitors.interval import LEVEL, quantile
from monitors.metric import Estimate, metric

TENTHS, FIFTHS = 10, 5


@metric(
    reads="cube",
    unit="percentile points",
    worse="higher",
    target=0.0,
    needs=("score", "need"),
    zero="at the same score both have the same need",
    source="Obermeyer et al. 2019, Science 366:447; Bross 1958, Biometrics 14:18 (mean ranks)",
)
def same_score_need_gap(cube: Cube, level: float = LEVEL) -> Mapping[str | None, Estimate]:
    """Mean rank of need in the group - in everyone else, within tenths of score, weighed by the group.

    Asks: do people of this group have to be sicker than others to get the same score?
    Trap: need must be measured without the score's own label (chronic conditions, not cost), and be
        recorded alike in both groups. Above 0 the score understates the group's need.
    Enough: 30 people of the group in each tenth of score; else fifths are taken.
    Interval: normal, of the stratified mean, held for all groups (Šidák).

    Args:
        cube: by the attribute whose groups are assessed.
        level: two-sided confidence that the limits of all groups hold together.

    Returns:
        By group, -100 to 100; `n` its people with score and need; absent without people on both sides.

    >>> counted = [("f", 1, -1, 2, -1, 200, 0), ("m", 1, -1, 2, -1, 200, 0)]
    >>> need = [("f", "need", 2, 0, 50), ("f", "need", 2, 1, 150), ("m", "need", 2, 0, 150)]
    >>> need += [("m", "need", 2, 1, 50)]
    >>> same_score_need_gap(Cube.of("sex", counted, asides=need))["f"].value
    25.0
    """
    needs = Needs.of(cube)
    found: dict[str | None, Estimate] = dict.fromkeys(cube.groups, Estimate.absent(NOBODY))
    reach = quantile(level ** (1 / max(len(needs.groups), 1)))
    for g, group in enumerate(needs.groups):
        mine, n = needs.people[g], int(needs.people[g].sum())
        rest = needs.people.sum(axis=0) - mine
        gap = stratified(mine, rest, TENTHS, FEWEST) or stratified(mine, rest, FIFTHS, 2)
        if gap is None:
            found[group] = Estimate.absent("no one elsewhere, or too few here, at the same scores", n)
            continue
        value, half = gap[0], reach * gap[1]
        found[group] = Estimate(value, value - half, value + half, n)
    return found

"""Top-need gap: who would be among the tenth in greatest need, less who is among the tenth scored highest."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from monitors.bootstrap import SEED, simultaneous
from monitors.cube import Cube
from monitors.fairness._need import NOBODY, Needs
from monitors.histogram import Counts, Floats
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric

TOP, DRAWS = 0.1, 200


@metric(
    reads="cube",
    unit="share of the top tenth",
    worse="higher",
    target=0.0,
    needs=("score", "need"),
    zero="the group's part of the tenth scored highest is its part of the tenth in greatest need",
    source="Obermeyer et al. 2019, Science 366:447 (17.7 % of the top by score, 46.5 % by need)",
)
def top_need_gap(cube: Cube, level: float = LEVEL, *, seed: int = SEED) -> Mapping[str | None, Estimate]:
    """Group's share of the tenth with most need - its share of the tenth scored highest.

    Asks: whom would we help if we went by need and not by the score?
    Trap: need must be measured without the score's own label. A tenth is a convention. Above 0 the group
        is overlooked.
    Enough: 1,000 people, so that the top tenth holds 100.
    Interval: bootstrap of the people (200 draws), all groups held at once (max-T).

    Args:
        cube: by the attribute whose groups are assessed.
        level: two-sided confidence that the limits of all groups hold together.
        seed: of the draws.

    Returns:
        By group, -1 to 1; `n` its people with score and need; absent where there are none.

    >>> counted = [("f", 1, -1, 2, -1, 500, 0), ("m", 1, -1, 2, -1, 500, 0)]
    >>> need = [("f", "need", 1, 1, 100), ("f", "need", 1, 0, 400), ("m", "need", 2, 0, 100)]
    >>> need += [("m", "need", 1, 0, 400)]
    >>> top_need_gap(Cube.of("sex", counted, asides=need))["f"].value
    1.0
    """
    needs = Needs.of(cube)
    found: dict[str | None, Estimate] = dict.fromkeys(cube.groups, Estimate.absent(NOBODY))
    if not needs.groups:
        return found
    n, value = int(needs.people.sum()), _gaps(needs.people)
    random, shares = np.random.default_rng(seed), needs.people.ravel() / n
    again = (random.multinomial(n, shares).reshape(needs.people.shape) for _ in range(DRAWS))
    drawn = np.array([_gaps(people) for people in again])  # one at a time: all may not fit in memory
    limits = simultaneous(value, drawn, None, level)
    for g, group in enumerate(needs.groups):
        limit = (float(limits.low[g]), float(limits.high[g]))
        found[group] = Estimate(float(value[g]), *limit, int(needs.people[g].sum()))
    return found


def _gaps(people: Counts) -> Floats:
    return _top(people.sum(axis=1)) - _top(people.sum(axis=2))


def _top(people: Counts) -> Floats:
    """Each group's share of the highest tenth, of people by step, (groups, steps); ties share alike."""
    each = people.sum(axis=0)
    above = np.cumsum(each[::-1])[::-1] - each
    part = np.clip((TOP * each.sum() - above) / np.maximum(each, 1), 0, 1)
    return np.asarray(people @ part / (TOP * each.sum()))

"""Pooled true positive rate: of small groups and intersections, each drawn towards all by its uncertainty."""

from __future__ import annotations

from collections.abc import Mapping

from monitors.cube import Cube
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric
from monitors.pooling import pooled
from monitors.repeats import design_of_share


@metric(
    reads="cube",
    unit="share of rows",
    worse="lower",
    target="reference",
    needs=("decision", "outcome"),
    zero="no one who had the outcome was flagged",
    source="Morris 1983, J Am Stat Assoc 78:47; DerSimonian & Laird 1986, Control Clin Trials 7:177",
)
def pooled_true_positive_rate(cube: Cube, level: float = LEVEL) -> Mapping[str | None, Estimate]:
    """TP / (TP + FN) of each group, drawn towards all groups' on the log-odds scale.

    Asks: which of many small groups and intersections may be missed more than the others?
    Trap: exploratory: what it shows needs confirming on new data, and no verdict rests on it. Their own
        rates differ most where they are smallest, so each is drawn towards all; a note says how far.
    Enough: 100 people with the outcome in all groups together.
    Interval: of the pooled estimate, on the log-odds scale.

    Args:
        cube: by the attribute, often an intersection.
        level: two-sided confidence of each group's limits.

    Returns:
        By group, how far it was drawn in `note`; `n` people with the outcome, `events` of whom were
        flagged; absent where no one had the outcome.

    >>> counted = [(g, 1, d, -1, -1, k, 0) for g, ks in (("f × a", (30, 70)), ("f × b", (70, 30)),
    ...     ("m × b", (0, 4))) for d, k in enumerate(ks) if k]
    >>> found = pooled_true_positive_rate(Cube.of("sex × race", counted))
    >>> round(found["m × b"].value, 2), found["m × b"].note
    (0.74, 'exploratory; drawn 62 % of the way towards all groups')
    """
    tallies = {group: cube.tally(group) for group in cube.groups}
    told: dict[str | None, Estimate] = {}
    able: dict[str, tuple[int, int]] = {}
    for group, tally in tallies.items():
        if tally.tp + tally.fn:
            able[group] = (tally.tp, tally.tp + tally.fn)
        decided = able.get(group) or tally.fp + tally.tn
        why = "no one in this group had the outcome" if decided else NOTHING
        told[group] = Estimate.absent(why)
    if able:
        designs = [design_of_share(tallies[group], *FLAGGED_OF_ILL) for group in able]
        counts = [(tp / d, n / d) for (tp, n), d in zip(able.values(), designs, strict=True)]
        rates = pooled([tp for tp, _ in counts], [n for _, n in counts], level)
        for i, (group, (tp, n)) in enumerate(able.items()):
            note = f"exploratory; drawn {rates.drawn[i]:.0%} of the way towards all groups"
            value, low, high = (float(part[i]) for part in (rates.value, rates.low, rates.high))
            told[group] = Estimate(
                value, low, high, n, tp, note=note.replace("%", " %"), design=designs[i],
                raw=tp / n, drawn=float(rates.drawn[i]),
            )  # fmt: skip
    return told


FLAGGED_OF_ILL = ((8,), (7, 8))  # cells of (outcome, decision)
NOTHING = "no row has both a decision and a known outcome"

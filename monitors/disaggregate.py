"""Point values by group, from Fairlearn and scikit-learn on weighted rows; imported nowhere else.

A tally is a handful of rows with weights: the confusion table's four, and two for each score
cell. Both libraries take them as `sample_weight` and give what they give on the people
themselves: rates to the last bit, AUROC to what score cells cost. Intervals are not theirs to
give: their bootstrap would draw cells, not people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from monitors.cube import Cube, Tally
from monitors.discovery import metrics
from monitors.histogram import Counts, Floats

Weighted = tuple[Floats, Floats, Counts]  # outcome, decision or score, people


@dataclass(frozen=True, slots=True)
class Disaggregated:
    """What each group has, what everyone else has, and what all have together.

    `group` and `rest` are by (metric, group). A value is None where its denominator is empty
    and `why` says so, under (metric, group), (metric, "rest of " + group) or (metric, "").
    """

    attribute: str
    group: Mapping[tuple[str, str], float | None] = field(default_factory=dict)
    rest: Mapping[tuple[str, str], float | None] = field(default_factory=dict)
    everyone: Mapping[str, float | None] = field(default_factory=dict)
    why: Mapping[tuple[str, str], str] = field(default_factory=dict)


def by_group(
    cube: Cube, names: Iterable[str] | None = None, least: int = 0, *, rests: bool = True
) -> Disaggregated:
    """Measure each group of a cube, its rest and everyone; `names` picks among `MEASURES`.

    Groups of fewer than `least` rows are left out, and without `rests` everyone else than each: a
    value costs a call of each library.

    Fairlearn says 0 where a group has no positives, and warns or fails elsewhere, so a
    denominator is looked at first: an empty one gives None and never reaches Fairlearn.

    >>> rows = [("f", 1, 1, -1, -1, 3, 0), ("f", 1, 0, -1, -1, 1, 0), ("m", 0, 1, -1, -1, 2, 0)]
    >>> seen = by_group(Cube.of("sex", rows), ["true_positive_rate"])
    >>> seen.group["true_positive_rate", "f"], seen.group["true_positive_rate", "m"]
    (0.75, None)
    >>> seen.why["true_positive_rate", "m"]
    'no one in this group had the outcome'
    """
    places: list[tuple[str, str]] = [("everyone", "")]
    tallies = [cube.tally()]
    for group in cube.groups:
        if cube.tally(group).n < least:
            continue
        places.append(("group", group))
        tallies.append(cube.tally(group))
        if rests:
            places.append(("rest", group))
            tallies.append(cube.tally(rest_of=group))
    held: dict[str, dict[Any, float | None]] = {"everyone": {}, "group": {}, "rest": {}}
    why: dict[tuple[str, str], str] = {}
    wanted = list(MEASURES if names is None else names)
    judged = {name: [metrics()[name].compute(tally) for tally in tallies] for name in wanted}
    # Every measure of every place is a group of one frame: a frame costs more than its groups do.
    shares: list[Weighted] = []
    areas: list[Weighted] = []
    known: list[tuple[str, int, slice]] = []
    for name in wanted:
        for i, estimate in enumerate(judged[name]):
            if estimate.value is not None:
                into, parts = (areas if name == AREA else shares), MEASURES[name](tallies[i])
                known.append((name, i, slice(len(into), len(into) + len(parts))))
                into += parts
    mean, area = _frame(shares), [_area(*part) for part in areas]
    found = {(name, i): _value(name, (area if name == AREA else mean)[of]) for name, i, of in known}
    for name in wanted:
        for i, (place, group) in enumerate(places):
            held[place][name if place == "everyone" else (name, group)] = found.get((name, i))
            if (name, i) not in found:
                why[name, f"rest of {group}" if place == "rest" else group] = str(judged[name][i].why)
    return Disaggregated(cube.attribute, held["group"], held["rest"], held["everyone"], why)


def _frame(parts: list[Weighted]) -> list[float]:
    """The mean guess of each part, by one MetricFrame."""
    if not parts:
        return []
    from fairlearn.metrics import MetricFrame, mean_prediction

    frame = MetricFrame(
        metrics=mean_prediction,
        y_true=np.concatenate([part[0] for part in parts]),
        y_pred=np.concatenate([part[1] for part in parts]),
        # A list: an array of a single row would be squeezed to none.
        sensitive_features=np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts]).tolist(),
        sample_params={"sample_weight": np.concatenate([part[2] for part in parts])},
    )
    return [float(value) for value in frame.by_group]


def _area(y_true: Floats, y_pred: Floats, sample_weight: Counts) -> float:
    """scikit-learn's `roc_auc_score`, by the two functions it is made of, which check their input once."""
    from sklearn.metrics import auc, roc_curve

    false, true, _ = roc_curve(y_true, y_pred, sample_weight=sample_weight)
    return float(auc(false, true))


def _value(name: str, parts: list[float]) -> float:
    return parts[0] / parts[1] if name == RATIO else parts[0]


def _of(outcome: list[int], guess: list[float], people: list[int]) -> Weighted:
    keep = np.array(people) > 0
    return (
        np.array(outcome, dtype=np.float64)[keep],
        np.array(guess, dtype=np.float64)[keep],
        np.array(people, dtype=np.int64)[keep],
    )


def _decided(tally: Tally) -> list[Weighted]:
    return [_of([0, 0], [1, 0], [tally.flagged, tally.unflagged])]  # the outcome is not looked at


def _found(tally: Tally) -> list[Weighted]:
    return [_of([1, 1], [1, 0], [tally.tp, tally.fn])]


def _alarmed(tally: Tally) -> list[Weighted]:
    return [_of([0, 0], [1, 0], [tally.fp, tally.tn])]


def _right(tally: Tally) -> list[Weighted]:
    return [_of([1, 1], [1, 0], [tally.tp, tally.fp])]


def _ranked(tally: Tally) -> list[Weighted]:
    outcome = np.repeat([1.0, 0.0], len(tally.score))
    people = np.concatenate([tally.positives, tally.negatives])
    keep = people > 0
    return [(outcome[keep], np.tile(tally.score, 2)[keep], people[keep])]


def _against_expected(tally: Tally) -> list[Weighted]:
    mean = tally.expected / tally.labelled
    people = [tally.events, tally.labelled - tally.events]
    return [_of([1, 0], [1, 0], people), _of([1, 0], [mean, mean], people)]


AREA, RATIO = "auroc", "observed_expected_ratio"
# Our name of a measure, and the weighted rows whose mean it is: a true positive rate is Fairlearn's
# selection rate among those who had the outcome. The area is of the rows' order, the ratio of two means.
MEASURES: dict[str, Callable[[Tally], list[Weighted]]] = {
    "selection_rate": _decided,
    "true_positive_rate": _found,
    "false_positive_rate": _alarmed,
    "positive_predictive_value": _right,
    AREA: _ranked,
    RATIO: _against_expected,
}

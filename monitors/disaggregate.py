"""Point values by group, from Fairlearn and scikit-learn on weighted rows; imported nowhere else.

A tally is a handful of rows with weights: the confusion table's four, and two for each score
cell. Both libraries take them as `sample_weight` and give what they give on the people
themselves: rates to the last bit, AUROC to what score cells cost. Intervals are not theirs to
give: their bootstrap would draw cells, not people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
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


def by_group(cube: Cube, names: Iterable[str] | None = None, least: int = 0) -> Disaggregated:
    """Measure each group of a cube, its rest and everyone; `names` picks among `MEASURES`.

    Groups of fewer than `least` rows are left out: each costs a call of each library.

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
        places += [("group", group), ("rest", group)]
        tallies += [cube.tally(group), cube.tally(rest_of=group)]
    held: dict[str, dict[Any, float | None]] = {"everyone": {}, "group": {}, "rest": {}}
    why: dict[tuple[str, str], str] = {}
    wanted = list(MEASURES if names is None else names)
    judged = {name: [metrics()[name].compute(tally) for tally in tallies] for name in wanted}
    # Measures of the same rows and the same groups share a frame.
    frames: dict[tuple[Callable[[Tally], Weighted], tuple[int, ...]], list[str]] = {}
    for name in wanted:
        able = tuple(i for i, estimate in enumerate(judged[name]) if estimate.value is not None)
        frames.setdefault((MEASURES[name], able), []).append(name)
    for (rows, able), together in frames.items():
        values = _frame(together, [rows(tallies[i]) for i in able])
        for name in together:
            found = dict(zip(able, values[name], strict=True))
            for i, (place, group) in enumerate(places):
                held[place][name if place == "everyone" else (name, group)] = found.get(i)
                if i not in found:
                    whose = f"rest of {group}" if place == "rest" else group
                    why[name, whose] = str(judged[name][i].why)
    return Disaggregated(cube.attribute, held["group"], held["rest"], held["everyone"], why)


def _frame(names: list[str], parts: list[Weighted]) -> dict[str, list[float]]:
    """Metrics of each part, by one MetricFrame; positions line up, as Fairlearn needs."""
    if not parts:
        return {name: [] for name in names}
    from fairlearn.metrics import MetricFrame

    weights = {"sample_weight": np.concatenate([part[2] for part in parts])}
    frame = MetricFrame(
        metrics={name: _functions()[name] for name in names},
        y_true=np.concatenate([part[0] for part in parts]),
        y_pred=np.concatenate([part[1] for part in parts]),
        # A list: an array of a single row would be squeezed to none.
        sensitive_features=np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts]).tolist(),
        sample_params=dict.fromkeys(names, weights),
    )
    return {name: [float(value) for value in frame.by_group[name]] for name in names}


def _of(outcome: list[int], guess: list[float], people: list[int]) -> Weighted:
    keep = np.array(people) > 0
    return (
        np.array(outcome, dtype=np.float64)[keep],
        np.array(guess, dtype=np.float64)[keep],
        np.array(people, dtype=np.int64)[keep],
    )


def _decided(tally: Tally) -> Weighted:
    return _of([0, 0], [1, 0], [tally.flagged, tally.unflagged])  # the outcome is not looked at


def _confusion(tally: Tally) -> Weighted:
    return _of([1, 0, 1, 0], [1, 1, 0, 0], [tally.tp, tally.fp, tally.fn, tally.tn])


def _ranked(tally: Tally) -> Weighted:
    outcome = np.repeat([1.0, 0.0], len(tally.score))
    people = np.concatenate([tally.positives, tally.negatives])
    keep = people > 0
    return outcome[keep], np.tile(tally.score, 2)[keep], people[keep]


def _expected(tally: Tally) -> Weighted:
    mean = tally.expected / tally.labelled
    return _of([1, 0], [mean, mean], [tally.events, tally.labelled - tally.events])


@cache
def _functions() -> dict[str, Callable[..., float]]:
    """Whose function computes each measure; both libraries take seconds to import."""
    from fairlearn.metrics import (
        false_positive_rate,
        mean_prediction,
        selection_rate,
        true_positive_rate,
    )
    from sklearn.metrics import precision_score, roc_auc_score

    def observed_expected_ratio(y_true: Floats, y_pred: Floats, sample_weight: Counts) -> float:
        observed = mean_prediction(y_true, y_true, sample_weight=sample_weight)
        return float(observed / mean_prediction(y_true, y_pred, sample_weight=sample_weight))

    return {
        "selection_rate": selection_rate,
        "true_positive_rate": true_positive_rate,
        "false_positive_rate": false_positive_rate,
        "positive_predictive_value": precision_score,
        "auroc": roc_auc_score,
        "observed_expected_ratio": observed_expected_ratio,
    }


# Our name of a measure, and the weighted rows it is taken on.
MEASURES: dict[str, Callable[[Tally], Weighted]] = {
    "selection_rate": _decided,
    "true_positive_rate": _confusion,
    "false_positive_rate": _confusion,
    "positive_predictive_value": _confusion,
    "auroc": _ranked,
    "observed_expected_ratio": _expected,
}

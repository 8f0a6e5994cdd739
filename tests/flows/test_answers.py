"""Answers out of several, amounts and lists, counted where the rows are, against the rows themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from itertools import product
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from fairlearn.metrics import MetricFrame
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    label_ranking_average_precision_score,
    mean_absolute_error,
    r2_score,
    root_mean_squared_error,
    top_k_accuracy_score,
)

from flows.counting import Frozen, count
from monitors.config import ModelConfig
from monitors.discovery import metrics
from monitors.evaluate import evaluate
from monitors.profile import Profile
from monitors.reference import Reference
from monitors.window import Window, moment

WEEK = Window(moment("2026-01-05"), moment("2026-01-12"))
BEFORE = Window(moment("2025-01-06"), moment("2025-06-02"))
CODES = ("I10", "E11", "J44", "N18")
BACKEND = ibis.duckdb.connect()
CONFIG = ModelConfig.model_validate(
    {
        "model": "coder", "version": "1", "source": {"kind": "files", "path": "x"},
        "columns": {
            "time": "at", "label": {"predicted": "given", "actual": "billed", "among": list(CODES)},
            "amount": {"predicted": "days_given", "actual": "days"}, "rank": "place",
            "categorical": ["given"], "numeric": ["days_given"], "sensitive": ["g"],
        },
        "outcome": {"matures_after": "P30D"}, "window": "P7D",
        "reference": {"from": "2025-01-06", "to": "2025-06-02"},
        "plan": [
            {"measure": "accuracy", "margin": 0.05, "severity": "page"},
            {"measure": "accuracy", "by": "sensitive", "against": "rest", "margin": 0.1},
            {"measure": "mean_absolute_error", "margin": 0.5},
            {"measure": "mean_error", "by": "sensitive", "against": "rest", "margin": 0.5},
            {"measure": "hit_rate", "by": "sensitive", "against": "rest", "margin": 0.1},
        ],
    }
)  # fmt: skip


def table(rows: pd.DataFrame) -> ibis.Table:
    schema = pa.schema(
        [("at", pa.timestamp("us", "UTC")), ("given", pa.string()), ("billed", pa.string()),
         ("days_given", pa.float64()), ("days", pa.float64()), ("place", pa.int64()), ("g", pa.string())]
    )  # fmt: skip
    held = pa.Table.from_pylist(rows.astype(object).where(rows.notna(), None).to_dict("records"), schema)
    return BACKEND.create_table("r", held, temp=True, overwrite=True)


def people(
    seed: int, n: int, *, at: datetime = datetime(2026, 1, 6, tzinfo=UTC), worse: float = 0.0
) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    billed = random.choice(CODES, n, p=(0.5, 0.3, 0.15, 0.05))
    group = random.choice(["f", "m"], n)
    right = random.random(n) < 0.8 - worse * (group == "f")
    days = np.round(random.gamma(2, 3, n), 2)
    return pd.DataFrame(
        {
            "at": at, "billed": billed, "days": days,
            "given": np.where(right, billed, random.choice(CODES, n)),
            "days_given": np.round(days + random.normal(0, 2, n) + 3 * worse * (group == "f"), 2),
            "place": np.where(right, random.integers(1, 6, n), 0), "g": group,
        }
    )  # fmt: skip


def counted(rows: pd.DataFrame, window: Window = WEEK, *, outcomes: bool = True) -> Profile:
    return count(table(rows), CONFIG, window, Frozen({}, (0.0, 1.0)), outcomes=outcomes)


def measured(profile: Profile, name: str, attribute: str = "", group: str | None = None) -> Any:
    return metrics()[name].compute(profile.cubes[attribute].tally(group))


def ranked(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The one right answer among six, and scores that put it where it stood; sixth is off the list."""
    truth = np.zeros((len(rows), 6))
    truth[:, 0] = 1
    place = rows["place"].where(rows["place"] > 0, 6).to_numpy()
    scores = np.array([[-p, *(-q for q in range(1, 7) if q != p)] for p in place], dtype=float)
    return truth, scores


def test_each_measure_is_the_one_of_scikit_learn() -> None:
    rows = people(1, 700)
    held = counted(rows)
    given, billed = rows["given"], rows["billed"]
    assert measured(held, "accuracy").value == accuracy_score(billed, given)
    assert measured(held, "balanced_accuracy").value == pytest.approx(
        balanced_accuracy_score(billed, given), abs=1e-12
    )
    assert measured(held, "macro_f1").value == pytest.approx(
        f1_score(billed, given, average="macro"), abs=1e-12
    )
    assert measured(held, "mean_absolute_error").value == pytest.approx(
        mean_absolute_error(rows["days"], rows["days_given"]), abs=1e-12
    )
    for name, theirs in (("root_mean_squared_error", root_mean_squared_error), ("r_squared", r2_score)):
        assert measured(held, name).value == pytest.approx(
            theirs(rows["days"], rows["days_given"]), abs=1e-12
        )
    assert measured(held, "mean_error").value == pytest.approx(
        (rows["days_given"] - rows["days"]).mean(), abs=1e-12
    )
    truth, scores = ranked(rows)
    found = top_k_accuracy_score(truth.argmax(axis=1), scores, k=5, labels=range(6))
    assert measured(held, "hit_rate").value == pytest.approx(found, abs=1e-12)
    on = rows["place"] > 0
    reciprocal = label_ranking_average_precision_score(truth[on], scores[on]) * on.mean()
    assert measured(held, "mean_reciprocal_rank").value == pytest.approx(reciprocal, abs=1e-12)


def test_each_group_is_the_one_of_fairlearn() -> None:
    rows = people(2, 900, worse=0.2)
    held = counted(rows)
    truth, scores = ranked(rows)
    of_labels = {
        "accuracy": accuracy_score,
        "balanced_accuracy": balanced_accuracy_score,
        "macro_f1": partial(f1_score, average="macro"),
    }
    of_amounts = {
        "mean_absolute_error": mean_absolute_error,
        "mean_error": lambda actual, predicted: np.mean(predicted - actual),
        "root_mean_squared_error": root_mean_squared_error,
        "r_squared": r2_score,
    }
    of_lists = {
        "hit_rate": lambda actual, row: top_k_accuracy_score(actual, scores[row], k=5, labels=range(6)),
        "mean_reciprocal_rank": lambda actual, row: (
            label_ranking_average_precision_score(truth[row], scores[row])
            - np.mean(rows["place"].to_numpy()[row] == 0) / 6  # theirs gives what is off the list its place
        ),
    }
    asked = (
        (of_labels, rows["billed"], rows["given"]),
        (of_amounts, rows["days"], rows["days_given"]),
        (of_lists, truth.argmax(axis=1), np.arange(len(rows))),
    )
    for theirs, actual, predicted in asked:
        frame = MetricFrame(metrics=theirs, y_true=actual, y_pred=predicted, sensitive_features=rows["g"])
        for group, name in product(("f", "m"), theirs):
            found = measured(held, name, "g", group).value
            assert found == pytest.approx(frame.by_group.loc[group, name], abs=1e-12), (name, group)


def test_what_is_not_known_and_not_declared_is_never_right() -> None:
    rows = people(3, 6)
    rows["billed"] = ["I10", "I10", "Z99", None, "Z99", "I10"]
    rows["given"] = ["I10", None, "Z99", "I10", "Y88", "E11"]
    rows["days"] = [1.0, None, 2.0, 2.0, 2.0, 2.0]
    rows["days_given"] = [1.5, 3.0, None, 2.0, 2.0, 2.0]
    rows["place"] = [1, None, -3, 0, 5_000, 2]
    held = counted(rows)
    assert (measured(held, "accuracy").n, measured(held, "accuracy").events) == (5, 1)
    assert measured(held, "balanced_accuracy").value == pytest.approx(1 / 3)
    assert (measured(held, "mean_error").n, measured(held, "mean_error").value) == (4, 0.125)
    assert (measured(held, "hit_rate").n, measured(held, "hit_rate").events) == (4, 3)


def test_before_outcomes_are_known_no_answer_is_counted() -> None:
    held = counted(people(4, 50), outcomes=False)
    assert all(cube.asides == () for cube in held.cubes.values())
    assert measured(held, "accuracy").value is None


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 9))
def test_weeks_add(one: int, other: int, seed: int) -> None:
    rows = people(seed, one + other)
    parts = [counted(rows.iloc[:one]), counted(rows.iloc[one:])]
    together = parts[0].cubes["g"] + parts[1].cubes["g"]
    assert together == counted(rows).cubes["g"]
    assert Profile.read(parts[0].payload()).digest == parts[0].digest


def test_a_group_answered_worse_is_found_and_waits_for_the_right_answers() -> None:
    reference = Reference(counted(people(5, 4_000, at=datetime(2025, 2, 3, tzinfo=UTC)), BEFORE))
    now = counted(people(6, 2_000, worse=0.3))
    found = {(f.metric, f.group): f.verdict for f in evaluate(CONFIG, now, reference, "outcome")}
    assert found["accuracy", None] == "beyond"
    assert found["accuracy", "f"] == "beyond"
    assert found["mean_error", "f"] == "beyond"
    assert found["hit_rate", "f"] == "beyond"
    waits = counted(people(6, 2_000, worse=0.3), outcomes=False)
    metrics_then = {f.metric for f in evaluate(CONFIG, waits, reference, "scored")}
    assert not metrics_then & {"accuracy", "mean_error", "mean_absolute_error", "hit_rate"}

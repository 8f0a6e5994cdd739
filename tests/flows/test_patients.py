"""Patients with several rows, counted in the engine: sums over patients come back, patients do not."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.binning import freeze
from flows.counting import Frozen, count
from flows.monitor import step
from monitors.config import ModelConfig
from monitors.histogram import NumericBins
from monitors.profile import Profile
from monitors.window import Window, moment
from tests.flows.rows import config as ward_config

WEEK = Window(moment("2026-02-02"), moment("2026-02-09"))
MONDAY = datetime(2026, 2, 2)  # noqa: DTZ001  a local clock
FROZEN = Frozen({"s": NumericBins((0.0, 0.5, 1.0), (0.25, 0.75), 0.3)}, (0.0, 0.25, 0.5, 0.75, 1.0))
SCHEMA = pa.schema(
    {"at": pa.timestamp("us"), "p": pa.string(), "s": pa.float64(), "y": pa.int64(), "g": pa.string()}
)
BACKEND = ibis.duckdb.connect()
COLUMNS: dict[str, Any] = {
    "time": "at",
    "patient": "p",
    "score": "s",
    "decision": {"score_at_least": 0.5},
    "outcome": "y",
    "sensitive": ["g"],
}


def config(window: dict[str, Any] | None = None) -> ModelConfig:
    return ModelConfig.model_validate(
        {
            "model": "m",
            "version": "1",
            "source": {"kind": "files", "path": "x"},
            "columns": COLUMNS,
            "outcome": {"matures_after": "P1D"},
            "window": {"length": "P7D", **(window or {})},
            "reference": {"from": "2026-01-05", "to": "2026-02-02"},
        }
    )


def held(rows: list[dict[str, Any]]) -> ibis.Table:
    return BACKEND.create_table("rows", pa.Table.from_pylist(rows, SCHEMA), temp=True, overwrite=True)


def profile(rows: list[dict[str, Any]], declared: ModelConfig | None = None) -> Profile:
    return count(held(rows), declared or config(), WEEK, FROZEN)


def row(hour: int, patient: str | None, score: float, outcome: int = 1, group: str = "f") -> dict[str, Any]:
    return {"at": MONDAY + timedelta(hours=hour), "p": patient, "s": score, "y": outcome, "g": group}


ROWS = st.lists(
    st.builds(
        row,
        st.integers(0, 160),
        st.sampled_from([None, "", "a", "b", "c"]),
        st.sampled_from([0.1, 0.4, 0.6, 0.9]),
        st.integers(0, 1),
        st.sampled_from(["f", "m"]),
    ),
    min_size=1,
    max_size=30,
)


@settings(deadline=None, max_examples=25)
@given(ROWS)
def test_what_the_engine_sums_over_patients_is_what_a_hand_would(rows: list[dict[str, Any]]) -> None:
    found = profile(rows).cubes["g"].repeats
    by_patient: dict[tuple[str, Any], Counter[int]] = {}
    for i, r in enumerate(rows):
        place = 3 * (r["y"] + 1) + int(r["s"] >= 0.5) + 1
        by_patient.setdefault((r["g"], r["p"] or i), Counter())[place] += 1
    by_hand: Counter[tuple[str, int, int]] = Counter()
    for (group, _), counts in by_patient.items():
        for a in counts:
            for b in counts:
                by_hand[group, a, b] += counts[a] * counts[b]
    if sum(by_hand.values()) == len(rows):
        assert found == {}
    else:
        told = {(g, a, b): int(m[a, b]) for g, m in found.items() for a, b in np.argwhere(m).tolist()}
        assert told == dict(by_hand)


@pytest.mark.parametrize(("which", "score"), [("first", 0.2), ("last", 0.3), ("highest_score", 0.8)])
def test_one_row_of_a_patient_is_the_one_asked_for(which: str, score: float) -> None:
    rows = [row(1, "a", 0.2), row(2, "a", 0.8), row(3, "a", 0.3), row(9, "b", score), row(4, None, score)]
    counted = profile(rows, config({"one_per_patient": which}))
    assert counted.rows == 3
    assert counted.cubes[""].score_sum.sum() == round(3 * score * 1e6)
    assert counted.cubes[""].repeats == {}


def test_in_a_reference_a_patient_counts_once_in_each_window() -> None:
    start = datetime(2026, 1, 5)  # noqa: DTZ001  a local clock
    rows = [{**row(0, "a", 0.2), "at": start + timedelta(days=day)} for day in (0, 1, 7, 8, 27)]
    declared = config({"one_per_patient": "first"})
    reference = freeze(held(rows), declared, declared.reference_window(WEEK))
    assert reference.profile.rows == 3
    assert [block.rows for block in reference.blocks] == [1, 1, 0, 1]


def test_a_ward_scored_again_and_again_is_judged_by_its_patients() -> None:
    random = np.random.default_rng(7)
    rows = []
    for i in range(560):
        risk, sex = float(random.beta(2, 4)), "fm"[i % 2]
        sick, age = int(random.random() < risk), int(random.integers(18, 95))
        at = datetime(2026, 1, 5) + timedelta(days=i // 16)  # noqa: DTZ001  a local clock
        person = {"pat": f"p{i}", "risk": risk, "sepsis": sick, "age": age, "sex": sex}
        rows += [{"at": at + timedelta(hours=hour), **person} for hour in range(6)]
    columns = {"id": None, "numeric": ["age"], "categorical": []}
    frame = pd.DataFrame(rows)
    findings = {
        name: {f.key: f for f in step(ward_config({**columns, **named}), WEEK, table).findings}
        for name, named, table in (
            ("again", {"patient": "pat"}, frame),
            ("naive", {}, frame),
            ("once", {}, frame.drop_duplicates("pat")),
        )
    }
    for key in (("true_positive_rate", "sex", "f"), ("auroc", "model", None)):
        again, naive, once = (findings[name][key] for name in ("again", "naive", "once"))
        width = {f.metric: f.high - f.low for f in (once,)}[once.metric]  # type: ignore[operator]
        assert again.high - again.low == pytest.approx(width, rel=0.1)  # type: ignore[operator]
        assert naive.high - naive.low < 0.6 * width  # type: ignore[operator]
        assert 6 <= again.design_effect < 8  # type: ignore[operator]  few patients are worth less
        assert again.n == naive.n

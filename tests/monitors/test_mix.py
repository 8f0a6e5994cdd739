"""The mix of groups against the reference: who came, who went, and of whom it is not known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from monitors.audit import Audit, Finding, Verdict
from monitors.checks import checks
from monitors.config import ModelConfig
from monitors.cube import UNKNOWN, Cube
from monitors.evaluate import evaluate
from monitors.profile import Profile
from monitors.reference import Reference
from monitors.suppression import published
from monitors.window import Window

START = datetime(2026, 1, 5, tzinfo=UTC)
WEEK = Window(START, START + timedelta(days=7))
USUAL = {"black": 0.2, "white": 0.7, UNKNOWN: 0.1}


def config(sensitive: Any = ("race",), **columns: Any) -> ModelConfig:
    return ModelConfig.model_validate(
        {
            "model": "m",
            "version": "1",
            "source": {"kind": "files", "path": "x"},
            "columns": {"time": "at", "decision": "flag", "sensitive": list(sensitive), **columns},
            "window": "P7D",
            "reference": {"from": "2025-01-06", "to": "2025-06-02"},
        }
    )


def profile(shares: dict[str, float], n: int, seed: int = 1) -> Profile:
    drawn = np.random.default_rng(seed).multinomial(n, list(shares.values()))
    rows = [(group, -1, 0, -1, -1, count, 0) for group, count in zip(shares, drawn.tolist(), strict=True)]
    cubes = {"race": Cube.of("race", rows), "": Cube.of("", [("", *row[1:]) for row in rows])}
    return Profile(WEEK, n, 0, None, START, {}, cubes)


def said(shares: dict[str, float], n: int = 1000, seed: int = 2) -> Finding:
    reference = Reference(profile(USUAL, 5000))
    found = evaluate(config(), profile(shares, n, seed), reference, "scored")
    (mix,) = (f for f in found if f.metric == "group_mix")
    assert (mix.subject, mix.group, mix.n, mix.reference_n) == ("race", None, n, 5000)
    return mix


def test_the_same_people_are_within_and_few_of_them_cannot_tell() -> None:
    assert said(USUAL).verdict is Verdict.WITHIN
    assert said(USUAL, 40).verdict is Verdict.CANNOT_TELL


@pytest.mark.parametrize(
    ("shares", "moved"),
    [
        ({"black": 0.45, "white": 0.45, UNKNOWN: 0.1}, 0.25),
        ({"black": 0.05, "white": 0.35, UNKNOWN: 0.6}, 0.5),  # a form lost its question
        ({"black": 0.2, "white": 0.45, "asian": 0.25, UNKNOWN: 0.1}, 0.25),  # never seen before
        ({"white": 0.9, UNKNOWN: 0.1}, 0.2),  # a site was lost
    ],
)
def test_other_people_are_news_whoever_they_are(shares: dict[str, float], moved: float) -> None:
    mix = said(shares)
    assert (mix.verdict, mix.severity, mix.runbook) == (Verdict.BEYOND, "ticket", "group-mix")
    assert mix.value == pytest.approx(moved, abs=0.05)


def test_chance_alone_is_no_news() -> None:
    verdicts = [said(USUAL, 200, seed).verdict for seed in range(40)]
    assert Verdict.BEYOND not in verdicts


def test_a_mix_is_asked_of_attributes_and_not_of_what_their_parts_have_said() -> None:
    declared = config(["race", "sex", {"age": [18, 65]}, ["race", "sex"]], categorical=["sex", "ward"])
    asked = [c.subject for c in checks(declared) if c.metric.name == "group_mix"]
    assert asked == ["race", "age"]  # sex is a categorical column, whose drift is judged as such
    unknown = [c.subject for c in checks(declared) if c.metric.name == "unknown_share"]
    assert unknown == ["race", "sex", "age"]


def test_a_mix_with_a_group_of_few_people_is_told_without_its_counts() -> None:
    reference = Reference(profile(USUAL, 5000))
    current = profile({"black": 0.2, "white": 0.79, "asian": 0.01}, 400, 5)
    few = int(current.cubes["race"].n[current.cubes["race"].member("asian")].sum())
    assert 0 < few < 11
    found = evaluate(config(), current, reference, "scored")
    audit = Audit(
        model="m", version="1", window=WEEK, stage="scored", rows=400, config="", reference="",
        profile="", software="", findings=found,
    )  # fmt: skip
    (kept,), (shown,) = (
        [f for f in a.findings if f.metric == "group_mix"] for a in (audit, published(audit))
    )
    assert kept.n == 400
    assert shown.n is None
    assert (shown.low, shown.high) == (None, None)
    assert shown.value == pytest.approx(round((kept.value or 0) / 0.05) * 0.05)  # 20 of 400 people

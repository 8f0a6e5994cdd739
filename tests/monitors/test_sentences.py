"""Sentences: what each measure says, in figures worked out by hand."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.audit import Finding, Verdict
from monitors.discovery import metrics
from monitors.plan import DEFAULT_PLAN
from monitors.words import names
from monitors.words import sentences as words
from tests.dashboards.ward import HOSTILE, SHARE, finding

NEVER = re.compile(r"\b(fair|unbiased|passed|compliant|normal|ok|healthy)\b", re.IGNORECASE)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            finding(
                "missing_share",
                "quality",
                subject="urine",
                unit=SHARE,
                value=0.004,
                baseline=0.001,
                reference_n=9,
            ),
            "Urine was missing for 4 of every 1,000 patients; in the reference, 1.",
        ),
        (
            finding("out_of_range_share", "quality", subject="temp", unit=SHARE, value=0.2, baseline=0.0),
            "Temp lay outside the reference's range for 20 of every 100 patients.",
        ),
        (
            finding("observed_expected_ratio", "performance", value=0.8, baseline=1.0),
            "For every 100 outcomes expected, 80 happened: risk is overstated.",
        ),
        (
            finding("auroc", "performance", value=0.71, baseline=0.78, reference_n=9),
            "The score ranks people less well than it did: AUROC 0.710; in the reference, 0.780.",
        ),
        (
            finding("calibration_slope", "performance", value=0.6, baseline=1.0),
            "Calibration slope 0.600 where 1 is right: high risks are too high and low ones too low.",
        ),
        (
            finding("wasserstein", "drift", subject="score", unit="reference SD", value=0.42),
            "The score shifted by 0.420 standard deviations of the reference.",
        ),
        (
            finding("freshness", "quality", subject="rows", unit="share of the window", value=0.6),
            "No score came in the last 60\u00a0% of the window.",
        ),
        (
            finding(
                "true_positive_rate", "performance", unit=SHARE, value=0.61, baseline=0.72, reference_n=9
            ),
            "Of every 100 patients who had the outcome, 61 were flagged; in the reference, 72.",
        ),
        (
            finding(
                "selection_rate",
                "fairness",
                subject="age",
                group="65 to 79",
                against="rest",
                unit=SHARE,
                value=0.01,
                level=0.01,
                baseline=0.02,
            ),
            "Of every 100 patients of age 65 to 79, 1 was flagged; of everyone else, 2.",
        ),
        (
            finding(
                "observed_expected_ratio",
                "fairness",
                subject="race",
                group="black",
                against="white",
                value=0.3,
                level=1.31,
                baseline=1.01,
            ),
            (
                "For every 100 outcomes expected among patients of race black, 131 happened; "
                "for race white, 101."
            ),
        ),
        (
            finding(
                "auroc", "performance", Verdict.CANNOT_TELL, value=None, reason="12 rows where 30 are needed"
            ),
            "Discrimination (AUROC) cannot be told: 12 rows where 30 are needed.",
        ),
    ],
)
def test_a_finding_says_what_it_means(made: Finding, said: str) -> None:
    assert words.sentence(made) == said


@pytest.mark.parametrize("metric", sorted({rule.measure for rule in DEFAULT_PLAN}))
def test_every_measure_of_the_plan_has_a_name_and_a_sentence(metric: str) -> None:
    facts = metrics()[metric].facts
    made = finding(metric, facts.family, Verdict.BEYOND, unit=facts.unit, value=0.4, baseline=0.3, margin=0.1)
    sentence = words.sentence(made)
    assert sentence.endswith(".")
    assert "_" not in sentence
    assert "None" not in sentence
    assert not NEVER.search(sentence)


values = st.none() | st.floats(-5, 5, allow_nan=False)


@given(
    metric=st.sampled_from(sorted(metrics())) | st.text(max_size=8),
    verdict=st.sampled_from(Verdict),
    group=st.none() | st.sampled_from(["black", HOSTILE, ""]),
    unit=st.sampled_from([SHARE, "nats", "pure number", HOSTILE]),
    numbers=st.tuples(*[values] * 6),
)
def test_no_finding_is_beyond_words(
    metric: str, verdict: Verdict, group: str | None, unit: str, numbers: tuple[float | None, ...]
) -> None:
    value, low, high, level, baseline, margin = numbers
    made = Finding(
        metric=metric,
        family="drift",
        subject=HOSTILE,
        unit=unit,
        verdict=verdict,
        group=group,
        value=value,
        low=low,
        high=high,
        level=level,
        baseline=baseline,
        margin=abs(margin) if margin else None,
    )
    assert words.sentence(made)
    assert names.title(made)
    assert words.margin(made)
    assert all(shown for _, shown in words.facts(made))


def test_a_pool_says_whom_it_holds_and_since_when_it_is_counted() -> None:
    pool = Finding(
        metric="true_positive_rate", family="fairness", subject="race", unit="share of rows",
        group="Other recorded groups, 4 windows", holds=("asian", "other"), against="rest",
        over="1992-01-07T00:00:00Z/1993-01-01T00:00:00Z", verdict=Verdict.WITHIN, value=0.02, level=0.7,
        baseline=0.68,
    )  # fmt: skip
    said = words.sentence(pool)
    assert "race Other recorded groups, 4 windows (asian, other; 7 Jan 1992" in said
    alone = words.sentence(replace(pool, group="black", holds=None, over=None))
    assert "race black who had the outcome" in alone


def test_a_verdict_without_its_number_says_why() -> None:
    loss = Finding(metric="miscalibration_loss", family="fairness", subject="race", unit="share of rows",
                   group="black", verdict=Verdict.WITHIN, n=60, reason="the number is left out")  # fmt: skip
    assert words.sentence(loss) == "Miscalibration loss, race black: the number is left out."

"""What a notice says: the pages' own sentence, then its figures; no word that only programs use."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flows.notices import describe
from monitors.alert import Alert
from monitors.audit import Finding, Verdict
from monitors.window import Window

WINDOW = Window.parse("2026-01-05T00:00:00Z/2026-01-12T00:00:00Z")
IN_TWO = "beyond its margin in 2 of the last 3 windows that could tell"
BEGAN = Alert(
    model="sepsis", version="3", state="began", window=WINDOW, since=WINDOW, why=IN_TWO,
    finding=Finding(
        metric="missing_share", family="quality", subject="urine_output", unit="share of rows",
        verdict=Verdict.BEYOND, value=0.0934, low=0.0723, high=0.12, margin=0.05, baseline=1.0, n=578,
        reference_n=4301,
    ),
)  # fmt: skip
GAP = Finding(
    metric="true_positive_rate", family="fairness", subject="race", group="black", against="rest",
    unit="share of rows", verdict=Verdict.BEYOND, value=-0.2, low=-0.29, high=-0.12, margin=0.1, level=0.5,
    baseline=0.7, n=120, reference_n=300,
)  # fmt: skip
CREPT = Finding(
    metric="slow:wasserstein", family="drift", subject="lactate", verdict=Verdict.BEYOND,
    unit="standard errors", value=4.4, margin=4.2, shift=0.15, since="2026-03-02T00:00:00Z",
)  # fmt: skip


SAID = {
    "a column": """
        Urine output was missing for 9 of every 100 patients; in the reference, 100. Value 9.3 % (95 %
        interval 7.2 to 12 %); margin ± 5.0 points; beyond its margin in 2 of the last 3 windows that could
        tell.""",
    "a gap": """
        Of every 100 patients of race black who had the outcome, 50 were flagged; of everyone else, 70.
        Gap −20 points (95 % interval −29 to −12 points); margin ± 10 points; beyond its margin in 2 of the
        last 3 windows that could tell.""",
    "a slow change": """
        Lactate has drifted slowly upward since 2 Mar 2026, by 0.150 SD so far. The windows since add up to
        4.40 standard errors; from 4.20 on it is news.""",
    "over": "Missing, Urine output: well inside its margin in 2 windows running.",
}
ALERTS = {
    "a column": BEGAN,
    "a gap": replace(BEGAN, finding=GAP),
    "a slow change": replace(BEGAN, finding=CREPT, why="drifting since 2026-03-02"),
    "over": replace(BEGAN, state="ceased", why="well inside its margin in 2 windows running"),
}


@pytest.mark.parametrize("of", ALERTS)
def test_an_alert_says_what_the_pages_say(of: str) -> None:
    told = describe(ALERTS[of], "patients")
    assert told.replace("\u00a0", " ") == " ".join(SAID[of].split())

"""Miscalibration loss: who is missed because the score misjudges their group, and who is not accused."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from scipy import optimize, special

from monitors.audit import Finding, Verdict
from monitors.beside import beside
from monitors.checks import checks
from monitors.config import ModelConfig
from monitors.config_file import parse
from monitors.cube import Cube
from monitors.discovery import metrics
from monitors.fairness.miscalibration_loss import miscalibration_loss
from monitors.gaps import gaps
from monitors.profile import Profile
from monitors.window import Window

WEEK = Window(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 12, tzinfo=UTC))
T = 0.15
LOSSES = {
    "miscalibration_loss": "true_positive_rate",
    "miscalibration_loss_false_positive": "false_positive_rate",
    "miscalibration_loss_selection": "selection_rate",
    "miscalibration_loss_net_benefit": "net_benefit",
}
Rows = tuple[np.ndarray, np.ndarray]


def config(decision: str = f"{{score_at_least: {T}}}") -> ModelConfig:
    return parse(
        f"""
model: ward
version: 1
source: {{kind: parquet, path: none.parquet}}
columns: {{time: at, score: s, decision: {decision}, outcome: y, sensitive: [race]}}
outcome: {{matures_after: P30D}}
window: P7D
reference: {{from: 2025-01-01, to: 2025-07-01}}
""",
        "ward.yaml",
    )


def people(seed: int, n: int, mean: float, understated: float = 0.0) -> Rows:
    """Outcomes, and scores in millionths that understate everyone's log-odds by so much."""
    random = np.random.default_rng(seed)
    risk = random.normal(mean, 1.0, n)
    outcome = (random.random(n) < special.expit(risk)).astype(int)
    return outcome, np.round(1e6 * special.expit(risk - understated)).astype(int)


def counted(groups: dict[str, Rows], cells: int = 200) -> Cube:
    pooled = np.concatenate([score for _, score in groups.values()])
    edges = np.unique(np.quantile(pooled, np.linspace(0, 1, cells + 1)[1:-1]))
    rows = []
    for name, (outcome, score) in groups.items():
        cell = np.searchsorted(edges, score, side="right")
        parts = (outcome.tolist(), (score >= T * 1e6).astype(int).tolist(), cell.tolist(), score.tolist())
        rows += [(name, y, d, c, -1, 1, s) for y, d, c, s in zip(*parts, strict=True)]
    return Cube.of("race", rows)


def judged(
    cube: Cube, *names: str, under: ModelConfig | None = None
) -> dict[tuple[str, str | None], Finding]:
    profile = Profile(WEEK, cube.rows, 0, None, None, {}, {"race": cube})
    chosen = [c for c in checks(under or config()) if c.attribute == "race" and c.metric.name in names]
    assert {c.metric.name for c in chosen} == set(names)
    found = beside(finding for check in chosen for finding in gaps(check, profile))
    return {(f.metric, f.group): f for f in found}


def by_rows(outcome: np.ndarray, score: np.ndarray) -> dict[str, float]:
    """The losses from people one by one, the line found by a general optimiser."""
    x = special.logit(score / 1e6)

    def misfit(line: np.ndarray) -> float:
        at = line[0] + line[1] * x
        return float(-(outcome * special.log_expit(at) + (1 - outcome) * special.log_expit(-at)).sum())

    a, b = optimize.minimize(misfit, [0.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-7}).x
    flags = score >= T * 1e6, special.expit(a + b * x) >= T

    def net(flag: np.ndarray) -> float:
        return float((flag * (outcome - (1 - outcome) * T / (1 - T))).mean())

    return {
        "true_positive_rate": flags[0][outcome == 1].mean() - flags[1][outcome == 1].mean(),
        "false_positive_rate": flags[0][outcome == 0].mean() - flags[1][outcome == 0].mean(),
        "selection_rate": flags[0].mean() - flags[1].mean(),
        "net_benefit": net(flags[0]) - net(flags[1]),
    }


@pytest.mark.parametrize(("name", "measure"), LOSSES.items())
def test_a_loss_is_what_people_one_by_one_lose(name: str, measure: str) -> None:
    groups = {"a": people(1, 3000, -2.2, 0.6), "b": people(2, 2000, -2.6), "c": people(3, 1500, -2.0, -0.5)}
    found = metrics()[name].compute(counted(groups, cells=2000), threshold=T)
    for group, rows in groups.items():
        assert found[group].value == pytest.approx(by_rows(*rows)[measure], abs=0.004)


def test_limits_move_with_the_spread_of_people_drawn_one_by_one() -> None:
    outcome, score = people(4, 1500, -2.2, 0.6)
    random = np.random.default_rng(5)
    drawn = []
    for _ in range(150):
        again = random.integers(0, 1500, 1500)
        drawn.append(by_rows(outcome[again], score[again])["true_positive_rate"])
    (found,) = miscalibration_loss(counted({"a": (outcome, score)}), threshold=T).values()
    half = (found.high - found.low) / 2
    assert half == pytest.approx(1.96 * np.std(drawn), rel=0.2)


def test_a_group_whose_risk_is_understated_is_named_and_no_other() -> None:
    groups = {"a": people(6, 18000, -2.4), "b": people(7, 7500, -2.8), "c": people(8, 4500, -2.2, 0.6)}
    cube = counted(groups)
    found = judged(cube, *LOSSES, "true_positive_rate")
    loss = found["miscalibration_loss", "c"]
    assert loss.verdict is Verdict.BEYOND
    assert loss.value is not None
    assert loss.value < -0.2
    assert {found["miscalibration_loss", g].verdict for g in "ab"} == {Verdict.WITHIN}
    assert found["miscalibration_loss_selection", "c"].value < 0
    assert found["miscalibration_loss_net_benefit", "c"].value < 0
    # The formula that takes the scores for the truth explains the harm away.
    outcome, score = groups["c"]
    naive = (score * (score >= T * 1e6)).sum() / score.sum()
    assert abs((score >= T * 1e6)[outcome == 1].mean() - naive) < 0.1


def test_a_group_whose_risk_is_overstated_has_needless_alarms() -> None:
    cube = counted({"a": people(9, 9000, -2.4), "b": people(10, 9000, -2.4, -0.8)})
    found = judged(cube, "miscalibration_loss_false_positive")
    assert found["miscalibration_loss_false_positive", "b"].verdict is Verdict.BEYOND
    assert found["miscalibration_loss_false_positive", "b"].low > 0.1
    assert found["miscalibration_loss_false_positive", "a"].verdict is Verdict.WITHIN


def test_another_mix_of_risks_is_a_gap_and_no_loss_and_the_gap_says_so() -> None:
    cube = counted({"high": people(11, 20000, -1.5), "low": people(12, 20000, -3.0)})
    found = judged(cube, "true_positive_rate", "miscalibration_loss")
    gap = found["true_positive_rate", "low"]
    assert gap.verdict is Verdict.BEYOND
    assert "miscalibration loss is within its margin" in gap.reason
    assert not any(letter.isdigit() for letter in gap.reason)
    assert {found["miscalibration_loss", g].verdict for g in ("high", "low")} == {Verdict.WITHIN}


def test_a_raw_gap_near_zero_can_hide_a_loss() -> None:
    cube = counted({"a": people(13, 20000, -2.4), "c": people(14, 20000, -1.9, 0.6)})
    found = judged(cube, "true_positive_rate", "miscalibration_loss")
    assert abs(found["true_positive_rate", "c"].value) < 0.1
    assert found["miscalibration_loss", "c"].verdict is Verdict.BEYOND


def test_few_people_cannot_tell_and_say_how_many_would() -> None:
    found = judged(counted({"a": people(15, 6000, -2.4), "few": people(16, 150, -2.4, 1.5)}), *LOSSES)
    few = found["miscalibration_loss", "few"]
    assert (few.verdict, few.grade) == (Verdict.CANNOT_TELL, "C")
    assert few.needs is not None
    assert few.needs["n"] > few.n
    assert few.needs["windows"] > 1


def test_a_perfect_classifier_and_a_group_without_the_outcome_accuse_nobody() -> None:
    rows = [("a", y, y, 9 * y, -1, 300, 300 * (980_000 * y + 10_000)) for y in (0, 1)]
    rows += [("without", 0, 0, 0, -1, 300, 300 * 10_000)]
    names = ("true_positive_rate", "false_positive_rate", "selection_rate", *LOSSES)
    found = judged(Cube.of("race", rows), *names)
    without = [found[name, "without"] for name in ("true_positive_rate", *LOSSES)]
    assert {f.verdict for f in without} == {Verdict.CANNOT_TELL}
    assert {f.value for f in without} == {None}
    losses = [found[name, "a"] for name in LOSSES]
    assert {f.value for f in losses} == {0.0}
    assert all(f.low < 0 < f.high for f in losses)


def test_without_a_threshold_nobody_can_tell_and_the_reason_is_given() -> None:
    by_column = config(decision="flag")
    found = judged(counted({"a": people(17, 900, -2)}), *LOSSES, under=by_column)
    assert {key: f.verdict for key, f in found.items()} == {
        (name, None): Verdict.CANNOT_TELL for name in LOSSES
    }
    assert all("score_at_least" in f.reason for f in found.values())


def test_nobody_moved_in_any_draw_still_leaves_what_chance_could_hide() -> None:
    rows = [("a", y, y, 9 * y, -1, 40, 40 * (980_000 * y + 10_000)) for y in (0, 1)]
    (found,) = miscalibration_loss(Cube.of("race", rows), threshold=0.5).values()
    assert found.value == 0
    assert found.high == pytest.approx(3.84 / (40 + 3.84), abs=1e-3)


def test_a_loss_and_its_gap_are_people_of_one_denominator() -> None:
    cube = counted({"a": people(18, 2000, -2), "b": people(19, 900, -2)})
    found = judged(cube, "true_positive_rate", "miscalibration_loss")
    for group in "ab":
        loss, gap = found["miscalibration_loss", group], found["true_positive_rate", group]
        assert (loss.n, loss.events) == (gap.n, gap.events)

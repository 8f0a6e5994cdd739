"""The SUPPORT model's published area under the curve, from score cells frozen on phase I."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

import configs
from monitors.cube import Cube, Tally
from monitors.discovery import metrics

PUBLISHED = json.loads((Path(__file__).parent / "support.json").read_text(encoding="utf-8"))
DATA = Path(configs.__file__).parent / "data" / "support2" / "support2.csv.gz"
CELLS = 200

Phase = tuple[NDArray[np.float64], NDArray[np.int64]]


@pytest.fixture(scope="module")
def phases() -> dict[str, Phase]:
    """Risk of death within 180 days and whether it came, by study phase."""
    found: dict[str, list[tuple[float, int]]] = {"I": [], "II": []}
    with gzip.open(DATA, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["surv6m"]:
                found[row["phase"]].append((1 - float(row["surv6m"]), int(row["d180"])))
    return {
        phase: (np.array([risk for risk, _ in rows]), np.array([died for _, died in rows]))
        for phase, rows in found.items()
    }


@pytest.fixture(scope="module")
def tallies(phases: dict[str, Phase]) -> dict[str, Tally]:
    """Both phases on cells whose edges are quantiles of phase I, as a reference freezes them."""
    edges = np.unique(np.quantile(phases["I"][0], np.linspace(0, 1, CELLS + 1)))
    found = {}
    for phase, (risk, died) in phases.items():
        cell = np.clip(np.searchsorted(edges, risk, side="right") - 1, 0, len(edges) - 2)
        rows = zip(died, cell, np.round(risk * 1e6), strict=True)
        found[phase] = Cube.of("", [("", int(y), -1, int(c), -1, 1, int(s)) for y, c, s in rows]).tally()
    return found


@pytest.mark.parametrize("phase", ["I", "II"])
def test_the_area_comes_out_and_cells_cost_less_than_a_thousandth(
    phases: dict[str, Phase], tallies: dict[str, Tally], phase: str
) -> None:
    risk, died = phases[phase]
    found = metrics()["auroc"].compute(tallies[phase])
    assert found.n == pytest.approx(PUBLISHED["published"][phase]["n"], abs=1)
    assert found.value == pytest.approx(roc_auc_score(died, risk), abs=1e-3)
    assert f"{found.value:.3f}" == PUBLISHED["reproduced"][phase]["auc"]
    assert found.value == pytest.approx(PUBLISHED["published"][phase]["auc"], abs=0.006)
    assert found.low < PUBLISHED["published"][phase]["auc"] < found.high


@pytest.mark.parametrize("phase", ["I", "II"])
def test_observed_and_expected_come_out(tallies: dict[str, Tally], phase: str) -> None:
    tally = tallies[phase]
    assert f"{tally.events / tally.labelled:.4f}" == PUBLISHED["observed"][phase]
    assert f"{tally.expected / tally.labelled:.4f}" == PUBLISHED["expected"][phase]


def test_phase_two_was_expected_to_fare_worse_than_it_did(tallies: dict[str, Tally]) -> None:
    found = metrics()["observed_expected_ratio"].compute(tallies["II"])
    assert found.high < 1
    assert found.value == pytest.approx(0.4576 / 0.4796, abs=2e-3)

"""ProPublica's COMPAS tables, to the last printed digit, from counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from monitors.cube import Cube, Tally
from monitors.disaggregate import by_group
from monitors.discovery import metrics

PUBLISHED = json.loads((Path(__file__).parent / "compas.json").read_text(encoding="utf-8"))
OURS = {
    "fpr": "false_positive_rate",
    "fnr": "false_negative_rate",
    "ppv": "positive_predictive_value",
    "npv": "negative_predictive_value",
}
PLACES = [(table, group) for table, groups in PUBLISHED["tables"].items() for group in groups]


def cube(counts: dict[str, Any], group: str = "") -> Cube:
    places = (("tp", 1, 1), ("fp", 0, 1), ("fn", 1, 0), ("tn", 0, 0))
    return Cube.of("race", [(group, y, d, -1, -1, counts[name], 0) for name, y, d in places])


def rate(name: str, tally: Tally) -> float:
    value = metrics()[name].compute(tally).value
    assert isinstance(value, float)
    return value


@pytest.mark.parametrize(("table", "group"), PLACES)
def test_every_printed_figure_comes_out(table: str, group: str) -> None:
    printed = PUBLISHED["tables"][table][group]
    tally = cube(printed).tally()
    for short, name in OURS.items():
        if short in printed:
            figure = rate(name, tally) * (100 if short in ("fpr", "fnr") else 1)
            assert f"{figure:.2f}" == printed[short], name
    if "lr+" in printed:
        tpr, fpr = rate("true_positive_rate", tally), rate("false_positive_rate", tally)
        assert f"{tpr / fpr:.2f}" == printed["lr+"]
        assert f"{(1 - tpr) / (1 - fpr):.2f}" == printed["lr-"]


def test_the_gap_that_made_the_news_by_way_of_fairlearn() -> None:
    table = PUBLISHED["tables"]["medium_or_high"]
    both = cube(table["African-American"], "black") + cube(table["Caucasian"], "white")
    seen = by_group(both, ["true_positive_rate", "false_positive_rate", "positive_predictive_value"])
    for group, name in (("black", "African-American"), ("white", "Caucasian")):
        assert f"{100 * seen.group['false_positive_rate', group]:.2f}" == table[name]["fpr"]
        assert f"{100 * (1 - seen.group['true_positive_rate', group]):.2f}" == table[name]["fnr"]
        assert f"{seen.group['positive_predictive_value', group]:.2f}" == table[name]["ppv"]
    assert seen.rest["false_positive_rate", "black"] == seen.group["false_positive_rate", "white"]

"""The Fairlearn quick-start's figures by race, to the last printed digit, from counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitors.cube import Cube
from monitors.discovery import metrics

PUBLISHED = json.loads((Path(__file__).parent / "fairlearn_quickstart.json").read_text(encoding="utf-8"))
CUBE = Cube.of(
    "race",
    [
        (group, outcome, decision, -1, -1, counts[name], 0)
        for group, counts in PUBLISHED["counts"].items()
        for name, outcome, decision in (("tp", 1, 1), ("fp", 0, 1), ("fn", 1, 0), ("tn", 0, 0))
    ],
)


def printed(value: float, as_printed: str) -> str:
    """As the quick-start prints it: six places, or its doctest's cut-off digits with dots."""
    if as_printed.endswith("..."):
        return str(value)[: len(as_printed) - 3] + "..."
    return f"{value:.6f}"


def test_the_counts_are_of_the_whole_test_split() -> None:
    assert CUBE.rows == 25_442
    assert CUBE.groups[-1] == "Unknown"


@pytest.mark.parametrize("group", PUBLISHED["printed"])
def test_accuracy_and_missed_share_come_out(group: str) -> None:
    tally = CUBE.tally(None if group == "overall" else group)
    figures = PUBLISHED["printed"][group]
    accuracy = (tally.tp + tally.tn) / tally.n
    assert printed(accuracy, figures["accuracy"]) == figures["accuracy"]
    missed = metrics()["false_negative_rate"].compute(tally).value
    assert printed(missed, figures["fnr"]) == figures["fnr"]

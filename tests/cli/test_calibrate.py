"""`rounds calibrate`: what people see, what programs read, and that nothing is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import yaml

from tests.cli.conftest import CONFIG, Place


def under(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_it_prints_a_table_and_a_plan_and_writes_nothing(place: Place) -> None:
    before = under(place.folder)
    shown = place.rounds("calibrate", place.model).stdout
    assert "wasserstein of lactate" in shown
    assert "Nothing was written" in shown
    plan = yaml.safe_load(shown[shown.index("\nplan:") :])["plan"]
    assert {"rows", "wasserstein", "auroc"} <= {rule["measure"] for rule in plan}
    assert place.model.read_text() == CONFIG
    assert under(place.folder) == before


def test_what_it_proposes_can_be_committed_and_run(place: Place) -> None:
    told = json.loads(place.rounds("calibrate", place.model, "--json").stdout)
    assert told["expected"]["page"]["proposed"] <= told["budget"]["page"]
    assert told["rows"] == 300
    place.model.write_text(CONFIG + told["plan"])
    place.rounds("validate", place.model)


def test_a_reference_too_short_is_said_in_one_line(edited: Callable[[str, str], Place]) -> None:
    place = edited("to: 2026-03-02", "to: 2026-01-12")
    done = place.rounds("calibrate", place.model, status=2)
    assert done.stderr.splitlines()[-1].startswith("rounds: reference: spans 1 windows of P7D")

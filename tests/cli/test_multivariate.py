"""`rounds multivariate`: the last window's columns looked at together, and its audit made with that."""

from __future__ import annotations

import json

from tests.cli.conftest import Place


def test_a_unit_error_is_told_with_the_column_that_carries_it_and_stays_told(place: Place) -> None:
    at = ("--at", "2026-03-30T06:00:00Z")  # in the window before, lactate came in another unit
    line = place.rounds("multivariate", place.model, *at, "--json").stdout
    (told,) = [f for f in json.loads(line)["findings"] if f["metric"] == "domain_classifier"]
    assert (told["verdict"], told["severity"], told["reason"]) == ("beyond", "ticket", "carried by lactate")
    again = place.rounds("run", place.model, *at, "--json").stdout
    assert again == line

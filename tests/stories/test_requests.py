"""Requests as a serving platform logs them: batches, retries, and only some of them."""

from __future__ import annotations

import json
import random
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from flows import source
from flows.monitor import step
from monitors.audit import Audit
from monitors.config import ModelConfig
from monitors.errors import ConfigError, SourceInvalid
from monitors.ledger import Ledger
from monitors.profile import Profile
from tests.flows.rows import WINDOW, Row, config, last_week, ledger, ward, write

NAMES = ("age", "lactate", "ward", "sex", "sepsis")
LOGGED: dict[str, Any] = {
    "kind": "files",
    "path": "log.csv",
    "explode": {
        "asked": "CAST(json_extract(request, '$.inputs[*]') AS JSON[])",
        "risk": "CAST(json_extract(response, '$.predictions[*]') AS DOUBLE[])",
    },
    "derive": {
        name: f"json_extract_string(asked, '$.{name}')"
        for name in ("age", "lactate", "ward", "sex", "sepsis")
    },
}


def batched(rows: list[Row], size: int = 4, retried: int = 9) -> list[Row]:
    """The same rows as batches of requests; some sent twice, the second time with the answer that counted."""
    made = []
    for i in range(0, len(rows), size):
        some = rows[i : i + size]
        request = json.dumps({"inputs": [{name: str(row[name]) for name in NAMES} for row in some]})
        answer = json.dumps({"predictions": [row["risk"] for row in some]})
        line = {"visit": f"b{i}", "at": some[0]["at"], "request": request, "response": answer}
        if (i // size) % retried == 0:
            wrong = json.dumps({"predictions": [0.99] * len(some)})
            made.append(line | {"at": some[0]["at"][:-2] + "00", "response": wrong})
        made.append(line)
    return made


def audited(folder: Path, declared: ModelConfig, **options: Any) -> Audit:
    with closing(source.connect(declared, folder)) as opened:
        return step(declared, WINDOW, opened, stage="outcome", **options)


def counted(folder: Path, declared: ModelConfig, kept: Ledger) -> Profile:
    profile = kept.profile(audited(folder, declared, ledger=kept).profile)
    assert profile is not None
    return profile


def test_a_batch_counts_as_its_requests_and_a_retry_once(tmp_path: Path) -> None:
    rows = [row | {"at": ward(a_day=40)[i - i % 4]["at"]} for i, row in enumerate(ward(a_day=40))]
    write(tmp_path / "ward.csv", rows)
    write(tmp_path / "log.csv", batched(rows))
    kept = ledger(tmp_path)
    one = counted(tmp_path, config(), kept)
    other = counted(tmp_path, config(source=LOGGED), kept)
    assert other.rows == one.rows == 280
    assert other.duplicates > 0
    assert one.duplicates == 0
    assert other.cubes == one.cubes
    for name, histogram in one.histograms.items():
        assert other.histograms[name].counts == histogram.counts


def test_requests_logged_with_different_chances_are_brought_to_one(tmp_path: Path) -> None:
    """Alerts are logged always, the rest one time in four: as they are, everybody seems to be flagged."""
    draw, kept = random.Random(4), ledger(tmp_path)
    rows = ward(a_day=400)
    logged = [row | {"chance": 1.0 if row["risk"] >= 0.5 else 0.25} for row in rows]
    write(tmp_path / "ward.csv", [row for row in logged if draw.random() < row["chance"]])
    week = [row for row in rows if last_week(row)]
    true = sum(row["risk"] >= 0.5 for row in week) / len(week)
    asis = counted(tmp_path, config(), kept).cubes[""].tally()
    assert asis.flagged / asis.n > true + 0.15
    thinned = config(source={"kind": "files", "path": "ward.csv",
                             "sampled": {"fraction": "chance", "least": 0.25}})  # fmt: skip
    profile = counted(tmp_path, thinned, kept)
    right = profile.cubes[""].tally()
    assert right.flagged / right.n == pytest.approx(true, abs=0.04)
    assert 560 < profile.rows < 840, "a quarter of 2,800 rows: each counts once, and intervals know it"
    assert counted(tmp_path, thinned, ledger(tmp_path)).digest == profile.digest


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"response": '{"predictions": [0.1]}'}, "source.explode: 1 rows hold lists of different lengths"),
        ({"response": "{"}, "log.csv:"),
    ],
)
def test_a_batch_that_does_not_hold_together_is_named(tmp_path: Path, row: Row, said: str) -> None:
    logged = batched(ward())
    logged[-1] |= row
    write(tmp_path / "log.csv", logged)
    with pytest.raises(SourceInvalid) as error:
        audited(tmp_path, config(source=LOGGED))
    assert said in str(error.value)


@pytest.mark.parametrize("chance", ["", 0.1, 1.5, "often"])
def test_a_chance_that_is_none_is_named(tmp_path: Path, chance: Any) -> None:
    write(
        tmp_path / "ward.csv", [row | {"chance": chance if row["visit"] == "v3" else 0.5} for row in ward()]
    )
    declared = config(source={"kind": "files", "path": "ward.csv",
                              "sampled": {"fraction": "chance", "least": 0.25}})  # fmt: skip
    with pytest.raises(SourceInvalid) as error:
        audited(tmp_path, declared)
    assert str(error.value) == (
        "ward.csv: column 'chance': 1 rows hold no fraction from `source.sampled.least` (0.25) to 1; "
        "lower it, or mend those rows"
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"explode": {"asked": "(SELECT 1)"}},
            "source.explode.asked: may only combine columns",
        ),
        ({"explode": {"asked": "[request"}}, "source.explode.asked: not one SQL expression"),
        ({"sampled": {"fraction": "chance"}}, "source.sampled.least: is required"),
        ({"sampled": {"fraction": "chance", "least": 0}}, "source.sampled.least: must be above 0"),
        (
            {"kind": "fhir", "path": ".", "explode": {"a": "b"}},
            "source.explode: fhir holds no lists of requests",
        ),
    ],
)
def test_a_mistake_in_how_requests_are_read_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        config(source={"kind": "files", "path": "log.csv"} | change)
    assert str(error.value).startswith(f"sepsis.yaml: {said}")


def test_an_expression_that_gives_no_list_is_named(tmp_path: Path) -> None:
    write(tmp_path / "log.csv", batched(ward()))
    with pytest.raises(SourceInvalid, match=r"log\.csv: source\.explode\.asked: gives string where a list"):
        audited(tmp_path, config(source=LOGGED | {"explode": {"risk": "response", "asked": "request"}}))

"""FHIR as a source: what counts as a prediction, who it was about, and what is done with the rest."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from flows import source
from flows.binning import freeze
from flows.source import problems
from monitors.config import ModelConfig
from monitors.errors import SourceInvalid, SourceUnavailable
from monitors.window import Window, moment
from tests.conftest import free_port
from tests.flows.fhir_server import Resource, serving

CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
JANUARY = Window(moment("2026-01-01"), moment("2026-02-01"))


def risk(identity: str, probability: Any = 0.25, **changed: Any) -> Resource:
    said = probability if isinstance(probability, dict) else {"probabilityDecimal": probability}
    return {
        "resourceType": "RiskAssessment",
        "id": identity,
        "meta": {"versionId": "1", "lastUpdated": "2026-01-05T12:00:00Z"},
        "status": "final",
        "method": {"coding": [{"system": "urn:models", "code": "sepsis-2"}]},
        "subject": {"reference": "Patient/p1"},
        "performer": {"reference": "Device/bedside"},
        "occurrenceDateTime": "2026-01-05T12:00:00+01:00",
        "prediction": [{"outcome": {"coding": [{"code": "sepsis"}]}, **said}],
        **changed,
    }


def patient(identity: str = "p1", races: Sequence[str] = ("White",), **changed: Any) -> Resource:
    omb = [{"url": "ombCategory", "valueCoding": {"code": "x", "display": race}} for race in races]
    return {
        "resourceType": "Patient",
        "id": identity,
        "gender": "female",
        "birthDate": "1950-01-06",
        "communication": [
            {"language": {"coding": [{"code": "en"}]}},
            {"preferred": True, "language": {"coding": [{"code": "es"}]}},
        ],
        "extension": [
            {"url": f"{CORE}race", "extension": [*omb, {"url": "text", "valueString": "as said"}]},
            {"url": f"{CORE}birthsex", "valueCode": "F"},
        ],
        **changed,
    }


def written(folder: Path, *resources: Resource, more: str = "") -> None:
    kinds = {r["resourceType"] for r in resources}
    for kind in kinds:
        lines = [json.dumps(r) for r in resources if r["resourceType"] == kind]
        text = "\n".join(lines) + "\n" + (more if kind == "RiskAssessment" else "")
        (folder / f"{kind}.ndjson").write_text(text, encoding="utf-8")


def config(**settings: Any) -> ModelConfig:
    declared = {"kind": "fhir", "path": "."} if not {"path", "url"} & set(settings) else {"kind": "fhir"}
    return ModelConfig.model_validate(
        {
            "model": "sepsis",
            "version": "2",
            "source": {**declared, **settings},
            "columns": {
                "time": "time",
                "id": "id",
                "score": "score",
                "outcome": "outcome",
                "numeric": ["age"],
                "sensitive": ["race", "ethnicity", "birth_sex", "language"],
            },
            "outcome": {"matures_after": "P30D"},
            "timezone": "Europe/Berlin",
            "window": "P1M",
            "reference": {"from": "2026-01-01", "to": "2026-02-01"},
        }
    )


def read(folder: Path, **settings: Any) -> list[dict[str, Any]]:
    with closing(source.connect(config(**settings), folder)) as opened:
        rows: list[dict[str, Any]] = opened.table().order_by("id").to_pyarrow().to_pylist()
        return rows


def test_a_prediction_is_read_with_who_it_was_about(tmp_path: Path) -> None:
    written(tmp_path, risk("a"), patient())
    (row,) = read(tmp_path)
    assert row.pop("time").isoformat() == "2026-01-05T11:00:00+00:00"
    assert row == {
        "id": "a", "patient": "p1", "encounter": None, "method": "sepsis-2", "device": "bedside",
        "score": 0.25, "risk": None, "sex": "female", "birth_sex": "F", "race": "White",
        "ethnicity": None, "language": "es", "age": 75, "outcome": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("races", "read_as"),
    [
        (("White",), "White"),
        (("White", "Asian"), "Multiple"),
        (("White", "White"), "White"),
        ((), None),
    ],
)
def test_race_is_what_the_patient_said(tmp_path: Path, races: tuple[str, ...], read_as: str | None) -> None:
    written(tmp_path, risk("a"), patient(races=races))
    assert read(tmp_path)[0]["race"] == read_as


def test_asked_but_unknown_is_unknown(tmp_path: Path) -> None:
    asked = {"url": "ombCategory", "valueCoding": {"code": "ASKU", "display": "asked but unknown"}}
    who = patient(extension=[{"url": f"{CORE}race", "extension": [asked]}])
    written(tmp_path, risk("a"), who)
    assert read(tmp_path)[0]["race"] is None


def test_a_patient_who_is_not_in_the_export_is_still_counted(tmp_path: Path) -> None:
    written(tmp_path, risk("a", subject={"reference": "https://ehr.example/fhir/Patient/gone/_history/3"}))
    (row,) = read(tmp_path)
    assert row["patient"] == "gone"
    assert row["race"] is None


@pytest.mark.parametrize(
    ("probability", "scale", "score"),
    [
        (0.25, "share", 0.25),
        (25, "percent", 0.25),
        ({"probabilityRange": {"low": {"value": 0.2}, "high": {"value": 0.4}}}, "share", 0.3),
        ({"qualitativeRisk": {"coding": [{"code": "high"}]}}, "share", None),
    ],
)
def test_a_probability_is_read_on_its_scale(
    tmp_path: Path, probability: Any, scale: str, score: float | None
) -> None:
    written(tmp_path, risk("a", probability), patient())
    assert read(tmp_path, scale=scale)[0]["score"] == pytest.approx(score)


def test_percentages_are_not_guessed(tmp_path: Path) -> None:
    written(tmp_path, risk("a", 25.0), patient())
    with pytest.raises(SourceInvalid, match=r"probabilities go beyond 1.*say `source.scale: percent`"):
        read(tmp_path)


@pytest.mark.parametrize("status", ["registered", "preliminary", "entered-in-error", "cancelled", None])
def test_only_what_stands_is_a_prediction(tmp_path: Path, status: str | None) -> None:
    written(tmp_path, risk("a"), risk("b", status=status))
    assert [row["id"] for row in read(tmp_path)] == ["a"]


def test_the_newest_version_stands_and_may_take_it_back(tmp_path: Path) -> None:
    newer = {"versionId": "10", "lastUpdated": "2026-01-06T00:00:00Z"}
    written(
        tmp_path,
        risk("a", 0.1),
        risk("a", 0.9, meta=newer, status="amended"),
        risk("b"),
        risk("b", meta=newer, status="entered-in-error"),
    )
    assert [(row["id"], row["score"]) for row in read(tmp_path)] == [("a", 0.9)]


def test_a_model_and_a_prediction_are_chosen_by_code(tmp_path: Path) -> None:
    two = [
        {"outcome": {"coding": [{"code": "death"}]}, "probabilityDecimal": 0.1},
        {"outcome": {"text": "sepsis"}, "probabilityDecimal": 0.7},
    ]
    other = {"text": "falls model"}
    written(tmp_path, risk("a", prediction=two), risk("b", method=other), risk("c", method=None))
    (row,) = read(tmp_path, method="sepsis-2", prediction="sepsis")
    assert (row["id"], row["score"]) == ("a", 0.7)
    assert [r["id"] for r in read(tmp_path, method="falls model")] == ["b"]


def test_a_day_without_a_clock_is_the_local_day(tmp_path: Path) -> None:
    written(tmp_path, risk("a", occurrenceDateTime="2026-01-05"), risk("b", occurrenceDateTime="2026-01"))
    first, second = read(tmp_path)
    assert first["time"].isoformat() == "2026-01-04T23:00:00+00:00"
    assert second["time"] is None


def manifest(folder: Path, **changed: Any) -> None:
    told = {
        "transactionTime": "2026-01-20T00:00:00Z",
        "output": [
            {"type": "RiskAssessment", "url": "https://ehr.example/out/1.ndjson.gz"},
            {"type": "Condition", "url": "https://ehr.example/out/2.ndjson"},
        ],
        "deleted": [{"type": "Bundle", "url": "https://ehr.example/out/3.ndjson"}],
        **changed,
    }
    (folder / "manifest.json").write_text(json.dumps(told), encoding="utf-8")


def exported(folder: Path) -> None:
    early, late = "2026-01-05T12:00:00Z", "2026-01-15T12:00:00Z"
    risks = [
        risk("came", occurrenceDateTime=early),
        risk("not", occurrenceDateTime=early, subject={"reference": "Patient/p2"}),
        risk("too-soon", occurrenceDateTime=late, subject={"reference": "Patient/p2"}),
        risk("deleted"),
    ]
    with gzip.open(folder / "1.ndjson.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(r) + "\n" for r in risks)
    sepsis: Resource = {
        "resourceType": "Condition",
        "id": "c",
        "code": {"coding": [{"system": "icd", "code": "A41.9"}]},
        "subject": {"reference": "Patient/p1"},
        "onsetDateTime": "2026-01-07T00:00:00Z",
    }
    refuted = {**sepsis, "id": "d", "verificationStatus": {"coding": [{"code": "refuted"}]}}
    refuted["subject"] = {"reference": "Patient/p2"}
    other = {**refuted, "id": "e", "code": {"text": "fever"}, "verificationStatus": None}
    (folder / "2.ndjson").write_text("\n".join(map(json.dumps, (sepsis, refuted, other))), encoding="utf-8")
    gone = {"request": {"method": "DELETE", "url": "RiskAssessment/deleted"}}
    (folder / "3.ndjson").write_text(
        json.dumps({"resourceType": "Bundle", "entry": [gone]}), encoding="utf-8"
    )


OUTCOME = {"resource": "Condition", "code": ["icd|A41.9"], "within": "P7D"}


def test_a_bulk_export_gives_outcomes_as_far_as_it_reaches(tmp_path: Path) -> None:
    exported(tmp_path)
    manifest(tmp_path)
    found = {row["id"]: row["outcome"] for row in read(tmp_path, outcome=OUTCOME)}
    assert found == {"came": 1, "not": 0, "too-soon": None}


def test_the_export_s_own_time_is_in_the_fingerprint(tmp_path: Path) -> None:
    exported(tmp_path)
    seen = set()
    for moment_told in ("2026-01-20T00:00:00Z", "2026-01-21T00:00:00Z"):
        manifest(tmp_path, transactionTime=moment_told)
        with closing(source.connect(config(outcome=OUTCOME), tmp_path)) as opened:
            seen.add(opened.fingerprint())
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"transactionTime": None, "output": None},
            "manifest.json: is no bulk export's manifest",
        ),
        (
            {"output": [{"type": "RiskAssessment", "url": "x/9.ndjson"}]},
            "manifest.json lists 9.ndjson",
        ),
        ({"output": []}, ".: no RiskAssessment; a bulk export has them in RiskAssessment.ndjson"),
    ],
)
def test_a_manifest_that_does_not_hold_is_named(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    exported(tmp_path)
    manifest(tmp_path, **changed)
    with pytest.raises(SourceInvalid) as caught:
        read(tmp_path)
    assert str(caught.value).startswith(said)


def test_bad_lines_are_named_and_the_rest_is_read(tmp_path: Path) -> None:
    torn = '{"resourceType": "RiskAssessment", "id": "Jane Doe\n\n"just text"\n{"resourceType": 7}\n'
    written(tmp_path, risk("a"), patient(), more=torn)
    with closing(source.connect(config(), tmp_path)) as opened:
        assert opened.table().count().to_pyarrow().as_py() == 1
        assert opened.unread() == {
            "RiskAssessment": (
                "fewer than 11 lines hold no resource and are left out (RiskAssessment.ndjson); "
                "ask whoever exports them"
            )
        }


def test_a_sample_is_held_against_fhir_s_own_definitions(tmp_path: Path) -> None:
    """Twelve of the first thousand and one of every thousandth; what stands in them is not repeated."""
    risks = [risk(f"r{i}") for i in range(1001)]
    for i in range(12):
        risks[i]["status"] = {"Jane": "Doe"}
    del risks[999]["subject"]  # both first thousand and thousandth: once
    risks[1000]["status"] = 7  # outside the sample
    written(tmp_path, *risks, patient("Jane", gender="Doe"), more='{"torn\n')
    with closing(source.connect(config(validate_sample=True), tmp_path)) as opened:
        told = opened.unread()
        assert opened.table().count().to_pyarrow().as_py() == 988
    torn, _, refused = told.pop("RiskAssessment").partition("; ask whoever exports them; ")
    assert torn.startswith("fewer than 11 lines hold no resource")
    assert refused == (
        "13 of a sample are no RiskAssessment as FHIR R4B defines one (RiskAssessment.status, "
        "RiskAssessment.subject); they are read all the same; ask whoever exports them"
    )
    assert told == {}, "a gender is a code to FHIR, whichever code it is"
    with closing(source.connect(config(), tmp_path)) as opened:
        assert "defines" not in str(opened.unread())


def test_without_the_library_a_sample_is_not_promised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, risk("a"))
    monkeypatch.setitem(sys.modules, "fhir.resources.R4B.riskassessment", None)
    with pytest.raises(SourceInvalid, match=r"needs fhir.resources: pip install 'rounds-monitor\[fhir\]'"):
        source.connect(config(validate_sample=True), tmp_path)


def test_it_is_counted_like_any_other_source(tmp_path: Path) -> None:
    written(tmp_path, *(risk(f"r{i}", i / 100) for i in range(100)), patient())
    with closing(source.connect(config(), tmp_path)) as opened:
        profile = freeze(opened.table(), config(), JANUARY).profile
    assert profile.rows == 100
    assert profile.cubes["race"].groups == ("White",)


def test_a_server_is_read_page_by_page(tmp_path: Path) -> None:
    held = [*(risk(f"r{i}", subject={"reference": f"Patient/p{i}"}) for i in range(8)),
            *(patient(f"p{i}") for i in range(8))]  # fmt: skip
    with serving(held, token="secret") as server:
        (tmp_path / "token").write_text("secret\n", encoding="utf-8")
        rows = read(tmp_path, url=server.url, token_file="token", search="date=ge2026-01-01")
        assert [row["id"] for row in rows] == [f"r{i}" for i in range(8)]
        assert {row["race"] for row in rows} == {"White"}
        assert len(server.asked) == 3
        assert all("date=ge2026-01-01" in path for path in server.asked)


def test_a_server_that_says_later_is_asked_again(tmp_path: Path) -> None:
    with serving([risk("a")]) as server:
        server.faults = [(429, {"Retry-After": "0.01"}), (503, {"Retry-After": "0.01"})]
        assert [row["id"] for row in read(tmp_path, url=server.url)] == ["a"]


@pytest.mark.parametrize(
    ("faults", "kind", "said"),
    [
        ([(503, {"Retry-After": "0.01"})] * 4, SourceUnavailable, "127.0.0.1: answered 503, 4 times"),
        ([(404, {})], SourceInvalid, "127.0.0.1: answered 404; check `source.url`"),
        ([(302, {"Location": "http://127.0.0.2/"})], SourceInvalid, "127.0.0.1: answered 302; check"),
        ([(403, {})], SourceInvalid, "127.0.0.1: refused (403); check `source.token_env`"),
        ([(200, {})], SourceInvalid, "127.0.0.1: answered no Bundle; is `source.url`"),
    ],
)
def test_a_server_s_refusal_is_named(
    tmp_path: Path, faults: list[tuple[int, dict[str, str]]], kind: type[Exception], said: str
) -> None:
    with serving([risk("a")]) as server:
        server.faults = list(faults)
        with pytest.raises(kind) as caught:
            read(tmp_path, url=server.url)
    assert str(caught.value).startswith(said)


def test_a_wrong_token_is_not_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "hunter2")
    with serving([risk("a")], token="secret") as server, pytest.raises(SourceInvalid) as caught:
        read(tmp_path, url=server.url, token_env="TOKEN")
    assert "hunter2" not in str(caught.value)


def test_the_next_page_is_not_fetched_from_another_server(tmp_path: Path) -> None:
    with serving([risk(f"r{i}") for i in range(8)]) as server:
        server.next_elsewhere = True
        with pytest.raises(SourceInvalid, match="its next page is on another server"):
            read(tmp_path, url=server.url)


def test_nobody_there_may_pass(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match=r"127\.0\.0\.1: cannot be reached"):
        read(tmp_path, url=f"http://127.0.0.1:{free_port()}/fhir")


def test_nothing_stays_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    with serving([risk("a"), patient()]) as server:
        read(tmp_path, url=server.url)
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"path": "x", "url": "https://x"}, "source: name `path` (a bulk export) or `url` (a server)"),
        ({"path": "x", "search": "a=b"}, "source: `token_env`, `token_file` and `search` go with `url`"),
        ({"path": "x", "scale": "per mille"}, "source.scale: must be 'share' or 'percent'"),
        (
            {"path": "x", "outcome": {**OUTCOME, "resource": "Flag"}},
            "source.outcome.resource: must be",
        ),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], said: str) -> None:
    (found, *_) = problems(config(**settings))
    assert found.startswith(said)


@pytest.mark.parametrize("url", ["http://ehr.example/fhir", "file:///etc/passwd", "https://u:p@ehr.example"])
def test_an_address_in_the_clear_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SourceInvalid, match=r"source\.url: must be https://"):
        read(tmp_path, url=url)

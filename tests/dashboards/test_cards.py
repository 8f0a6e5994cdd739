"""Cards: every format says what the last release says, hides what it hides, and is whole."""

from __future__ import annotations

import base64
import json
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as Tree

import httpx
import pytest

from dashboards.cards import chai, fhir, markdown
from monitors.acting import NotAccepted
from monitors.audit import Verdict
from monitors.governance import deciding, inventory
from monitors.governance.card import Card, gathered
from monitors.governance.value import AIMS, record, slots
from monitors.ledger import Ledger
from monitors.release import keep
from tests.dashboards import ward

MODEL = "sepsis-early-warning"
# What the schema of version 0.2 asks for, in its order.
PARTS = {
    ".": "BasicInfo ReleaseInfo ModelSummary UsesAndDirections Warnings TrustIngredients KeyMetrics "
    "Resources Bibliography",
    "BasicInfo": "ModelName ModelDeveloper DeveloperContact",
    "ReleaseInfo": "ReleaseStage ReleaseDate ReleaseVersion GlobalAvailability",
    "ModelSummary": "Summary Keywords",
    "UsesAndDirections": "IntendedUseAndWorkflow PrimaryIntendedUsers HowToUse TargetedPatientPopulation "
    "CautionedOutOfScopeSettings",
    "Warnings": "KnownRisksAndLimitations KnownBiasesOrEthicalConsiderations ClinicalRiskLevel",
    "TrustIngredients": "AISystemFacts TransparencyInformation",
    "TrustIngredients/AISystemFacts": "OutcomesAndOutputs ModelType InputDataSource OutputAndInputDataTypes "
    "DevelopmentDataCharacterization BiasMitigationApproaches OngoingMaintenance",
    "TrustIngredients/TransparencyInformation": "FundingSource StakeholdersConsulted",
    "KeyMetrics": "UsefulnessUsabilityEfficacy FairnessEquity SafetyReliability",
    **{
        f"KeyMetrics/{name}": "MetricGoal Results Interpretation TestType TestingDataDescription "
        "ValidationProcessAndJustification"
        for name in ("UsefulnessUsabilityEfficacy", "FairnessEquity", "SafetyReliability")
    },
    "Resources": "EvaluationReferences PeerReviewedPublications PatientConsentOrDisclosure",
}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: ward.NOW)


@pytest.fixture
def card(ledger: Ledger) -> Card:
    withheld = ward.finding(
        "true_positive_rate", "fairness", Verdict.WITHHELD, subject="language", group="Navajo",
        against="rest", value=None, n=None, severity="committee",
    )  # fmt: skip
    odd = ward.finding("brier", "performance", Verdict.WITHIN, value=0.12, low=0.1, high=0.14)
    keep(ledger, ward.record(ledger, MODEL, 9, (odd, withheld)))
    inventory.record(
        ledger, MODEL, {"vendor": ward.HOSTILE, "device_status": "cleared", "device_by": "Acme"}, "A"
    )
    key = deciding.bring(ledger, MODEL, "Go on?", "Ada").key
    deciding.sign(ledger, key, "Ada", "privacy", "approve", "none")
    deciding.decide(ledger, key, "continue", "votes", "Cleo", "chair")
    record(ledger, MODEL, AIMS[2], "hours of charting", "Ada", claimed="2 a day")
    return gathered(ledger, {MODEL: ward.config(MODEL)}, MODEL)


def parsed(text: str) -> Tree.Element:
    return Tree.fromstring(text.replace(f' xmlns="{chai.NAMESPACE}"', ""))


def test_chai_has_every_element_that_the_schema_asks_for_in_its_order(card: Card) -> None:
    text = chai.written(card, ward.NOW)
    assert f'<AppliedModelCard xmlns="{chai.NAMESPACE}">' in text
    root = parsed(text)
    for place, names in PARTS.items():
        part = root if place == "." else root.find(place)
        assert part is not None, place
        there = [child.tag for child in part]
        assert [name for name in there if name in names.split()] == names.split(), place
    assert all(e.text and e.text.strip() for e in root.iter() if not len(e) and e.tag != "Keywords")
    approval = root.find("ReleaseInfo/RegulatoryApproval")
    assert approval is not None
    assert approval.text == "cleared, as claimed by Acme"


def test_a_value_comes_with_its_interval_and_a_withheld_one_as_a_word(card: Card) -> None:
    root = parsed(chai.written(card, ward.NOW))
    told = {
        str(r.findtext("Label")): json.loads(str(r.findtext("ValueJson"))) for r in root.iter("MetricResult")
    }
    brier = told["brier"]
    assert (brier["kind"], brier["estimate"], brier["lower"], brier["upper"], brier["level"]) == (
        "estimate_ci", 0.12, 0.1, 0.14, 95,
    )  # fmt: skip
    assert told["true positive rate of language, Navajo against rest"]["value"] == "withheld"
    assert told["Not measured"] == {"kind": "single", "value": "not measured"}, "of safety nothing was"


def test_a_card_of_a_tool_nobody_measured_is_whole_and_says_so(ledger: Ledger) -> None:
    inventory.record(ledger, "note-taker", {}, "Ada")
    bare = gathered(ledger, {}, "note-taker")
    assert chai.written(bare, ward.NOW).count("Not measured") == 3
    said = markdown.written(bare, ward.NOW)
    assert said.count("Not measured.") == 3
    assert "No audit of it is released." in said
    assert "No decision is recorded." in said
    with pytest.raises(NotAccepted, match="there is no tool 'nothing'"):
        gathered(ledger, {}, "nothing")


def test_markdown_says_what_was_measured_decided_and_claimed(card: Card) -> None:
    said = markdown.written(card, ward.NOW)
    assert "| brier | 0.120 | 0.100 to 0.140 |" in said
    assert "| withheld |" in said
    assert ": continue." in said
    assert "hours of charting: before not measured, measured not measured, claimed 2 a day" in said
    assert "\\<script" in said, "a vendor's name stays text"


def test_fhir_holds_the_device_and_its_card_in_both_formats(card: Card) -> None:
    bundle = json.loads(fhir.written(card, ward.NOW))
    device, document = (entry["resource"] for entry in bundle["entry"])
    assert (bundle["type"], device["resourceType"], document["resourceType"]) == (
        "collection", "Device", "DocumentReference",
    )  # fmt: skip
    assert device["type"]["coding"][0]["code"] == "Artificial-Intelligence"
    assert device["extension"][0]["valueReference"]["reference"] == f"DocumentReference/{document['id']}"
    assert document["type"]["coding"][0]["code"] == "AIModelCard"
    assert len(document["category"]) == len(document["content"]) == 2
    for content, made in zip(document["content"], (markdown, chai), strict=True):
        assert content["attachment"]["contentType"] == made.MEDIA
        assert base64.b64decode(content["attachment"]["data"]).decode() == made.written(card, ward.NOW)


def test_the_same_card_is_the_same_bytes(card: Card) -> None:
    for made in (markdown, chai, fhir):
        assert made.written(card, ward.NOW) == made.written(card, ward.NOW)


def test_the_pages_hand_out_every_format(client: httpx.Client) -> None:
    for form, media in (
        ("chai", "application/xml"),
        ("fhir", "application/fhir+json"),
        ("markdown", "text/markdown"),
    ):
        answer = client.get(f"/api/cards/{MODEL}/{form}")
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, media)
        assert client.get(f"/api/cards/nothing/{form}").status_code == 404
    assert client.get(f"/api/cards/{MODEL}").json()["model"] == MODEL


# --- value ---


def test_what_is_not_measured_says_so_and_a_claim_never_takes_its_place(ledger: Ledger) -> None:
    record(ledger, MODEL, AIMS[0], "time with patients", "Ada", claimed="an hour more")
    (slot,) = slots(ledger, MODEL)[AIMS[0]]
    assert (slot.baseline, slot.measured, slot.claimed) == ("not measured", "not measured", "an hour more")
    assert slots(ledger, MODEL)[AIMS[1]] == []


def test_a_figure_needs_its_method_and_day_and_a_later_one_stands(ledger: Ledger) -> None:
    with pytest.raises(NotAccepted, match="needs its method and the day"):
        record(ledger, MODEL, AIMS[2], "cost", "Ada", measured="12,000 a year")
    for figure in ("12,000 a year", "9,000 a year"):
        record(ledger, MODEL, AIMS[2], "cost", "Ada", measured=figure, method="ledger", on=date(2026, 1, 1))
    (slot,) = slots(ledger, MODEL)[AIMS[2]]
    assert slot.measured == "9,000 a year"
    assert ledger.verify() == 2
    with pytest.raises(NotAccepted, match="an aim is one of"):
        record(ledger, MODEL, "return on investment", "roi", "Ada")

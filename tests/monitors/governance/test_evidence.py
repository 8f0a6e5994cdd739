"""The evidence map: nothing is cited that nobody read, nothing is called met, and "none yet" is shown."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitors.errors import ConfigError
from monitors.governance import deciding, inventory, rules
from monitors.governance.evidence import KINDS, Found, House, gathered, standing
from monitors.ledger import Ledger
from tests.dashboards import ward

TEXTS = rules.texts(rules.shipped())
MODEL = "sepsis-early-warning"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: ward.NOW)


def house(ledger: Ledger, *models: str) -> House:
    return House(ledger, {m: ward.config(m) for m in models}, ward.NOW)


# --- the texts ---


def test_the_texts_that_committees_ask_for_are_there() -> None:
    wanted = "nist-ai-rmf hti-1-source-attributes section-1557 hipaa fda-ai-dsf-draft eu-ai-act iso-42001"
    assert {*wanted.split(), "colorado-sb-26-189", "nyc-ll144-layout"} <= set(TEXTS)
    assert len(TEXTS["hti-1-source-attributes"].requirements) == 31
    assert TEXTS["fda-ai-dsf-draft"].status == "proposed"
    assert TEXTS["nyc-ll144-layout"].status == "format only"


@pytest.mark.parametrize("name", TEXTS)
def test_every_requirement_names_evidence_we_know_how_to_look_for(name: str) -> None:
    asked = {kind for r in TEXTS[name].requirements for kind in r.evidence}
    assert asked <= set(KINDS)


def test_no_kind_of_evidence_is_looked_for_in_vain() -> None:
    assert set(KINDS) == {k for t in TEXTS.values() for r in t.requirements for k in r.evidence}


@pytest.mark.parametrize("name", TEXTS)
def test_a_requirement_is_told_in_our_own_words(name: str) -> None:
    for asked in TEXTS[name].requirements:
        assert asked.asks.endswith("."), asked.id
        assert len(asked.asks) < 130, asked.id
        assert not re.search(r"shall|\bAI actors\b|trustworth|documented\b", asked.asks), asked.id


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("mark: V,", "mark: memory,", "requirements.1.mark: must be 'V' or 'V2'"),
        ("status: in force", "status: required", "status: must be"),
        ("92.210(b)", "92.210(a)", "requirements: 92.210(a) is there twice"),
        ('checked: "2026-08"', 'checked: "lately"', "checked: "),
        ("note:", "remark:", "remark: is not a known key"),
    ],
)
def test_a_text_that_claims_what_nobody_read_is_refused(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = (rules.shipped() / "section-1557.yaml").read_text()
    assert old in text
    (tmp_path / "section-1557.yaml").write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigError) as error:
        rules.texts(tmp_path)
    assert f"section-1557.yaml: {said}" in str(error.value)


# --- the evidence ---


def test_an_empty_house_has_evidence_of_nothing_but_the_map(ledger: Ledger) -> None:
    found = gathered(house(ledger))
    assert {kind for kind, f in found.items() if f.said != "none yet"} == {"evidence_map"}
    assert standing((), found) == "none yet"


def test_evidence_of_some_tools_is_partial(ledger: Ledger) -> None:
    ward.record(ledger, MODEL, 9, ward.sick(9))
    found = gathered(house(ledger, MODEL, "fall-risk"))
    assert (found["audited"].said, found["audited"].have, found["audited"].of) == ("partial", 1, 2)
    alone = gathered(house(ledger, MODEL))
    for kind in ("audited", "on_time", "local_performance", "group_gaps", "quality", "provenance", "ledger"):
        assert alone[kind].said == "yes", kind
    for kind in ("plan", "decided", "value", "sensitive_inputs", "withholding"):
        assert alone[kind].said == "none yet", kind
    assert standing(("audited", "plan"), alone) == "partial"


def test_an_audit_of_long_ago_is_not_on_time(ledger: Ledger) -> None:
    ward.record(ledger, MODEL, 9, ward.sick(9))
    later = replace(house(ledger, MODEL), now=ward.NOW + timedelta(days=40))
    assert gathered(later)["on_time"].said == "none yet"


def test_a_tool_that_is_not_in_use_asks_for_nothing(ledger: Ledger) -> None:
    inventory.record(ledger, "old", {}, "Ada")
    inventory.move(ledger, {}, "old", "retired", "Ada", "replaced", ward.NOW)
    assert gathered(house(ledger, MODEL))["audited"].of == 1


def test_votes_speak_for_the_roles_that_gave_them(ledger: Ledger) -> None:
    key = deciding.bring(ledger, MODEL, "Does it miss some groups?", "Ada").key
    deciding.sign(ledger, key, "Ada", "executive sponsor", "approve", "none")
    found = gathered(house(ledger, MODEL))
    assert (found["executive_vote"].said, found["patient_vote"].said) == ("yes", "none yet")
    assert (found["matters_brought"].said, found["decided"].said) == ("yes", "none yet")


def test_yes_is_only_said_of_all_of_them() -> None:
    assert [Found(n, 3, "/").said for n in range(4)] == ["none yet", "partial", "partial", "yes"]
    assert Found(0, 0, "/").said == "none yet"

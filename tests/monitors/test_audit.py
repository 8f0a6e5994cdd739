"""An audit: findings in canonical JSON, the worst of them, and a digest that two engines share."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from monitors.audit import WORST_FIRST, Audit, Finding, Verdict
from monitors.canonical import digest
from monitors.window import Window

WEEK = Window(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 12, tzinfo=UTC))


def finding(**changes: Any) -> Finding:
    plain = Finding(
        metric="missing_share",
        family="quality",
        subject="urine",
        unit="share of rows",
        verdict=Verdict.WITHIN,
        value=0.1,
        severity="ticket",
    )
    return replace(plain, **changes)


def audit(*findings: Finding) -> Audit:
    return Audit(
        model="sepsis",
        version="2",
        window=WEEK,
        stage="scored",
        rows=612,
        config="sha256:c",
        reference="sha256:r",
        profile="sha256:p",
        software="0",
        findings=findings,
    )


def test_an_audit_comes_back_from_its_json() -> None:
    said = audit(
        finding(needs={"n": 294, "windows": 4}, reason="few rows", verdict=Verdict.CANNOT_TELL, value=None),
        finding(group="black", against="rest", subject="race", level=0.6, low=-0.1, high=0.03),
    )
    again = Audit.read(json.loads(said.json()))
    assert again == said
    assert again.digest == said.digest


def test_json_is_on_one_line_and_carries_the_contract() -> None:
    text = audit(finding()).json()
    assert "\n" not in text
    read = json.loads(text)
    assert list(read) == sorted(read)
    assert read["schema"] == 1
    assert read["window"] == "2026-01-05T00:00:00Z/2026-01-12T00:00:00Z"
    promised = {"metric", "family", "subject", "group", "value", "low", "high", "n", "reference_n"}
    promised |= {"margin", "chance", "unit", "verdict", "reason", "against", "needs"}
    assert promised <= set(read["findings"][0])


def test_numbers_that_differ_in_the_last_bits_are_the_same_audit() -> None:
    assert audit(finding(value=0.1 + 0.2)).digest == audit(finding(value=0.3)).digest
    assert audit(finding(value=0.3000001)).digest != audit(finding(value=0.3)).digest
    assert audit(finding(value=-0.0)).digest == audit(finding(value=0.0)).digest


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_never_leaves(value: float) -> None:
    with pytest.raises(ValueError, match="canonical JSON cannot carry"):
        audit(finding(value=value)).json()


def test_every_field_of_a_finding_changes_the_digest() -> None:
    base = audit(finding())
    for field in fields(Finding):
        held = getattr(finding(), field.name)
        other: Any = Verdict.BEYOND if field.name == "verdict" else "another"
        if field.name == "needs":
            other = {"n": 3}
        elif isinstance(held, float):
            other = held + 1
        assert audit(finding(**{field.name: other})).digest != base.digest, field.name


def test_keys_of_a_later_schema_are_left_aside() -> None:
    payload = finding().payload() | {"colour": "red"}
    assert Finding.read(payload) == finding()


def test_the_worst_is_what_a_reader_has_to_see_first() -> None:
    for i, worse in enumerate(WORST_FIRST):
        for better in WORST_FIRST[i:]:
            assert audit(finding(verdict=better), finding(verdict=worse)).worst is worse


def test_what_is_only_shown_worries_nobody() -> None:
    shown = finding(verdict=Verdict.BEYOND, severity="info")
    assert audit(finding(), shown).worst is Verdict.WITHIN
    assert audit(finding(), shown).counts()["beyond"] == 0


def test_an_audit_that_judged_nothing_cannot_tell() -> None:
    assert audit().worst is Verdict.CANNOT_TELL
    assert audit(finding(severity="info")).worst is Verdict.CANNOT_TELL


def test_counts_are_by_verdict_and_family() -> None:
    said = audit(finding(), finding(verdict=Verdict.BEYOND), finding(family="drift", verdict=Verdict.BEYOND))
    assert said.counts() == {str(v): 0 for v in Verdict} | {"within": 1, "beyond": 2}
    assert said.counts("quality")["beyond"] == 1


def test_a_finding_names_itself_as_people_would() -> None:
    assert finding().name == "missing_share of urine"
    gap = finding(metric="true_positive_rate", subject="race", group="black")
    assert gap.name == "true_positive_rate for race black"
    assert gap.key == ("true_positive_rate", "race", "black")


def test_every_verdict_has_its_place() -> None:
    assert set(WORST_FIRST) == set(Verdict)


def test_a_read_audit_keeps_the_digest_it_was_recorded_under_and_a_changed_one_does_not() -> None:
    made = audit()
    # As written before audits held their plan: the key is not there, and the digest is of what was there.
    then = {key: value for key, value in made.payload().items() if key != "plan"}
    read = Audit.read(then, digest(then))
    assert read == made
    assert read.digest == digest(then)
    assert read.with_findings(()).digest == digest(read.with_findings(()).payload())

"""The inventory: every tool known once, what was only seen waits to be named, and gates hold or are named."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from monitors.acting import NotAccepted
from monitors.audit import Verdict
from monitors.config import Device
from monitors.errors import ConfigError
from monitors.governance import deciding, inventory
from monitors.governance.audit_plan import AuditPlan
from monitors.governance.gates import gates
from monitors.governance.registration import approve, register
from monitors.governance.tools import alike, sightings, tools
from monitors.ledger import Ledger
from monitors.release import keep
from monitors.window import Window
from tests.dashboards import ward
from tests.monitors.governance.test_registration import plan

MODEL = "sepsis-early-warning"
NOW = ward.NOW
WHOLE = {
    "purpose": "warns of sepsis", "clinical_owner": "Dr. A", "tier": "high", "fallback": "NEWS2",
    "review": "2026-09-01", "vendor": "Acme", "function": "Sepsis alert",
}  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: NOW)


def known(ledger: Ledger, *models: str) -> dict[str, str]:
    return {t.name: t.lifecycle for t in tools(ledger, {m: ward.config(m) for m in models}).values()}


# --- what is known ---


def test_a_tool_is_known_from_its_file_from_a_record_or_from_both(ledger: Ledger) -> None:
    inventory.record(ledger, "note-taker", {"vendor": "Acme"}, "Ada")
    inventory.record(ledger, MODEL, {"vendor": "Acme", "tier": "low"}, "Ada")
    found = tools(ledger, {MODEL: ward.config(MODEL, tier="high")})
    assert list(found) == ["note-taker", MODEL]
    both = found[MODEL]
    assert (both.fact("vendor"), both.fact("tier"), both.lifecycle) == ("Acme", "high", "live")
    assert (found["note-taker"].declared, found["note-taker"].lifecycle) == (False, "proposed")


def test_what_is_audited_is_known_though_nobody_recorded_it(ledger: Ledger) -> None:
    ward.record(ledger, "forgotten", 9, tuple(ward.usual(9)))
    tool = tools(ledger, {})["forgotten"]
    assert (tool.audited, tool.declared, tool.lifecycle) == (True, False, "live")
    assert tool.review_overdue(NOW)


def test_a_file_may_claim_a_device_status_and_says_who_claims_it() -> None:
    config = ward.config(MODEL)
    claimed = Device(status="cleared (510(k))", by="the vendor", on=date(2025, 1, 2))
    told = config.governance.model_copy(update={"device": claimed, "function": "Sepsis alert"})
    found = inventory.t.declared(config.model_copy(update={"governance": told}))
    assert (found["device_status"], found["device_by"]) == ("cleared (510(k))", "the vendor")
    assert config.digest == config.model_copy(update={"governance": told}).digest, "it changes no finding"


def test_a_later_record_counts_and_an_empty_fact_is_taken_back(ledger: Ledger) -> None:
    inventory.record(ledger, "note-taker", {"vendor": "Acme", "tier": "low"}, "Ada")
    inventory.record(ledger, "note-taker", {"vendor": "", "tier": "high"}, "Bea")
    assert dict(tools(ledger, {})["note-taker"].facts) == {"tier": "high"}


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"colour": "red"}, "is no fact a record holds"),
        ({"tier": "extreme"}, "'tier' is one of: high, medium, low"),
        ({"sensitive_inputs": "maybe"}, "'sensitive_inputs' is one of: unknown, none, proxy, direct"),
        ({"review": "soon"}, "'review' must be a day such as 2026-03-04"),
        ({"purpose": "x" * 1001}, "at most 1000"),
    ],
)
def test_a_fact_that_cannot_be_kept_is_named(ledger: Ledger, facts: dict[str, str], said: str) -> None:
    with pytest.raises(NotAccepted, match=said.replace("(", r"\(")):
        inventory.record(ledger, "note-taker", facts, "Ada")


def test_a_tool_in_use_whose_review_is_past_or_never_set_is_overdue(ledger: Ledger) -> None:
    for name, review in (("a", "2026-03-03"), ("b", "2026-03-04"), ("c", "")):
        inventory.record(ledger, name, {"review": review}, "Ada")
        inventory.move(ledger, {}, name, "live", "Ada", "in use since long", NOW, despite=True)
    found = tools(ledger, {})
    assert [found[n].review_overdue(NOW) for n in "abc"] == [True, False, True]


def test_tools_of_one_function_show_whatever_the_spelling(ledger: Ledger) -> None:
    for name, function in (("a", "Sepsis alert"), ("b", "sepsis-alert"), ("c", "falls")):
        inventory.record(ledger, name, {"function": function}, "Ada")
    assert alike(tools(ledger, {}).values()) == {"sepsis alert": ["a", "b"]}


# --- what was only seen ---


def test_what_is_reported_waits_until_somebody_says_what_it_is(ledger: Ledger) -> None:
    for name in ("Chatty", "Scribe", "Printer driver"):
        inventory.report(ledger, name, {"vendor": "Acme"}, "Nurse N")
    keys = {s.name: s.key for s in inventory.queue(ledger, {})}
    inventory.settle(ledger, {}, keys["Printer driver"], "not an AI tool", "Ada", "it prints")
    inventory.settle(ledger, {}, keys["Scribe"], "a new tool", "Ada", "used on 3 wards", "scribe")
    assert tools(ledger, {})["scribe"].fact("vendor") == "Acme"
    inventory.settle(ledger, {}, keys["Chatty"], "a known tool", "Ada", "a skin of it", "scribe")
    assert inventory.queue(ledger, {}) == []
    with pytest.raises(NotAccepted, match="settled already, by Ada"):
        inventory.settle(ledger, {}, keys["Chatty"], "no longer used", "Ada", "x")


def test_the_name_of_a_known_tool_settles_itself(ledger: Ledger) -> None:
    inventory.report(ledger, "Sepsis Early Warning", {}, "Nurse N")
    (seen,) = sightings(ledger, tools(ledger, {MODEL: ward.config(MODEL)}))
    assert (seen.match, seen.open) == (MODEL, False)


def test_what_is_said_of_a_sighting_has_to_lead_somewhere(ledger: Ledger) -> None:
    key = inventory.report(ledger, "Chatty", {}, "Nurse N").key
    with pytest.raises(NotAccepted, match="name the known tool"):
        inventory.settle(ledger, {}, key, "a known tool", "Ada", "x", "nothing")
    with pytest.raises(NotAccepted, match="a sighting is one of"):
        inventory.settle(ledger, {}, key, "fine", "Ada", "x")
    with pytest.raises(NotAccepted, match="there is no sighting"):
        inventory.settle(ledger, {}, "S-0", "not an AI tool", "Ada", "x")


def test_a_list_is_taken_in_once_and_a_longer_one_adds_what_is_new(ledger: Ledger) -> None:
    text = "\ufeffName,Vendor\nChatty,Acme\nScribe,Beta\n"
    rows = inventory.read_list(text, "procurement.csv")
    inventory.take_in(ledger, rows, "Ada", "procurement")
    again = inventory.read_list(text + "Triager,Gamma\n", "procurement.csv")
    inventory.take_in(ledger, again, "Ada", "procurement")
    assert [s.name for s in inventory.queue(ledger, {})] == ["Chatty", "Scribe", "Triager"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("vendor\nAcme\n", "line 1: needs a column `name`"),
        ("name,colour\nx,red\n", "line 1: 'colour' is no known column"),
        ("name,tier\nx,low\n,low\ny,huge\n", "line 3: say 'name'"),
        ("name,tier\nx,low\n,low\ny,huge\n", "line 4: 'tier' is one of"),
        ("", "line 1: needs a column `name`"),
    ],
)
def test_every_mistake_in_a_list_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        inventory.read_list(text, "list.csv")
    assert f"list.csv: {said}" in str(error.value)


# --- gates ---


def through(ledger: Ledger, *, beyond: bool = False, agreed: bool = True) -> None:
    """All that a tool needs to go live, but for what a test leaves out."""
    inventory.record(ledger, "tool", WHOLE, "Ada")
    if agreed:
        said = {**plan().model_dump(by_alias=True), "model": "tool"}
        register(
            ledger,
            AuditPlan.model_validate(said),
            Window(datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)),
            [],
        )
        approve(ledger, "sepsis-bias", 1, "Ada", "chair", "agreed")
    inventory.move(ledger, {}, "tool", "silent", "Ada", "to see", NOW)
    verdict = Verdict.BEYOND if beyond else Verdict.WITHIN
    keep(ledger, ward.record(ledger, "tool", 9, (ward.finding("rows", "quality", verdict, severity="page"),)))


def unmet(ledger: Ledger, to: str = "live") -> list[str]:
    return [g.asks for g in gates(tools(ledger, {})["tool"], to, ledger, NOW) if not g.met]


def test_a_tool_with_everything_goes_live(ledger: Ledger) -> None:
    through(ledger)
    assert unmet(ledger) == []
    inventory.move(ledger, {}, "tool", "live", "Ada", "agreed by the committee", NOW)
    assert known(ledger)["tool"] == "live"


def test_nothing_goes_live_that_was_beyond_in_its_last_audit(ledger: Ledger) -> None:
    through(ledger, beyond=True)
    assert unmet(ledger) == ["nothing is beyond its margin in its last audit here"]


def test_nothing_goes_live_against_the_committees_advice(ledger: Ledger) -> None:
    through(ledger)
    key = deciding.bring(ledger, "tool", "Two groups are missed.", "Bea").key
    deciding.sign(ledger, key, "Bea", "privacy", "approve", "none")
    deciding.decide(ledger, key, "pause", "two groups are missed", "Cleo", "chair")
    assert unmet(ledger) == ["no committee advises to pause it"]


def test_criteria_have_to_be_approved_before_a_pilot(ledger: Ledger) -> None:
    through(ledger, agreed=False)
    criteria = "acceptance criteria were approved before the data were looked at"
    assert unmet(ledger, "pilot") == [criteria]
    assert unmet(ledger, "silent") == []
    with pytest.raises(NotAccepted, match="cannot move to pilot yet: acceptance criteria"):
        inventory.move(ledger, {}, "tool", "pilot", "Ada", "now", NOW)
    assert known(ledger)["tool"] == "silent"


def test_a_move_despite_its_gates_keeps_what_was_unmet(ledger: Ledger) -> None:
    inventory.record(ledger, "tool", {}, "Ada")
    inventory.move(ledger, {}, "tool", "live", "Ada", "in use since 2019", NOW, despite=True)
    (move,) = tools(ledger, {})["tool"].moves
    assert move.unmet[0] == "it is written down what it is for: nothing recorded"
    assert len(move.unmet) == 8


def test_a_tool_may_be_stopped_without_any_gate(ledger: Ledger) -> None:
    inventory.record(ledger, "tool", {}, "Ada")
    for to in ("paused", "restricted", "retired"):
        inventory.move(ledger, {}, "tool", to, "Ada", "stop", NOW)
    assert known(ledger)["tool"] == "retired"


def test_a_lifecycle_that_a_file_declares_is_changed_there_first(ledger: Ledger) -> None:
    configs = {MODEL: ward.config(MODEL)}
    with pytest.raises(NotAccepted, match="write 'paused' there first"):
        inventory.move(ledger, configs, MODEL, "paused", "Ada", "x", NOW)
    inventory.move(ledger, configs, MODEL, "live", "Ada", "as its file says", NOW, despite=True)
    assert [m.to for m in tools(ledger, configs)[MODEL].moves] == ["live"]

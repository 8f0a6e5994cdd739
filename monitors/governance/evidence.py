"""Evidence: which of our records speak to a requirement, for how many tools, and where they are.

A kind of evidence is a question asked of each tool in use, or once of the whole house. "None yet" is an
answer, and is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from monitors.config import ModelConfig
from monitors.governance.matters import Matter, matters
from monitors.governance.registration import Registered, registered
from monitors.governance.tools import Tool, sightings, tools
from monitors.ledger import Entry, Ledger

IN_USE = ("silent", "pilot", "live", "restricted")
LATE = timedelta(days=31)  # past the end of a window as long as the last one, an audit is not on time


@dataclass(frozen=True, slots=True)
class Found:
    """What there is: of how many it was asked, how many have it, and on which page it stands."""

    have: int
    of: int
    where: str

    @property
    def said(self) -> str:
        """yes, partial or none yet."""
        return "none yet" if not self.have else "yes" if self.have >= self.of else "partial"


@dataclass(frozen=True)
class House:
    """Everything evidence is looked for in, read once."""

    ledger: Ledger
    configs: Mapping[str, ModelConfig]
    now: datetime
    only: bool = False  # those that have a model's file here, whatever else is in the inventory

    @cached_property
    def tools(self) -> dict[str, Tool]:
        """Every tool."""
        return tools(self.ledger, self.configs)

    @cached_property
    def used(self) -> list[Tool]:
        """Those in use."""
        used = (tool for tool in self.tools.values() if tool.lifecycle in IN_USE)
        return [tool for tool in used if tool.name in self.configs or not self.only]

    @cached_property
    def matters(self) -> list[Matter]:
        """Everything that came before the committee."""
        return matters(self.ledger)

    @cached_property
    def plans(self) -> list[Registered]:
        """Every registered plan."""
        return registered(self.ledger)

    @cached_property
    def heads(self) -> dict[str, Entry]:
        """The last audit of each model, without its findings."""
        return {str(head.model): head for head in self.ledger.heads(last=1)}

    @cached_property
    def valued(self) -> frozenset[str]:
        """The tools whose worth was recorded."""
        return frozenset(self.ledger.newest("value"))

    def of(self, tool: Tool) -> list[Matter]:
        """What came before the committee about a tool."""
        return [matter for matter in self.matters if matter.model == tool.name]

    def holds(self, kind: str) -> bool:
        """Whether there is an entry of a kind about any model."""
        return bool(self.ledger.newest(kind))

    def families(self, tool: Tool) -> frozenset[str]:
        """Which families the last audit of a tool has findings of."""
        head = self.heads.get(tool.name)
        told = head.summary.get("families", {}) if head else {}
        return frozenset(family for family, counts in told.items() if sum(counts.values()))

    def on_time(self, tool: Tool) -> bool:
        """Whether its last audit is of a window that closed not long ago."""
        head = self.heads.get(tool.name)
        if head is None or head.window_end is None:
            return False
        return self.now - datetime.fromisoformat(head.window_end) <= LATE


Each = Callable[[House, Tool], bool]
_EACH: Mapping[str, tuple[str, str, Each]] = {
    "audited": ("an audit on record", "/", lambda h, t: t.audited),
    "on_time": ("its last audit is of a window that closed within a month", "/", lambda h, t: h.on_time(t)),
    "local_performance": ("measured on local outcomes", "/", lambda h, t: "performance" in h.families(t)),
    "group_gaps": ("gaps between groups measured here", "/", lambda h, t: "fairness" in h.families(t)),
    "drift": ("drift of inputs and scores measured", "/", lambda h, t: "drift" in h.families(t)),
    "quality": ("quality of its data measured", "/", lambda h, t: "quality" in h.families(t)),
    "oversight": ("what staff do with it measured", "/", lambda h, t: "oversight" in h.families(t)),
    "group_coverage": ("who is scored, by group", "/", lambda h, t: "fairness" in h.families(t)),
    "not_measured": ("what could not be told is shown", "/", lambda h, t: t.audited),
    "provenance": (
        "each audit names its data, configuration and software by hash",
        "/",
        lambda h, t: t.audited,
    ),
    "versions": ("the version of each audit is on record", "/", lambda h, t: t.audited),
    "margins": ("margins are declared in its file", "/", lambda h, t: t.declared),
    "purpose": ("what it is for", "/inventory", lambda h, t: bool(t.fact("purpose"))),
    "population": ("for whom it is meant", "/inventory", lambda h, t: _population(h, t)),
    "output": ("what kind of output it gives", "/inventory", lambda h, t: t.declared),
    "decision_role": (
        "which part it plays in a decision",
        "/inventory",
        lambda h, t: bool(t.fact("decision_role")),
    ),
    "owners": ("who answers for it in care", "/inventory", lambda h, t: bool(t.fact("clinical_owner"))),
    "executive": (
        "who answers for it to the board",
        "/inventory",
        lambda h, t: bool(t.fact("executive_owner")),
    ),
    "vendor": ("who made it", "/inventory", lambda h, t: bool(t.fact("vendor"))),
    "fallback": ("what people do while it is off", "/inventory", lambda h, t: bool(t.fact("fallback"))),
    "sensitive_inputs": (
        "whether inputs stand in for sensitive traits",
        "/inventory",
        lambda h, t: t.fact("sensitive_inputs") not in ("", "unknown"),
    ),
    "review_date": (
        "a day for looking again that is not past",
        "/inventory",
        lambda h, t: t.review is not None and t.review >= h.now.date(),
    ),
    "moves": ("its changes of lifecycle", "/inventory", lambda h, t: bool(t.moves)),
    "gates": ("it went through its gates", "/inventory", lambda h, t: any(not m.unmet for m in t.moves)),
    "model_card": (
        "a model card can be written from what is known",
        "/inventory",
        lambda h, t: t.declared and t.audited,
    ),
    "plan": (
        "an audit plan approved before the data",
        "/inventory",
        lambda h, t: any(r.plan.model == t.name and r.approved_at and not r.seen for r in h.plans),
    ),
    "resolving": (
        "what its volume cannot resolve was said",
        "/inventory",
        lambda h, t: any(r.plan.model == t.name for r in h.plans),
    ),
    "reported": (
        "a bias audit was written",
        "/decisions",
        lambda h, t: any(m.kind == "report" for m in h.of(t)),
    ),
    "decided": ("a decision is on record", "/decisions", lambda h, t: any(not m.open for m in h.of(t))),
    "votes": ("people voted on it", "/decisions", lambda h, t: _voted(h, t, "")),
    "executive_vote": ("the executive sponsor voted", "/decisions", lambda h, t: _voted(h, t, "executive")),
    "independent_vote": (
        "somebody outside the model's team voted",
        "/decisions",
        lambda h, t: _voted(h, t, "outside"),
    ),
    "patient_vote": (
        "a patient or community member voted",
        "/decisions",
        lambda h, t: _voted(h, t, "patient"),
    ),
    "actions": ("actions were agreed on", "/decisions", lambda h, t: any(m.actions for m in h.of(t))),
    "actions_closed": (
        "actions were closed, with what came of them",
        "/decisions",
        lambda h, t: any(a.closed_at for m in h.of(t) for a in m.actions),
    ),
    "value": (
        "what it is worth was recorded",
        "/inventory",
        lambda h, t: t.name in h.valued,
    ),
}
_HOUSE: Mapping[str, tuple[str, str, Callable[[House], tuple[int, int]]]] = {
    "ledger": (
        "a record that shows if it was altered",
        "/health",
        lambda h: (int(h.ledger.last() is not None), 1),
    ),
    "inventory": ("tools in the inventory", "/inventory", lambda h: (len(h.tools), max(len(h.tools), 1))),
    "reconciled": ("what was seen in use and is known by now", "/inventory", lambda h: _reconciled(h)),
    "evidence_map": ("this map", "/evidence", lambda h: (1, 1)),
    "withholding": ("releases screened for small counts", "/", lambda h: (int(h.holds("release")), 1)),
    "alerts_answered": ("alerts that somebody answered", "/alerts", lambda h: _answered(h)),
    "matters_brought": (
        "matters that somebody brought",
        "/decisions",
        lambda h: (int(h.holds("matter_raised")), 1),
    ),
}
KINDS: Mapping[str, str] = {name: kind[0] for name, kind in (*_EACH.items(), *_HOUSE.items())}


def gathered(house: House) -> dict[str, Found]:
    """What there is of each kind."""
    found = {}
    for name, (_, where, holds) in _EACH.items():
        found[name] = Found(sum(holds(house, tool) for tool in house.used), len(house.used), where)
    for name, (_, where, counted) in _HOUSE.items():
        found[name] = Found(*counted(house), where)
    return found


def standing(kinds: tuple[str, ...], found: Mapping[str, Found]) -> str:
    """Yes where every kind is there for every tool in use, partial where some is, none yet otherwise."""
    said = {found[kind].said for kind in kinds} or {"none yet"}
    return said.pop() if len(said) == 1 else "partial"


def _population(house: House, tool: Tool) -> bool:
    config = house.configs.get(tool.name)
    return bool(config and config.governance.population)


def _voted(house: House, tool: Tool, role: str) -> bool:
    return any(role in v.role for m in house.of(tool) for v in m.votes)


def _reconciled(house: House) -> tuple[int, int]:
    seen = sightings(house.ledger, house.tools)
    return sum(not s.open for s in seen), len(seen)


def _answered(house: House) -> tuple[int, int]:
    answered = {
        e.key for kind in ("acknowledged", "not_useful") for e in house.ledger.entries(kind, bodies=False)
    }
    raised = {e.key.partition("|")[0] for e in house.ledger.entries("alert", bodies=False)}
    return len(answered & raised), len(raised)

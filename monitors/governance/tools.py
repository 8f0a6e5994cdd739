"""Tools: every AI tool that is known of, monitored or not, as it stands; and what was only seen in use.

A tool is known from a model's file, from a record somebody made, or from an audit; of a fact that
file and record both give, the file's counts. What was seen and is no known tool waits in a queue until
somebody says what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from monitors.config import ModelConfig
from monitors.ledger import Entry, Ledger

TOOL, MOVED, SEEN, RECONCILED = "tool_recorded", "tool_moved", "tool_seen", "tool_reconciled"
STAGES = ("proposed", "assessed", "silent", "pilot", "live", "restricted", "paused", "retired")
TIERS = ("high", "medium", "low")
INPUTS = ("unknown", "none", "proxy", "direct")  # of race, colour, national origin, sex, age, disability
OUTCOMES = ("a known tool", "a new tool", "not an AI tool", "no longer used")
# Facts a record may hold, besides name and lifecycle, each with what it is.
FACTS: Mapping[str, str] = {
    "title": "what people call it",
    "function": "what it does, in few words",
    "purpose": "what it is for, and what it is not for",
    "vendor": "who made it",
    "vendor_contact": "whom to write to",
    "clinical_owner": "who answers for it in care",
    "technical_owner": "who keeps it running",
    "executive_owner": "who answers for it to the board",
    "tier": "high, medium or low",
    "decision_role": "informs, augments or replaces a person's decision",
    "device_status": "whether it is called a medical device",
    "device_by": "who calls it so",
    "device_basis": "on what grounds",
    "data": "what data it uses",
    "sensitive_inputs": "whether an input measures or stands in for race, colour, national origin, sex, "
    "age or disability: direct, proxy, none or unknown",
    "version_tested": "which version was tested here",
    "fallback": "what people do while it is off",
    "review": "when it is looked at again",
}


@dataclass(frozen=True, slots=True)
class Move:
    """A change of lifecycle: by whom, why, and which gates were not met then."""

    to: str
    by: str
    reason: str
    unmet: tuple[str, ...]
    at: datetime
    seq: int


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool as it stands.

    `declared` says that a model's file names it, `audited` that the ledger holds an audit of it.
    """

    name: str
    facts: Mapping[str, str] = field(default_factory=dict)
    lifecycle: str = "proposed"
    declared: bool = False
    audited: bool = False
    moves: tuple[Move, ...] = ()
    since: datetime | None = None

    def fact(self, name: str) -> str:
        """A fact; "" where nobody gave it."""
        return self.facts.get(name, "")

    @property
    def title(self) -> str:
        """What people call it."""
        return self.fact("title") or self.name

    @property
    def review(self) -> date | None:
        """When it is looked at again."""
        return date.fromisoformat(self.fact("review")) if self.fact("review") else None

    def review_overdue(self, now: datetime) -> bool:
        """Whether that day is past, or was never set, of a tool in use."""
        in_use = self.lifecycle in ("pilot", "live", "restricted")
        return in_use and (self.review is None or self.review < now.date())


@dataclass(frozen=True, slots=True)
class Sighting:
    """A tool somebody saw in use, reported or found on a list; `match` is the known tool of that name."""

    key: str
    name: str
    facts: Mapping[str, str]
    source: str
    by: str
    at: datetime
    seq: int
    match: str | None = None
    outcome: str | None = None
    tool: str | None = None
    settled_by: str | None = None
    reason: str | None = None

    @property
    def open(self) -> bool:
        """Whether nobody has said what it is."""
        return self.outcome is None and self.match is None


def tools(ledger: Ledger, configs: Mapping[str, ModelConfig]) -> dict[str, Tool]:
    """Every known tool by name."""
    found: dict[str, Tool] = {}
    for entry in _oldest(ledger.entries(TOOL)):
        held = found.get(entry.body["name"])
        since = held.since if held else entry.at
        facts = {**(held.facts if held else {}), **entry.body["facts"]}
        found[entry.body["name"]] = Tool(
            entry.body["name"], {k: v for k, v in facts.items() if v}, held.lifecycle if held else "proposed",
            since=since,
        )  # fmt: skip
    for name, config in configs.items():
        held = found.get(name, Tool(name))
        found[name] = replace(held, facts={**held.facts, **declared(config)}, declared=True)
    for model in ledger.models():
        # What is audited is in use, whether or not anybody recorded it.
        found[model] = replace(found.get(model, Tool(model, lifecycle="live")), audited=True)
    for entry in _oldest(ledger.entries(MOVED)):
        held = found.get(entry.body["name"])
        if held is not None:
            move = _move(entry)
            found[held.name] = replace(held, lifecycle=move.to, moves=(*held.moves, move))
    for name, config in configs.items():
        found[name] = replace(found[name], lifecycle=config.governance.lifecycle)
    return dict(sorted(found.items()))


def declared(config: ModelConfig) -> dict[str, str]:
    """The facts that a model's file gives."""
    told = config.governance
    device = told.device
    given = {
        "title": told.title,
        "function": told.function,
        "purpose": told.intended_use,
        "vendor": told.vendor,
        "clinical_owner": told.owner.clinical,
        "technical_owner": told.owner.technical,
        "executive_owner": told.owner.executive,
        "tier": told.risk_tier,
        "decision_role": told.decision_role,
        "device_status": device.status if device else None,
        "device_by": device.by if device else None,
        "device_basis": device.basis if device else None,
        "version_tested": config.version,
        "review": told.review.isoformat() if told.review else None,
    }
    return {name: value for name, value in given.items() if value}


def sightings(ledger: Ledger, known: Mapping[str, Tool]) -> list[Sighting]:
    """Everything that was seen, newest first; what is a known tool's name settles itself."""
    names = {_plain(text): tool.name for tool in known.values() for text in (tool.name, tool.title)}
    settled = {entry.key: entry.body for entry in ledger.entries(RECONCILED)}
    found = []
    for entry in ledger.entries(SEEN):
        said: Mapping[str, Any] = settled.get(entry.key, {})
        body = entry.body
        found.append(Sighting(
            entry.key, body["name"], body["facts"], body["source"], body["by"], entry.at, entry.seq,
            names.get(_plain(body["name"])), said.get("outcome"), said.get("tool"), said.get("by"),
            said.get("reason"),
        ))  # fmt: skip
    return sorted(found, key=lambda s: s.seq, reverse=True)


def alike(known: Iterable[Tool]) -> dict[str, list[str]]:
    """Functions that two or more tools in use share, each with their names.

    >>> made = [Tool(n, {"function": f}, "live") for n, f in (("a", "Sepsis alert"), ("b", "sepsis  alert"))]
    >>> alike([*made, Tool("c", {"function": "sepsis alert"}, "retired")])
    {'sepsis alert': ['a', 'b']}
    """
    found: dict[str, list[str]] = {}
    for tool in known:
        if tool.fact("function") and tool.lifecycle != "retired":
            found.setdefault(_plain(tool.fact("function")), []).append(tool.name)
    return {function: names for function, names in sorted(found.items()) if len(names) > 1}


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("-", " ").replace("_", " ").split())


def _oldest(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda e: e.seq)


def _move(entry: Entry) -> Move:
    body = entry.body
    return Move(body["to"], body["by"], body["reason"], tuple(body["unmet"]), entry.at, entry.seq)

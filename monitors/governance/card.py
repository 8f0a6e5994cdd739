"""A model's card: what is declared, known, measured and decided of it, from which every format is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from monitors.audit import Audit, Finding
from monitors.columns import ScoreAtLeast
from monitors.config import ModelConfig
from monitors.governance.inventory import find
from monitors.governance.matters import Matter, matters
from monitors.governance.tools import Tool
from monitors.governance.value import Slot, slots
from monitors.ledger import Ledger
from monitors.release import released

SCHEMA = 1
NOBODY = "Nobody recorded it here."
# Which findings answer which of the three questions a card asks.
ANSWERS: Mapping[str, tuple[str, ...]] = {
    "usefulness": ("performance", "oversight"),
    "equity": ("fairness",),
    "safety": ("quality", "drift"),
}


@dataclass(frozen=True, slots=True)
class Result:
    """One measured value, as people may see it; `said` stands where there is no value to show."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    unit: str
    verdict: str
    said: str | None


@dataclass(frozen=True, slots=True)
class Card:
    """Everything a card says; text that nobody gave reads so, and is never empty.

    Attributes:
        facts: by name, as the inventory has them, with the model's file's own.
        results: by question ("usefulness", "equity", "safety"), what the last audit measured.
        audit: of which window that audit is, at which stage, under which plan, and its hashes.
        decisions: what the committee decided of it; value: what it is worth, by aim.
    """

    schema: int
    model: str
    facts: Mapping[str, str]
    results: Mapping[str, Sequence[Result]]
    audit: Mapping[str, str | None]
    decisions: Sequence[Mapping[str, Any]]
    value: Mapping[str, Sequence[Mapping[str, Any]]]

    def fact(self, name: str) -> str:
        """A fact, or that nobody recorded it."""
        return self.facts.get(name) or NOBODY

    def payload(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def card(
    tool: Tool,
    config: ModelConfig | None,
    audit: Audit | None,
    decided: Sequence[Matter] = (),
    value: Mapping[str, Sequence[Slot]] | None = None,
) -> Card:
    """The card of a tool; `audit` is its last as released, None where it has none."""
    results = {
        question: [_result(f) for f in audit.findings if f.family in families and _shown(f)] if audit else []
        for question, families in ANSWERS.items()
    }
    return Card(
        SCHEMA,
        tool.name,
        {**tool.facts, "lifecycle": tool.lifecycle, **(_declared(config) if config else {})},
        results,
        _provenance(audit) if audit else {},
        [_decided(m) for m in decided if m.decision],
        {aim: [_plain(slot) for slot in held] for aim, held in (value or {}).items()},
    )


def gathered(ledger: Ledger, configs: Mapping[str, ModelConfig], name: str) -> Card:
    """The card of a tool, from all that is kept of it. Raises NotAccepted where there is no such tool."""
    tool, heads = find(ledger, configs, name), ledger.heads(name)
    audit = released(ledger, heads[-1].digest) if heads else None
    return card(tool, configs.get(name), audit, matters(ledger, name), slots(ledger, name))


def _declared(config: ModelConfig) -> dict[str, str]:
    columns, decision = config.columns, config.columns.decision
    at = f"flagged from {decision.score_at_least:g}" if isinstance(decision, ScoreAtLeast) else None
    told = {
        "population": config.governance.population,
        "version": config.version,
        "output": "a risk between 0 and 1" if columns.score else "a decision",
        "threshold": at,
        "outcome": columns.outcome,
        "inputs": ", ".join((*columns.numeric, *columns.categorical, *columns.text)) or None,
        "groups": ", ".join(a.name for a in columns.sensitive) or None,
        "schedule": f"every {config.window.length}",
    }
    return {name: text for name, text in told.items() if text}


def _provenance(audit: Audit) -> dict[str, str | None]:
    return {
        "window": str(audit.window),
        "stage": audit.stage,
        "version": audit.version,
        "plan": audit.plan,
        "digest": audit.digest,
        "configuration": audit.config,
        "reference": audit.reference,
        "profile": audit.profile,
        "software": audit.software,
    }


def _shown(finding: Finding) -> bool:
    return finding.severity != "info" or finding.family == "performance"


def _result(finding: Finding) -> Result:
    whom = f", {finding.group} against {finding.against}" if finding.group and finding.against else ""
    whom = whom or (f", {finding.group}" if finding.group else "")
    of = f" of {finding.subject}" if finding.subject not in ("model", "rows") else ""
    said = None if finding.value is not None else str(finding.verdict).replace("_", " ")
    return Result(
        f"{finding.metric.replace('_', ' ')}{of}{whom}",
        finding.value,
        finding.low,
        finding.high,
        finding.unit,
        str(finding.verdict),
        said,
    )


def _decided(matter: Matter) -> dict[str, Any]:
    held = matter.decision
    assert held is not None  # noqa: S101  only decided matters are asked
    return {
        "matter": matter.key,
        "question": matter.question,
        "decision": held.decision,
        "conditions": list(held.conditions),
        "on": held.at.date().isoformat(),
        "recheck": held.recheck.isoformat() if held.recheck else None,
        "entry": held.seq,
    }


def _plain(slot: Slot) -> dict[str, Any]:
    names = ("measure", "baseline", "measured", "claimed", "method")
    return {**{n: getattr(slot, n) for n in names}, "on": slot.on.isoformat() if slot.on else None}

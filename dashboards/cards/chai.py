"""CHAI: the Coalition for Health AI's Applied Model Card, XML of version 0.2."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from monitors.governance.card import NOBODY, Card, Result
from monitors.window import utc

if TYPE_CHECKING:
    from xml.etree import ElementTree as Tree

MEDIA, SUFFIX = "application/xml", "xml"
NAMESPACE = "https://mc.chai.org/v0.2/schema.xsd"
DEVELOPER = "Only the developer can state this; nobody recorded it here."
STAGES = {"live": "In use", "restricted": "In use, restricted", "pilot": "Pilot", "silent": "Silent run"}
METRICS = (
    (
        "UsefulnessUsabilityEfficacy",
        "usefulness",
        "To stay within the margins agreed for it on local patients.",
    ),
    ("FairnessEquity", "equity", "To leave no gap between groups beyond the margins agreed for it."),
    ("SafetyReliability", "safety", "To be fed what it was built on, and to show when it is not."),
)


def written(card: Card, at: datetime) -> str:
    """The card as XML with every element the schema asks for, in its order."""
    from xml.etree import ElementTree as Tree  # only who asks for XML has to load how it is written

    root = Tree.Element("AppliedModelCard", {"xmlns": NAMESPACE})
    basic = _part(root, "BasicInfo")
    _text(basic, "ModelName", card.facts.get("title") or card.model)
    _text(basic, "ModelDeveloper", card.fact("vendor"))
    _text(basic, "DeveloperContact", card.fact("vendor_contact"))
    release = _part(root, "ReleaseInfo")
    lifecycle = card.facts.get("lifecycle", "")
    _text(release, "ReleaseStage", STAGES.get(lifecycle, lifecycle.capitalize() or NOBODY))
    _text(release, "ReleaseDate", NOBODY)
    _text(release, "ReleaseVersion", card.fact("version"))
    _text(release, "GlobalAvailability", "As used at this organisation")
    if card.facts.get("device_status"):
        _text(
            release,
            "RegulatoryApproval",
            f"{card.fact('device_status')}, as claimed by {card.fact('device_by')}",
        )
    summary = _part(root, "ModelSummary")
    _text(summary, "Summary", card.fact("purpose"))
    keywords = _part(summary, "Keywords")
    if card.facts.get("function"):
        _text(keywords, "Keyword", card.fact("function"))
    uses = _part(root, "UsesAndDirections")
    _text(uses, "IntendedUseAndWorkflow", f"{card.fact('purpose')} It {_role(card)}.")
    _text(uses, "PrimaryIntendedUsers", DEVELOPER)
    _text(uses, "HowToUse", card.facts.get("threshold", "No threshold is declared."))
    _text(uses, "TargetedPatientPopulation", card.fact("population"))
    _text(uses, "CautionedOutOfScopeSettings", card.fact("purpose"))
    warnings = _part(root, "Warnings")
    _text(warnings, "KnownRisksAndLimitations", _limits(card))
    _text(warnings, "KnownBiasesOrEthicalConsiderations", _gaps(card.results["equity"]))
    _text(warnings, "ClinicalRiskLevel", card.facts.get("tier", "not set").capitalize())
    _ingredients(root, card)
    metrics = _part(root, "KeyMetrics")
    for element, question, goal in METRICS:
        _metric(_part(metrics, element), card, card.results[question], goal)
    resources = _part(root, "Resources")
    _text(resources, "EvaluationReferences", f"Ledger: audit {card.audit.get('digest') or 'none'}")
    _text(resources, "PeerReviewedPublications", DEVELOPER)
    _text(resources, "PatientConsentOrDisclosure", NOBODY)
    _text(root, "Bibliography", f"Written by Rounds at {utc(at)}.")
    Tree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Tree.tostring(root, encoding="unicode") + "\n"


def _ingredients(root: Tree.Element, card: Card) -> None:
    trust = _part(root, "TrustIngredients")
    system = _part(trust, "AISystemFacts")
    _text(system, "OutcomesAndOutputs", f"{card.fact('output')}; outcome: {card.fact('outcome')}")
    _text(system, "ModelType", DEVELOPER)
    _text(system, "InputDataSource", card.facts.get("data", NOBODY))
    _text(system, "OutputAndInputDataTypes", f"In: {card.fact('inputs')} Out: {card.fact('output')}")
    _text(system, "DevelopmentDataCharacterization", DEVELOPER)
    looked = f"Gaps between groups are measured here by {card.fact('groups')}"
    _text(
        system,
        "BiasMitigationApproaches",
        f"{looked}. What was done in development only the developer can state.",
    )
    _text(
        system,
        "OngoingMaintenance",
        f"Audited {card.facts.get('schedule', 'on no schedule')}, by counts alone.",
    )
    told = _part(trust, "TransparencyInformation")
    _text(told, "FundingSource", DEVELOPER)
    decided = "; ".join(f"{d['on']}: {d['decision']}" for d in card.decisions)
    _text(
        told, "StakeholdersConsulted", f"Committee: {decided}" if decided else "No decision is recorded here."
    )


def _metric(part: Tree.Element, card: Card, results: Sequence[Result], goal: str) -> None:
    _text(part, "MetricGoal", goal)
    held = _part(part, "Results")
    for result in results or (Result("Not measured", None, None, None, "", "", "not measured"),):
        one = _part(held, "MetricResult")
        _text(one, "Label", result.label)
        _text(one, "ValueJson", json.dumps(_value(result), ensure_ascii=False))
    counts = {v: sum(r.verdict == v for r in results) for v in dict.fromkeys(r.verdict for r in results)}
    told = ", ".join(f"{n} {verdict.replace('_', ' ')}" for verdict, n in counts.items())
    _text(part, "Interpretation", f"Verdicts against the agreed margins: {told or 'none'}.")
    _text(part, "TestType", "Measured in use on local patients, looking back over one window.")
    window = card.audit.get("window")
    _text(part, "TestingDataDescription", f"Window {window}" if window else "No audit of it is released.")
    plan = card.audit.get("plan") or "no plan was approved for this window; the rules of the model's file"
    _text(part, "ValidationProcessAndJustification", f"Judged by: {plan}. Intervals are 95 %.")


def _value(result: Result) -> dict[str, object]:
    unit = {"unit": result.unit} if result.unit else {}
    if result.value is None:
        return {"kind": "single", "value": result.said or "not measured"}
    if result.low is None or result.high is None:
        return {"kind": "single", "value": result.value, **unit}
    return {"kind": "estimate_ci", "estimate": result.value, "lower": result.low, "upper": result.high,
            "level": 95, **unit}  # fmt: skip


def _gaps(results: Sequence[Result]) -> str:
    beyond = [r.label for r in results if r.verdict == "beyond"]
    open_ones = sum(r.verdict in ("cannot_tell", "withheld") for r in results)
    if not results:
        return "Gaps between groups were not measured here."
    found = (
        f"Beyond the agreed margin: {'; '.join(beyond)}."
        if beyond
        else "No gap was surely beyond its margin."
    )
    return f"{found} Of {open_ones} more nothing can be told; that is no finding that there is none."


def _limits(card: Card) -> str:
    window = card.audit.get("window")
    told = (
        f"What is measured here holds for the window {window}, this version and this place."
        if window
        else NOBODY
    )
    return f"{told} While it is off: {card.fact('fallback')}"


def _role(card: Card) -> str:
    role = card.facts.get("decision_role")
    return f"{role} a person's decision" if role else "has no recorded part in a decision"


def _part(parent: Tree.Element, name: str) -> Tree.Element:
    part = parent.makeelement(name, {})
    parent.append(part)
    return part


def _text(parent: Tree.Element, name: str, said: str) -> None:
    # XML has no way to write most control characters.
    _part(parent, name).text = "".join(
        c for c in said if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff")
    )

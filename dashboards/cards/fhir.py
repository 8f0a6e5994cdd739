"""FHIR: the card as HL7's draft AI Transparency guide has it: the device, and its card as a document (R4)."""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime
from typing import Any

from dashboards.cards import chai, markdown
from monitors.canonical import digest
from monitors.governance.card import Card
from monitors.window import utc

MEDIA, SUFFIX = "application/fhir+json", "fhir.json"
GUIDE = "http://hl7.org/fhir/uv/aitransparency"


def written(card: Card, at: datetime) -> str:
    """A collection of one AIDevice and one AIModelCard; no patient's resource is in it."""
    name = _id(card.model)
    device: dict[str, Any] = {
        "resourceType": "Device",
        "id": name,
        "meta": {"profile": [f"{GUIDE}/StructureDefinition/AI-Device"]},
        "extension": [
            {
                "url": f"{GUIDE}/StructureDefinition/aitransparency.modelCardDescription",
                "valueReference": {"reference": f"DocumentReference/{name}"},
            }
        ],
        "identifier": [{"value": card.model}],
        "deviceName": [{"name": card.facts.get("title") or card.model, "type": "user-friendly-name"}],
        "type": _code("AIdeviceTypeCS", "Artificial-Intelligence", "All kinds of Artificial Intelligence"),
    }
    if card.facts.get("vendor"):
        device["manufacturer"] = card.facts["vendor"]
    if card.facts.get("version"):
        device["version"] = [{"value": card.facts["version"]}]
    document = {
        "resourceType": "DocumentReference",
        "id": name,
        "meta": {"profile": [f"{GUIDE}/StructureDefinition/AI-ModelCard"]},
        "identifier": [{"value": card.audit.get("digest") or card.model}],
        "status": "current",
        "type": _code("AIinputsCS", "AIModelCard", "AI Model-Card"),
        "category": [
            _code("AIinputsCS", "AIModelCardMarkdownFormat", "Markdown Format"),
            _code("AIinputsCS", "AImodelCardCHAIformat", "CHAI Format"),
        ],
        "date": utc(at),
        "content": [
            {"attachment": {"contentType": made.MEDIA, "data": _packed(made.written(card, at))}}
            for made in (markdown, chai)
        ],
    }
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": utc(at),
        "entry": [
            {"fullUrl": f"urn:rounds:{kind}:{name}", "resource": part}
            for kind, part in (("device", device), ("card", document))
        ],
    }
    return json.dumps(bundle, ensure_ascii=False, indent=2) + "\n"


def _code(system: str, code: str, display: str) -> dict[str, Any]:
    return {"coding": [{"system": f"{GUIDE}/CodeSystem/{system}", "code": code, "display": display}]}


def _packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _id(model: str) -> str:
    """A FHIR id: the model's name where it is one, else its hash."""
    return model if re.fullmatch(r"[A-Za-z0-9.-]{1,64}", model) else digest(model)[7:39]

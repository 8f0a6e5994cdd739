"""The JSON Schemas of a model's file and of the retention rule, as editors and reviewers meet them.

Pydantic describes what a value becomes; a person writes the shorter forms that are read on the way
there (`P90D`, `{age: [18, 65]}`). Those places are described here by hand.
"""

from __future__ import annotations

from typing import Any

from monitors.config import ModelConfig
from monitors.retention import RetentionRule

_DURATION = {
    "type": "string",
    "pattern": "^P(\\d+Y|\\d+M|\\d+W|\\d+D|T\\d+H|T\\d+M|T\\d+S|\\d+Y\\d+M)$",
    "description": "An ISO 8601 duration in one unit: P1D, P7D, P1M, PT6H.",
}
_ATTRIBUTE = {
    "description": "A column, a column in bands (`{age: [18, 65]}`), or an intersection (`[race, sex]`).",
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": {"type": "array", "items": {"type": "number"}, "minItems": 1},
        },
        {"type": "array", "items": {"type": "string"}, "minItems": 2},
    ],
}


def schema() -> dict[str, Any]:
    """The whole schema, in JSON Schema 2020-12."""
    made = ModelConfig.model_json_schema(by_alias=True)
    kinds = made["$defs"]
    kinds["Length"], kinds["Attribute"] = _DURATION, _ATTRIBUTE
    keys = made["properties"]
    keys["window"] = {"anyOf": [{"$ref": "#/$defs/Length"}, {"$ref": "#/$defs/WindowSpec"}]}
    keys["version"] = {"type": ["string", "number"]}
    for described in (made, *kinds.values()):
        _tidy(described)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "A model's file"}


def retention() -> dict[str, Any]:
    """The schema of configs/retention.yaml."""
    made = RetentionRule.model_json_schema(by_alias=True)
    made["$defs"]["Length"] = _DURATION
    for described in (made, *made["$defs"].values()):
        _tidy(described)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "The retention rule"}


def _tidy(described: dict[str, Any]) -> None:
    """Drop titles that repeat the key, defaults that are only "nothing", and doctests."""
    described.pop("title", None)
    if "description" in described:
        described["description"] = " ".join(described["description"].split(">>>")[0].split())
    for key in described.get("properties", {}).values():
        key.pop("title", None)
        if "$ref" in key or key.get("default", ...) in (None, []):
            key.pop("default", None)

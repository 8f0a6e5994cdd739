"""The shape every count has on its way out of the engine, so that all stand side by side in one answer."""

from __future__ import annotations

from typing import Any

import ibis

SCHEMA = ibis.schema(
    {
        "tag": "string",
        "key": "string",
        **dict.fromkeys(("outcome", "decision", "cell", "action", "n", "score_sum"), "int64"),
    }
)


def shaped(counted: Any, tag: Any, **given: Any) -> ibis.Table:
    """One branch in that shape; its tag a text or a column, and what is not given is 0."""
    parts: dict[str, Any] = {"tag": ibis.literal(tag) if isinstance(tag, str) else tag}
    for name, kind in list(SCHEMA.items())[1:]:
        value = given.get(name)
        parts[name] = ibis.literal(0, kind) if value is None else value.cast(kind)
    return counted.select(**parts)

"""Canonical JSON and its digest: the same value gives the same bytes on every machine."""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Any

# A negative zero of JSON, or text that looks like one: either way the value is gone through.
_NEGATIVE_ZERO = re.compile(r"-0\.0(?![0-9])")


def _checked(value: Any) -> Any:
    """Refuse what JSON cannot carry, and write -0.0 as 0.0, so equal values have equal bytes."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"canonical JSON cannot carry {value!r}; use null")
        return value + 0.0
    if isinstance(value, dict):
        return {key: _checked(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_checked(item) for item in value]
    return value


def _written(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(value: Any) -> str:
    """JSON with sorted keys, no spaces and no NaN.

    Counts by the hundred thousand are gone through one by one only where something needs a change.

    >>> canonical({"b": -0.0, "a": [1, None]})
    '{"a":[1,null],"b":0.0}'
    """
    try:
        text = _written(value)
    except ValueError:
        return _written(_checked(value))
    return _written(_checked(value)) if _NEGATIVE_ZERO.search(text) else text


def digest(value: Any) -> str:
    """`sha256:` and the hexadecimal SHA-256 of the canonical JSON.

    >>> digest({})
    'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'
    """
    return digest_of(canonical(value))


def digest_of(text: str) -> str:
    """The digest of a value whose canonical JSON is at hand."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()

"""Canonical JSON and its digest: the same value gives the same bytes on every machine."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any


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


def canonical(value: Any) -> str:
    """JSON with sorted keys, no spaces and no NaN.

    >>> canonical({"b": -0.0, "a": [1, None]})
    '{"a":[1,null],"b":0.0}'
    """
    return json.dumps(
        _checked(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def digest(value: Any) -> str:
    """`sha256:` and the hexadecimal SHA-256 of the canonical JSON.

    >>> digest({})
    'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'
    """
    return "sha256:" + hashlib.sha256(canonical(value).encode()).hexdigest()

"""Canonical JSON is the same whether or not each value had to be looked at."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.canonical import _checked, canonical

FLOATS = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([-0.0, 0.0, -0.05]))
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), FLOATS, st.text(), st.just("-0.0"))
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner), st.tuples(inner, inner), st.dictionaries(st.text(max_size=3), inner)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_it_is_what_each_value_looked_at_gives(value: Any) -> None:
    looked_at = json.dumps(_checked(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert canonical(value) == looked_at
    assert canonical(json.loads(canonical(value))) == looked_at


@pytest.mark.parametrize("value", [float("nan"), [1.0, float("inf")], {"a": [-float("inf")]}])
def test_what_json_cannot_carry_is_named(value: Any) -> None:
    with pytest.raises(ValueError, match=r"canonical JSON cannot carry (nan|inf|-inf); use null"):
        canonical(value)

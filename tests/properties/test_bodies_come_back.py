"""What an entry's body says is read back as it was written, number for number and letter for letter."""

from __future__ import annotations

import json
import math
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.canonical import canonical
from monitors.chain import packed, unpacked

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
BODIES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(BODIES)
def test_a_body_comes_back_as_the_standard_library_reads_it(body: object) -> None:
    text = canonical(body)
    read = unpacked({"kind": "audit", "body": packed(text)}, str)
    assert repr(read) == repr(json.loads(text))


@pytest.mark.parametrize("number", [5e-324, 1.7976931348623157e308, 0.1 + 0.2, 1e23, -0.0, math.pi])
def test_the_last_bit_of_a_number_comes_back(number: float) -> None:
    read = unpacked({"kind": "audit", "body": zlib.compress(repr(number).encode())}, str)
    assert (read, math.copysign(1, read)) == (number, math.copysign(1, number))

"""Malformed input, made from sound input by a seed: text torn, and values bent into what nobody meant."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

NASTY: tuple[Any, ...] = (
    None, True, False, -1, 0, 3, 10**30, -(10**30), 1e308, 1e-320, "", " ", "\x00", "a" * 5000, "=1+1",
    "'; DROP TABLE x; --", "../../etc/passwd", "<script>", "{{7*7}}", "%s%n", "\ud7ff", "😀" * 50, "NaN",
    "Infinity", "2026-02-30", "0000-00-00", "9999-12-31T23:59:60Z", "P0D", "P99999999999Y", "-P1D", "PT1e9S",
    [], [[]], {}, {"": {}}, {"a": [None]}, [1, "a", None], {"kind": "files"}, {"resourceType": "Patient"},
)  # fmt: skip
TOKENS = (
    b"\x00", b"\xff\xfe", b"\xc3\x28", b'"', b"'", b"\n", b"\r", b",,,,", b";", b"\t", b": ", b"- ", b"{",
    b"}", b"[" * 3000, b"{" * 3000, b"&a [*a]", b"*x", b"!!python/object:os.system x", b"<<: *a", b"---\n",
    b"%YAML 9.9\n", b"...\n", b"NaN", b"1e999", b"9" * 5000, b"\\u0000", b"\\ud800", b"\xef\xbb\xbf",
    b"\xe2\x80\xae", b"#",
)  # fmt: skip


def bent(tree: Any, seed: int) -> Any:
    """The tree with one to three of its values replaced, removed, repeated or wrapped."""
    draw, made = random.Random(seed), copy.deepcopy(tree)
    for _ in range(draw.randint(1, 3)):
        places = list(_places(made))
        if not places:
            return draw.choice(NASTY)
        holder, key = draw.choice(places)
        match draw.randrange(5):
            case 0 | 1:
                holder[key] = copy.deepcopy(draw.choice(NASTY))
            case 2:
                del holder[key]
            case 3:
                holder[key] = [holder[key]] * draw.choice((1, 2, 50))
            case _ if isinstance(holder, dict):
                holder[draw.choice(("x", "", "\n", f"{key} ", 7))] = holder[key]
            case _:
                holder.insert(0, holder[key])
    return made


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for key in keys:
        yield tree, key
        yield from _places(tree[key])


def torn(text: bytes, seed: int) -> bytes:
    """The text with one to three pieces cut out, put in, doubled, changed or moved, or its end lost."""
    draw, made = random.Random(seed), bytearray(text)
    for _ in range(draw.randint(1, 3)):
        start = draw.randrange(max(1, len(made)))
        end = min(len(made), start + draw.choice((1, 2, 10, 100)))
        match draw.randrange(6):
            case 0:
                del made[start:end]
            case 1:
                made[start:start] = draw.choice(TOKENS)
            case 2:
                made[start:end] = draw.randbytes(end - start)
            case 3:
                made[start:start] = made[start:end] * draw.choice((1, 3))
            case 4:
                piece = made[start:end]
                del made[start:end]
                made += piece
            case _:
                del made[start:]
    return bytes(made)

"""One target under atheris: `python -m benchmarks.fuzz.one TARGET [libFuzzer's own options]`."""

from __future__ import annotations

import contextlib
import json
import sys

import atheris
import yaml

from tests.malformed import bent, torn

with atheris.instrument_imports(include=["monitors", "flows", "commands", "benchmarks.fuzz"]):
    from benchmarks.fuzz import targets


def one(data: bytes) -> None:
    """Give a target some bytes; what is not ours is raised, and libFuzzer keeps the bytes."""
    targets.tried(TARGET, data)


def mutated(data: bytes, most: int, seed: int) -> bytes:
    """Bytes a little other: as libFuzzer does it, with a piece torn, or as a tree with a value bent."""
    made = b""
    if seed % 3 == 0:
        made = torn(data, seed)
    elif seed % 3 == 1:
        with contextlib.suppress(Exception):  # it may be no tree by now
            text = data.decode("utf-8", "surrogateescape")
            loaded = json.loads(text) if text.startswith(("{", "[")) else yaml.safe_load(text)
            made = json.dumps(bent(loaded, seed)).encode("utf-8", "surrogatepass")
    return made[:most] if made else bytes(atheris.Mutate(data, most))


if __name__ == "__main__":
    TARGET = sys.argv.pop(1)
    atheris.Setup(sys.argv, one, custom_mutator=mutated)
    atheris.Fuzz()

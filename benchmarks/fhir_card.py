"""Whether the card's FHIR resources hold against the base resources' own definitions.

    rounds card MODEL.yaml --format fhir > card.json
    python -m venv /tmp/fhir && /tmp/fhir/bin/pip install fhir.resources==8.3.0
    /tmp/fhir/bin/python benchmarks/fhir_card.py card.json

That library is in no lock of ours. It has R4B, which has the fields of R4 that a card uses, and not HL7's
draft profiles: those are checked by nobody here.
"""

from __future__ import annotations

import copy
import importlib
import json
import sys
from pathlib import Path
from typing import Any

# Each breaks the card in one place; all of them have to be refused.
BROKEN: tuple[tuple[int, str, Any], ...] = (
    (0, "deviceName", [{"name": "a name without its type"}]),
    (1, "status", ["current"]),
    (1, "content", None),
    (0, "riskTier", "high"),
)


def main(path: Path) -> int:
    """Say what was validated; 1 where something valid was refused, or something broken was not."""
    bundle = importlib.import_module("fhir.resources.R4B.bundle").Bundle
    card = json.loads(path.read_text(encoding="utf-8"))
    read = bundle.model_validate(card)
    kinds = ", ".join(type(entry.resource).__name__ for entry in read.entry)
    same = json.loads(read.model_dump_json(exclude_none=True)) == card
    refused = 0
    for place, name, value in BROKEN:
        broken = copy.deepcopy(card)
        broken["entry"][place]["resource"][name] = value
        try:
            bundle.model_validate(broken)
        except ValueError:
            refused += 1
    print(
        f"valid: Bundle of {kinds}; comes back equal: {same}; broken ones refused: {refused} of {len(BROKEN)}"
    )
    return 0 if same and refused == len(BROKEN) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

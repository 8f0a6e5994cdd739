"""Measures a night of a fleet and years of days, and writes docs/fleet.md.

    python -m benchmarks.scale [--folder DIR] [--night MODELS ...] [--years MODELSxYEARS ...] [--page]

Without --night and --years: nights of 50 and of 500 models, and ten years of 100. What was measured is kept
in benchmarks/scale/measured.json by its size, so that one can be measured anew; --page measures nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from pathlib import Path
from typing import Any

from benchmarks.scale import decade, night, page

ROOT = Path(__file__).parents[2]
KEPT = Path(__file__).with_name("measured.json")


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    asked.add_argument("--folder", type=Path, default=ROOT / ".rounds" / "scale", help="up to 20 GB")
    asked.add_argument("--night", type=int, nargs="*", default=[])
    asked.add_argument("--years", nargs="*", default=[])
    asked.add_argument("--page", action="store_true", help="only write the page again")
    given = asked.parse_args()
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {"night": {}, "years": {}}
    nights, years = given.night, given.years
    if not (given.page or nights or years):
        nights, years = [50, 500], ["100x10"]
    for kind, sizes in (("night", nights), ("years", years)):
        for size in sizes:
            if kind == "night":
                found = night.measure(given.folder.absolute() / "night", size)
            else:
                models, _, length = size.partition("x")
                place = given.folder.absolute() / f"years-{size}"
                found = decade.measure(place, int(models), float(length))
            found["load"] = round(os.getloadavg()[0], 1)
            kept[kind][str(size)] = found
            kept["machine"] = {"cores": os.cpu_count(), "python": platform.python_version()}
            KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    (ROOT / "docs" / "fleet.md").write_text(page.written(kept))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

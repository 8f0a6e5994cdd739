"""Runs every study in this folder, or those named, and writes docs/validity.md.

A study is found by being there: a module with `study() -> str`, whose Markdown starts with its
own `## ` heading. Named ones replace their part of the page and leave the rest as it was.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
import time
from pathlib import Path

from benchmarks import validity

PAGE = Path(__file__).parents[2] / "docs" / "validity.md"
MARK = "<!-- study: {} -->"
OPENING = """\
# Whether verdicts can be trusted

Every figure on this page comes from `python -m benchmarks.validity`: data are made up so that the truth
is known, and judged by the code that judges real windows, under the shipped plan. Seeds are fixed; the
same command gives the same page. Shares stand with their 95 % intervals, because they are counted from
a finite number of windows. A bar that was not met is said to be so, with what was tried.
"""


def studies() -> dict[str, object]:
    """Name to module, of every module here with a `study`."""
    names = sorted(m.name for m in pkgutil.iter_modules(validity.__path__) if m.name != "__main__")
    found = {name: importlib.import_module(f"benchmarks.validity.{name}") for name in names}
    return {name: module for name, module in found.items() if hasattr(module, "study")}


def parts(text: str) -> dict[str, str]:
    """The page's studies by name."""
    pieces = re.split(r"<!-- study: (\w+) -->\n", text)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def main(wanted: list[str]) -> None:
    here = studies()
    if unknown := set(wanted) - set(here):
        raise SystemExit(f"no study {sorted(unknown)}; there are {sorted(here)}")
    for name, module in here.items():
        if wanted and name not in wanted:
            continue
        start = time.monotonic()
        written = module.study().strip() + "\n"  # type: ignore[attr-defined]
        print(f"{name}: {time.monotonic() - start:.0f} s", flush=True)
        # Read anew each time: another study may have been written meanwhile.
        kept = parts(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else {}
        kept[name] = written
        body = "\n".join(
            f"{MARK.format(name)}\n{kept[name].strip()}\n" for name in sorted(kept) if name in here
        )
        PAGE.write_text(f"{OPENING}\n{body}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

"""Runs every study in this folder, or those named, and writes docs/validity.md.

    python -m benchmarks.validity [--effort 0.1] [STUDY ...]

A study is found by being there: a module with `study(effort) -> str`, whose Markdown starts with its
own `## ` heading. Named ones replace their part of the page and leave the rest as it was. Each runs in
a process of its own, two at a time; one that fails is said to have failed and leaves its old part.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import re
import resource
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from subprocess import PIPE, run

from benchmarks import validity
from benchmarks.validity.bars import HEADER

PAGE = Path(__file__).parents[2] / "docs" / "validity.md"
MARK = "<!-- study: {} -->"
AT_ONCE = 2
# The longest first, so that two processes end together; the page has the order of PAGES.
LONGEST = ("drift", "year", "slow_change", "power", "multivariate", "intervals", "groups")
PAGES = (
    "drift", "power", "year", "slow_change", "multivariate", "intervals", "patients", "groups", "delay",
    "estimated", "draws",
)  # fmt: skip
OPENING = """\
# Whether verdicts can be trusted

Every figure on this page comes from `python -m benchmarks.validity`: data are made up so that the truth
is known, and judged by the code that judges real windows, under the shipped plan. Seeds are fixed; the
same command gives the same page. Shares stand with their 95 % intervals, because they are counted from
a finite number of windows. A bar that was not met is said to be so, with what was tried.
"""
GLANCE = """\
## At a glance

A measured share is met where it lies on the right side of its bar; whether chance could have put it there
says the interval behind it. The studies below say how each was measured, and explain what was not met.
"""


def studies() -> list[str]:
    """Every module here with a `study`, in the page's order."""
    names = [m.name for m in pkgutil.iter_modules(validity.__path__) if m.name != "__main__"]
    found = [n for n in names if hasattr(importlib.import_module(f"benchmarks.validity.{n}"), "study")]
    return sorted(found, key=lambda n: (PAGES.index(n) if n in PAGES else len(PAGES), n))


def parts(text: str) -> dict[str, str]:
    """The page's studies by name."""
    pieces = re.split(r"<!-- study: (\w+) -->\n", text)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def bars(text: str) -> list[str]:
    """The lines of every table of bars in a study."""
    head = "| " + " | ".join(HEADER) + " |"
    lines, found, inside = text.splitlines(), list[str](), False
    for line in lines:
        inside = (inside or line == head) and line.startswith("|")
        if inside and line != head and not line.startswith("| --- "):
            found.append(line)
    return found


def page(kept: dict[str, str], names: list[str]) -> str:
    """The whole page from its studies."""
    held = [name for name in names if name in kept]
    lines = [line for name in held for line in bars(kept[name])]
    glance = "\n".join(["| " + " | ".join(HEADER) + " |", "| --- " * len(HEADER) + "|", *lines])
    body = "\n".join(f"{MARK.format(name)}\n{kept[name].strip()}\n" for name in held)
    return f"{OPENING}\n{GLANCE}\n{glance}\n\n{body}"


def one(name: str, effort: float) -> tuple[str, str | None]:
    """A study's text, made in a process of its own; None where it failed."""
    takes = f"study(**dict.fromkeys({{'effort'}} & {{*signature(study).parameters}}, {effort!r}))"
    code = f"from inspect import signature; from benchmarks.validity.{name} import study; print({takes})"
    # One thread a process: two studies share two cores.
    calm = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    ended = run([sys.executable, "-c", code], stdout=PIPE, text=True, check=False, env=calm)
    if ended.returncode:
        return name, None
    if effort == 1:
        return name, ended.stdout
    heading, _, rest = ended.stdout.partition("\n")
    return (
        name,
        f"{heading}\n\n*Made with {effort:.0%} of the usual windows; not the figures to quote.*\n{rest}",
    )


def main() -> int:
    here = studies()
    asked = argparse.ArgumentParser(prog="python -m benchmarks.validity", description=__doc__)
    asked.add_argument("studies", nargs="*", metavar="STUDY", help=", ".join(here))
    asked.add_argument("--effort", type=float, default=1.0, help="a share of the windows, to see it work")
    given = asked.parse_args()
    if unknown := set(given.studies) - set(here):
        asked.error(f"no study {sorted(unknown)}; there are {here}")
    wanted = given.studies or here
    order = sorted(wanted, key=lambda n: LONGEST.index(n) if n in LONGEST else len(LONGEST))
    failed = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for name, text in pool.map(partial(one, effort=given.effort), order):
            failed += text is None
            spent = resource.getrusage(resource.RUSAGE_CHILDREN)
            said = "FAILED" if text is None else "done"
            print(f"{name}: {said}; {spent.ru_utime + spent.ru_stime:.0f} s of CPU so far", flush=True)
            if text is not None:
                # Read anew each time: another study may have been written meanwhile.
                kept = parts(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else {}
                PAGE.write_text(page(kept | {name: text}, here), encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

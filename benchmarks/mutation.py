"""Mutation testing of the modules a verdict rests on: `make mutation`; writes docs/mutation.md.

Each module is changed in hundreds of small ways (a `<` becomes `<=`, a `+` a `-`, an argument None),
and the narrow tests of that module are run against every change. A change that no test notices
survives: either it changes nothing that can be seen, which `survivors.yaml` says why, or a test is missing.

mutmut does the changing and running, on a copy of the tree, so that nothing here is touched.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/mutation.md"
WHY = Path(__file__).with_name("survivors.yaml")
TESTS = {
    "suppression": (
        "tests/monitors/test_withheld_exactly.py",
        "tests/monitors/test_suppression.py",
        "tests/monitors/test_door_rules.py",
        "tests/monitors/test_bounds.py",
        "tests/monitors/test_mix.py",
        "tests/monitors/test_nested.py",
        "tests/monitors/test_silent_groups.py",
        "tests/monitors/test_slow.py",
        "tests/monitors/test_withholding_attack.py",
        "monitors/suppression.py",
    ),
    "interval": (
        "tests/monitors/test_interval.py",
        "tests/monitors/test_coverage.py",
        "monitors/interval.py",
    ),
    "judge": ("tests/monitors/test_judge.py", "monitors/judge.py"),
    "chance": (
        "tests/monitors/test_chance_kept.py",
        "tests/monitors/test_chance.py",
        "monitors/chance.py",
    ),
}
_NOT_RUN = "not checked"
_KILLED = ("killed", "timeout", "suspicious", "segfault", "caught by type check")
COPIED = ("monitors", "flows", "dashboards", "configs", "tests", "scripts", "pyproject.toml")
# forkserver: a mutant must not find what the tests before it left in a cache.
SETTINGS = """
[tool.mutmut]
source_paths = ["monitors"]
only_mutate = ["monitors/{module}.py"]
also_copy = ["flows", "dashboards", "configs", "scripts"]
pytest_add_cli_args = ["-p", "no:cacheprovider", "-p", "no:xdist"]
pytest_add_cli_args_test_selection = {tests}
use_setproctitle = false
track_dependencies = false
process_isolation = "forkserver"
timeout_multiplier = 60.0
"""
HEAD = """# Would the tests notice?

Mutation testing of the four modules that every verdict rests on, by `make mutation` (mutmut, on a copy of
the tree; about an hour on two cores). Each mutant is one small change to the code; the narrow tests of
the module are run against it. *Killed* means that a test failed, or that the change never came to an end.
Survivors are listed with the reason why no test can, or need, tell them apart; one without a reason is a
test that is missing. mutmut leaves alone what stands under a decorator and the constants of a module.

| module | mutants | not yet run | killed | survived | without a reason |
|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Survivor:
    """One change that no test noticed."""

    function: str
    was: str
    now: str

    def why(self, reasons: Iterable[Mapping[str, str]]) -> str | None:
        """The reason written down for it, or for its kind."""
        for reason in reasons:
            if reason.get("function", self.function) != self.function:
                continue
            if re.search(reason.get("was", ""), self.was) and re.search(reason.get("now", ""), self.now):
                return reason["why"]
        return None


def main(arguments: list[str] | None = None) -> int:
    """Run the modules named, or all, and write the page; 1 when a survivor has no reason."""
    parser = argparse.ArgumentParser(description="Mutation testing of what verdicts rest on.")
    parser.add_argument("modules", nargs="*", choices=[*TESTS, []], metavar="MODULE")
    parser.add_argument("--from", dest="folder", type=Path, help="a folder of runs, also broken off ones")
    chosen = parser.parse_args(arguments)
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="rounds-mutation-"))
    modules = chosen.modules or list(TESTS)
    found = {module: tested(module, folder / module, made=bool(chosen.folder)) for module in modules}
    text, unexplained = page(found, PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(text, encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}; {unexplained} without a reason")
    return 1 if unexplained else 0


def tested(module: str, place: Path, *, made: bool) -> tuple[Counter[str], list[Survivor]]:
    """What became of the mutants of one module."""
    if not made:
        place.mkdir(parents=True)
        for name in COPIED:
            source = ROOT / name
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, place / name)
        tests = "[" + ", ".join(f'"{test}"' for test in TESTS[module]) + "]"
        with (place / "pyproject.toml").open("a", encoding="utf-8") as settings:
            settings.write(SETTINGS.format(module=module, tests=tests))
        subprocess.run([sys.executable, "-m", "mutmut", "run", "--max-children", "2"], cwd=place, check=True)
    told = _mutmut(place, "results", "--all", "true")
    states = dict(re.findall(r"(?m)^\s*(\S+): ([a-z ]+)$", told))
    states = {name: state for name, state in states.items() if f".{module}." in name}
    kinds = Counter("killed" if state in _KILLED else state for state in states.values())
    left = [name for name, state in states.items() if state not in (*_KILLED, _NOT_RUN)]
    return kinds, [_survivor(name, _mutmut(place, "show", name)) for name in left]


def _mutmut(place: Path, *words: str) -> str:
    command = [sys.executable, "-m", "mutmut", *words]
    return subprocess.run(command, cwd=place, check=True, capture_output=True, text=True).stdout


def _survivor(name: str, shown: str) -> Survivor:
    function = re.sub(r"__mutmut_\d+$", "", name.rpartition(".")[2]).removeprefix("x_")
    changed = [line for line in shown.splitlines() if not line.startswith(("---", "+++"))]
    was, now = (" ".join(line[1:].strip() for line in changed if line.startswith(sign)) for sign in "-+")
    return Survivor(function, was, now)


def page(found: Mapping[str, tuple[Counter[str], list[Survivor]]], before: str) -> tuple[str, int]:
    """The page, and how many survivors have no reason; modules not run now stay as they stood before."""
    reasons = yaml.safe_load(WHY.read_text(encoding="utf-8")) or {}
    rows, parts, unexplained = [], [], 0
    for module in TESTS:
        if module not in found:
            kept = re.search(rf"(?m)^\| `monitors/{module}.py` .*\n", before)
            rows.append(kept[0] if kept else f"| `monitors/{module}.py` | not yet run | | | | |\n")
            part = re.search(rf"(?s)\n## {module}\n.*?(?=\n## |\Z)", before)
            parts.append(part[0] if part else "")
            continue
        kinds, left = found[module]
        told = [(survivor, survivor.why(reasons.get(module, ()))) for survivor in left]
        missing = sum(why is None for _, why in told)
        unexplained += missing
        rows.append(
            f"| `monitors/{module}.py` | {kinds.total()} | {kinds[_NOT_RUN]} | {kinds['killed']} "
            f"| {len(left)} | {missing} |\n"
        )
        parts.append(f"\n## {module}\n\n" + (_list(told) if told else "None survived.\n"))
    return HEAD + "".join(rows) + "".join(parts), unexplained


def _list(told: list[tuple[Survivor, str | None]]) -> str:
    """Survivors under their reasons."""
    by_reason: dict[str, list[Survivor]] = {}
    for survivor, why in told:
        by_reason.setdefault(why or "**No reason yet.**", []).append(survivor)
    parts = []
    for why, survivors in by_reason.items():
        shown = "\n".join(f"# {s.function}\n- {s.was}\n+ {s.now}" for s in survivors)
        parts.append(f"{why}\n\n```diff\n{shown}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(main())

"""What every file owes its reader: a first sentence, a bearable length, no trace of one machine."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("monitors", "flows", "dashboards", "commands", "configs", "scripts")
LONGEST = 400
# Longer ones, each known and named, with the length it may not pass.
LONGER: dict[str, int] = {}
# Written in halves so that this file does not find itself.
TRACES = [
    re.compile(half + other)
    for half, other in (
        (r"(?<![\w.$}*-])/wo", r"rk/"),
        (r"/ro", r"ot/"),
        (r"/ho", r"me/[a-z]"),
        (r"/Us", r"ers/[a-z]"),
        (r"pypi\.", r"org"),
        (r"pythonhosted\.", r"org"),
        (r"registry\.", r"(npmjs|yarnpkg)"),
        (r"deb\.", r"debian\.org"),
        (r"index-", r"url[ =]+http"),
    )
]


@cache
def tracked() -> tuple[Path, ...]:
    """Files in git, and those about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    files = (ROOT / line for line in listed.split("\0") if line)
    return tuple(file for file in files if file.is_file())


def modules() -> list[Path]:
    files = [file for folder in PRODUCT for file in sorted((ROOT / folder).rglob("*.py"))]
    return [*files, ROOT / "rounds.py"]


def name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("file", modules(), ids=name)
def test_the_first_line_is_a_sentence(file: Path) -> None:
    said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    assert said, "the file does not say what it is"
    first = said.splitlines()[0]
    assert re.match(r"[A-Z`/]|[a-z]+/", first), first
    assert first.endswith((".", "?")), first


@pytest.mark.parametrize("file", modules(), ids=name)
def test_no_file_needs_a_table_of_contents(file: Path) -> None:
    lines = len(file.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGER.get(name(file), LONGEST)


def test_a_name_on_the_long_list_is_still_needed() -> None:
    lengths = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in LONGER}
    assert {path for path, lines in lengths.items() if lines <= LONGEST} == set()


def test_nothing_tracked_knows_a_machine_or_a_registry() -> None:
    found = []
    for file in tracked():
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{name(file)}: {m[0]}" for trace in TRACES for m in trace.finditer(text)]
    assert found == []


def test_a_trace_would_be_found() -> None:
    samples = ["/wo" + "rk/main", "https://pypi." + "org/simple", "--index-" + "url https://x"]
    assert all(any(trace.search(sample) for trace in TRACES) for sample in samples)


def test_nothing_large_is_tracked() -> None:
    large = {name(f): f.stat().st_size for f in tracked() if f.stat().st_size > 1_000_000}
    assert large == {}

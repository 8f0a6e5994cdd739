"""Who may import whom. Import contracts say the same over packages; this says it over files."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("monitors", "flows", "dashboards", "configs")
# One door each. A library that is not listed here is not heavy.
ONE_DOOR = {
    "mlflow": {"flows/tracking.py", "flows/registry.py", "flows/removing.py", "flows/scoring.py"},
    "evidently": {"flows/evidently_report.py", "flows/evidently_text.py"},
    "prefect": {"flows/schedule.py", "flows/upkeep.py", "flows/work_pool.py"},
    "fairlearn": {"monitors/disaggregate.py"},
    "sklearn": {"monitors/disaggregate.py", "flows/domain_classifier.py"},
}
NEVER_AT_START = ("mlflow", "evidently", "fairlearn", "sklearn", "pandas", "prefect", "ibis", "duckdb")
ENGINES = {"duckdb", "ibis", "pyarrow", "polars", "sqlglot"}
WEB = {"fastapi", "starlette", "uvicorn", "jinja2", "prometheus_client", "httpx", "requests"}


def product() -> list[Path]:
    """Every file of the product."""
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    return [*sorted(files), ROOT / "rounds.py"]


def imported(file: Path) -> Iterator[str]:
    """The modules a file imports, anywhere in it, by full name."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name}: relative import"
            yield str(node.module)


def tops(file: Path) -> set[str]:
    """The top-level packages a file imports."""
    return {name.partition(".")[0] for name in imported(file)}


def name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("file", product(), ids=name)
def test_a_file_imports_only_what_its_package_may(file: Path) -> None:
    forbidden = {
        "monitors": {"flows", "dashboards", "rounds", "click", "rich", *ENGINES, *WEB},
        "flows": {"dashboards", "rounds", "click", "jinja2"},
        "dashboards": {"flows", "rounds", "click", *ENGINES, "pandas", "fastapi"},
        "configs": {"monitors", "flows", "dashboards", "rounds"},
        "rounds.py": set(),
    }[file.relative_to(ROOT).parts[0]]
    assert tops(file) & forbidden == set()


@pytest.mark.parametrize("library", ONE_DOOR)
def test_a_heavy_library_has_one_door(library: str) -> None:
    importers = {name(file) for file in product() if library in tops(file)}
    assert importers <= ONE_DOOR[library]


@pytest.mark.parametrize(
    "start",
    ["import rounds; rounds.cli.main(['--help'], standalone_mode=False)", "import dashboards.app"],
    ids=["rounds --help", "dashboards"],
)
def test_a_start_loads_nothing_heavy(start: str) -> None:
    told = f"import sys; {start}; print('loaded:', *sorted(set(sys.modules) & {set(NEVER_AT_START)!r}))"
    run = subprocess.run(
        [sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, timeout=600, check=True
    )
    assert run.stdout.splitlines()[-1].split() == ["loaded:"]


def test_monitors_take_the_time_as_an_argument() -> None:
    clocks = {"now", "today", "utcnow", "time", "monotonic", "time_ns"}
    owners = {"datetime", "date", "time"}
    asked = [
        f"{name(file)}:{node.lineno}"
        for file in product()
        if file.is_relative_to(ROOT / "monitors")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in clocks
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in owners
    ]
    assert asked == []

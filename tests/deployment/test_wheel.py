"""The wheel: all that runs is inside, and the shipped example is found from there."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scripts import licences

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=600)
    return next(folder.glob("*.whl"))


def test_all_that_runs_is_inside_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {"rounds.py"}
    for folder in ("monitors", "flows", "dashboards", "commands", "configs"):
        files = (f for f in (ROOT / folder).rglob("*") if f.is_file() and "__pycache__" not in f.parts)
        wanted |= {file.relative_to(ROOT).as_posix() for file in files}
    runbooks = (ROOT / "docs/runbooks").glob("*.md")
    wanted |= {f"dashboards/runbooks/{file.name}" for file in runbooks}
    inside = {name for name in names if ".dist-info/" not in name}
    assert inside == wanted
    licences = {name.rpartition("licenses/")[2] for name in names if "licenses/" in name}
    assert {"LICENSE", "NOTICE", "configs/data/support2/NOTICE"} <= licences


def test_the_shipped_example_is_found_and_read_from_a_wheel(wheel: Path, tmp_path: Path) -> None:
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    zipfile.ZipFile(wheel).extractall(site)
    told = (
        "from pathlib import Path; from commands._files import configs; from flows import source;"
        "path = configs() / 'models/support-survival.yaml'; config = source.read(path);"
        "assert path.is_relative_to(Path.cwd().parent / 'site'), path;"
        "source.connect(config, path.parent).close(); print(config.model)"
    )
    run = subprocess.run(
        [sys.executable, "-c", told],
        cwd=elsewhere,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.stdout == "support-survival\n", run.stderr


def test_every_locked_package_s_licence_is_known_and_on_the_page() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    page = (ROOT / "docs/licences.md").read_text(encoding="utf-8")
    held = {package.name: package for package in licences.packages(text)}
    assert {"async-timeout", "pywin32"} <= held.keys(), "also what this Python does not need"
    for package in held.values():
        assert package.wrong == "", package.name
        assert f"| {package.name} | {package.version} | {package.licence}" in page, "run `make sbom`"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "says no licence"),
        ("AGPL-3.0-only", "is under AGPL"),
        ("GPL-3.0", "is under GPL"),
        ("SSPL", "is"),
    ],
)
def test_a_licence_that_asks_more_would_be_found(said: str, why: str) -> None:
    assert licences.Package("x", "1", said).wrong.startswith(why)
    assert licences.Package("x", "1", "MIT OR GPL-2.0-only").wrong == ""
    assert licences.Package("x", "1", "GNU Lesser General Public License v3 (LGPLv3)").wrong == ""

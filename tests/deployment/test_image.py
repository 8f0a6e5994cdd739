"""The Dockerfile: what can be held to it without an engine."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LINES = [line.strip() for line in TEXT.splitlines() if line.strip() and not line.startswith("#")]
STAGES = [part for part in re.split(r"(?m)^(?=FROM )", TEXT) if part.startswith("FROM ")]


def test_every_stage_begins_from_the_same_full_version() -> None:
    images = {stage.split()[1] for stage in STAGES}
    assert len(images) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", images.pop())
    assert len(STAGES) == 2


def test_its_python_is_one_the_project_supports() -> None:
    version = re.search(r"python:3\.(\d+)", TEXT)
    bounds = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "requires-python"
    ]
    low, high = (int(minor) for minor in re.findall(r"3\.(\d+)", bounds))
    assert version is not None
    assert low <= int(version[1]) < high


def test_it_runs_as_a_numbered_user_who_is_not_root() -> None:
    users = re.findall(r"(?m)^USER (\S+)$", STAGES[-1])
    assert users == ["10001:10001"]


def test_packages_are_checked_by_hash_and_compiled() -> None:
    installs = [
        command for command in re.split(r"&&|^RUN", TEXT, flags=re.MULTILINE) if "pip install" in command
    ]
    assert len(installs) == 3
    for command in installs:
        assert "--require-hashes" in command or "--no-index" in command
    assert sum("--compile" in command for command in installs) == 2


def test_it_says_how_it_is_and_what_it_starts() -> None:
    assert 'CMD ["rounds", "healthcheck"]' in TEXT
    assert 'ENTRYPOINT ["rounds"]' in LINES
    assert 'CMD ["serve"]' in LINES


def test_only_what_is_named_goes_into_the_image() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignore[0] == "*"
    kept = {line[1:] for line in ignore if line.startswith("!")}
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {*wheel["only-include"], *wheel["force-include"]} <= kept
    assert {"requirements.lock", "requirements-build.lock", "pyproject.toml", "LICENSE"} <= kept
    assert not kept & {".git", ".rounds", "deploy", "tests"}

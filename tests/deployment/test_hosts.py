"""What runs on a host: the secrets, the systemd unit."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy/systemd/rounds.service"


def test_secrets_are_made_once_and_for_one_reader(tmp_path: Path) -> None:
    script = tmp_path / "make.sh"
    shutil.copy(ROOT / "deploy/secrets/make.sh", script)
    made = []
    for _ in range(2):
        subprocess.run(["bash", str(script)], check=True, capture_output=True, timeout=600)
        files = [file for file in sorted(tmp_path.iterdir()) if file != script]
        made.append({file.name: file.read_text(encoding="utf-8") for file in files})
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    first, second = made
    assert first == second
    assert len(set(first.values())) == len(first) == 11
    password = first["rounds.password"]
    assert len(password) >= 32
    assert first["rounds.pgpass"] == f"postgres:5432:rounds:rounds:{password}\n"


def test_secrets_are_never_committed() -> None:
    told = subprocess.run(
        ["git", "check-ignore", "deploy/secrets/rounds.pgpass", "deploy/secrets/postgres.password"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert len(told.stdout.splitlines()) == 2


def test_the_unit_is_confined() -> None:
    text = UNIT.read_text(encoding="utf-8")
    for line in ("DynamicUser=yes", "ProtectSystem=strict", "NoNewPrivileges=yes", "CapabilityBoundingSet="):
        assert re.search(rf"(?m)^{line}$", text)
    if shutil.which("systemd-analyze") is None:
        assert not os.environ.get("CI"), "CI installs systemd"
        pytest.skip("no systemd here to score the unit")
    scored = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=25", str(UNIT)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert scored.returncode == 0, scored.stdout.splitlines()[-1]

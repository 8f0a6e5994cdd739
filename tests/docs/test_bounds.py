"""Every upper bound on a dependency has its reason written down."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_each_upper_bound_has_a_reason_and_each_reason_a_bound() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    bounds = {re.sub(r"\[.*?\]", "", d) for d in project["dependencies"] if "<" in d or "==" in d}
    text = (ROOT / "docs/decisions/0002-version-bounds.md").read_text(encoding="utf-8")
    assert set(re.findall(r"(?m)^\| `([^`]+)` \|", text)) == bounds

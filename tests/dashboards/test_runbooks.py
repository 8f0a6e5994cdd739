"""Runbooks: one for everything that can alert, in one form, and leading nowhere that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from monitors.config_file import read
from monitors.plan import DEFAULT_PLAN

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "runbooks"
PAGES = sorted(FOLDER.glob("*.md"))
PARTS = [
    "What this means",
    "Who is affected, and is it real",
    "Do first",
    "Who to tell",
    "Likely causes, and the check for each",
    "Fix, and who may",
    "Do not",
    "How to know it is fixed",
    "What to record",
    "When to report outward",
]


def named() -> set[str]:
    """Every runbook that a rule names: shipped, or of a model's own plan."""
    own = [rule for path in (ROOT / "configs" / "models").glob("*.yaml") for rule in read(path).plan]
    return {rule.runbook for rule in (*DEFAULT_PLAN, *own) if rule.runbook}


@pytest.mark.parametrize("name", sorted(named()))
def test_every_runbook_named_exists(name: str, client: httpx.Client) -> None:
    assert (FOLDER / f"{name}.md").is_file()
    answer = client.get(f"/runbooks/{name}")
    assert answer.status_code == 200
    assert "<h2>Do first</h2>" in answer.text


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_runbook_has_every_part_in_order_and_says_who_keeps_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == PARTS
    assert re.search(r"^Owner: .+ Last tested: .+ Last used: .+$", text, re.MULTILINE)
    assert len(text.split()) < 700, "it has to fit on a page"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_runbook_links_only_to_runbooks_that_are_there(path: Path) -> None:
    for name in re.findall(r"\]\(/runbooks/([^)]*)\)", path.read_text(encoding="utf-8")):
        assert (FOLDER / f"{name}.md").is_file()


def test_the_list_holds_all(client: httpx.Client) -> None:
    html = client.get("/runbooks").text
    assert [path.stem for path in PAGES if f'href="/runbooks/{path.stem}"' not in html] == []

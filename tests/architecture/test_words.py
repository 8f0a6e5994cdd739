"""Speech about people and numbers: careful and precise, wherever a person may read it.

A model is never called fair, an audit is never passed, and nothing is compliant: those are
judgements that belong to people with names. What Rounds says is what it measured.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEVER = re.compile(
    r"\b(unbiased|debias\w*|bias[- ]free|no bias|fair (model|algorithm)|passed|compliant|certified)\b",
    re.IGNORECASE,
)
ALLOWED = {"passed": ("have passed", "has passed", "days passed", "time passed")}


def spoken(file: Path) -> Iterator[str]:
    """Text a person may be shown: string constants in code, everything elsewhere."""
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".py":
        yield text
        return
    tree = ast.parse(text)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def shown() -> list[Path]:
    code = [f for folder in ("monitors", "flows", "dashboards") for f in (ROOT / folder).rglob("*.py")]
    pages = [f for f in (ROOT / "dashboards").rglob("*") if f.suffix in {".html", ".jinja", ".txt", ".svg"}]
    told = [f for f in (ROOT / "configs").rglob("*") if f.suffix in {".yaml", ".yml", ".json", ".tmpl"}]
    written = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
    written = [f for f in written if "decisions" not in f.parts]
    return sorted({*code, *pages, *told, *written, ROOT / "rounds.py"})


def said(text: str) -> list[str]:
    """The words in a text that must not be there."""
    for word, uses in ALLOWED.items():
        for use in uses:
            text = re.sub(use, use.replace(word, ""), text, flags=re.IGNORECASE)
    return [match[0] for match in NEVER.finditer(text)]


@pytest.mark.parametrize("file", shown(), ids=lambda file: file.relative_to(ROOT).as_posix())
def test_no_word_says_more_than_was_measured(file: Path) -> None:
    assert [word for text in spoken(file) for word in said(text)] == []


def test_such_a_word_would_be_found() -> None:
    assert said("This fair model passed: it is unbiased.") == ["fair model", "passed", "unbiased"]
    assert said("once 180 days have passed") == []

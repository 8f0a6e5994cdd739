"""What is generated and kept is what would be generated now."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from monitors.config_file import parse
from monitors.errors import ConfigError
from scripts import changelog, generate
from scripts.schema import schema

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "configs/models").glob("*.yaml"))
SMALL = """
model: a
version: 1
source: {kind: files, path: a.csv}
columns: {time: t, score: s, sensitive: [sex, {age: [18, 65]}, [sex, age]]}
window: P7D
reference: {trailing: P90D, offset: P30D}
"""


@pytest.mark.parametrize("name", generate.PAGES)
def test_a_generated_file_is_up_to_date(name: str) -> None:
    path, made = generate.PAGES[name]
    assert (ROOT / path).read_text(encoding="utf-8") == made(), "run `make docs`"


def written(text: str) -> Any:
    """YAML as an editor sees it: dates are text."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list):
            return [plain(item) for item in value]
        return value.isoformat() if isinstance(value, datetime.date) else value

    return plain(yaml.safe_load(text))


@pytest.mark.parametrize("text", [SMALL, *(f.read_text(encoding="utf-8") for f in SHIPPED)])
def test_the_schema_accepts_what_the_service_accepts(text: str) -> None:
    parse(text, "a.yaml")
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.Draft202012Validator(schema()).validate(written(text))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("version: 1", "versions: 1"),
        ("window: P7D", "window: 7 days"),
        ("window: P7D", "window: {length: P7D, ankor: 1992-01-07}"),
        ("time: t, ", ""),
        ("{age: [18, 65]}", "{age: 18}"),
        ("trailing: P90D", "trailing: ninety"),
        ("version: 1", "version: 1\nplan: [{measure: psi, margin: 0}]"),
        ("version: 1", "version: 1\nplan: [{measure: psi, severity: loud}]"),
    ],
)
def test_the_schema_refuses_what_the_service_refuses(right: str, wrong: str) -> None:
    text = SMALL.replace(right, wrong)
    assert text != SMALL
    with pytest.raises(ConfigError):
        parse(text, "a.yaml")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema()).validate(written(text))


def test_the_changelog_puts_breaking_changes_first(tmp_path: Path) -> None:
    for folder, line in (
        ("next", "[FEATURE] sources: SQL\n[CHANGE] cli: `--at` needs an offset; write +00:00"),
        ("0.1.0 2026-11-30", "[BUGFIX] ledger: two writers no longer lose one"),
        ("0.10.0 2027-01-15", "[ENHANCEMENT] pages: faster"),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.md").write_text(line, encoding="utf-8")
    said = [line for line in changelog.page(tmp_path).splitlines() if line.startswith(("## ", "### ", "- "))]
    assert said == [
        "## Unreleased",
        "### Changed",
        "- cli: `--at` needs an offset; write +00:00",
        "### Added",
        "- sources: SQL",
        "## [0.10.0] - 2027-01-15",
        "### Improved",
        "- pages: faster",
        "## [0.1.0] - 2026-11-30",
        "### Fixed",
        "- ledger: two writers no longer lose one",
    ]


def test_a_fragment_without_a_type_is_named(tmp_path: Path) -> None:
    (tmp_path / "next").mkdir()
    (tmp_path / "next" / "a.md").write_text("\nFaster pages", encoding="utf-8")
    with pytest.raises(ValueError, match=r"changes/next/a\.md:2: must be `\[CHANGE\|"):
        changelog.page(tmp_path)

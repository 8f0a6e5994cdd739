"""What the documents say exists, exists: links, make targets, commands, runbooks."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from monitors.config_file import read
from monitors.plan import DEFAULT_PLAN
from rounds import cli

ROOT = Path(__file__).parents[2]
CONTEXT = click.Context(cli)
COMMANDS = {n: c for n in cli.list_commands(CONTEXT) if (c := cli.get_command(CONTEXT, n))}
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TEXTS = {file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8") for file in DOCUMENTS}


def anchors(text: str) -> set[str]:
    """The headings of a document as links name them."""
    heads = re.findall(r"(?m)^#+ (.+)$", text)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("name", TEXTS)
def test_a_link_leads_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", TEXTS[name]):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        if target.startswith("/runbooks/"):  # as the pages that show them link them
            target = f"{ROOT}/docs{target}.md"
        path, _, anchor = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), target


@pytest.mark.parametrize("name", TEXTS)
def test_a_make_target_that_is_named_exists(name: str) -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8")))
    assert set(re.findall(r"`make ([a-z]+)[` ]", TEXTS[name])) <= targets
    assert set(re.findall(r"(?m)^make ([a-z]+)", TEXTS[name])) <= targets


@pytest.mark.parametrize("name", TEXTS)
def test_a_command_that_is_named_exists(name: str) -> None:
    named = re.findall(r"(?:`|^\$? ?|\n)(?:\.venv/bin/)?rounds ([a-z]+)", TEXTS[name])
    assert set(named) <= set(COMMANDS)


@pytest.mark.parametrize("name", TEXTS)
def test_an_option_that_is_named_exists(name: str) -> None:
    for command, rest in re.findall(r"(?:`|\n)(?:\.venv/bin/)?rounds ([a-z]+)([^`\n#]*)", TEXTS[name]):
        named = COMMANDS[command]
        inside = named.commands.values() if isinstance(named, click.Group) else ()
        known = {
            option for each in (named, *inside) for parameter in each.params for option in parameter.opts
        }
        assert set(re.findall(r"--[a-z][a-z-]*", rest)) <= known, f"rounds {command}{rest}"


def test_every_command_is_in_the_readme() -> None:
    shown = {name for name, command in COMMANDS.items() if not command.hidden}
    assert {name for name in shown if f"rounds {name}" not in TEXTS["README.md"]} == set()


@pytest.mark.parametrize("command", [c for c in COMMANDS.values() if not c.hidden], ids=lambda c: c.name)
def test_a_command_and_its_options_have_help(command: object) -> None:
    told = command.get_short_help_str(200)  # type: ignore[attr-defined]
    assert told.endswith((".", "?", ";")), told


def test_every_runbook_a_rule_names_is_written() -> None:
    rules = [*DEFAULT_PLAN]
    for file in (ROOT / "configs/models").glob("*.yaml"):
        rules += read(file).plan
    named = {rule.runbook for rule in rules if rule.runbook}
    written = {file.stem for file in (ROOT / "docs/runbooks").glob("*.md")}
    assert named - written == set()
    assert named


def test_every_test_that_a_page_names_is_there() -> None:
    written = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"(?m)^def (test_\w+)", file.read_text(encoding="utf-8"))
    }
    named = {name for text in TEXTS.values() for name in re.findall(r"`(test_\w+)`", text)}
    assert named - written == set()
    assert len(named) > 30

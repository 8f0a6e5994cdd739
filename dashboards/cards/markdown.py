"""Markdown: the card for people, and for model registries that show text."""

from __future__ import annotations

from datetime import datetime

from monitors.governance.card import Card, Result
from monitors.window import utc
from monitors.words.figures import number

MEDIA, SUFFIX = "text/markdown", "md"
QUESTIONS = {
    "usefulness": "How well it works here",
    "equity": "How it works for each group here",
    "safety": "Its data and drift here",
}
FACTS = (
    ("What it is for", "purpose"),
    ("For whom it is meant", "population"),
    ("Its part in a decision", "decision_role"),
    ("What it gives", "output"),
    ("Threshold", "threshold"),
    ("Inputs", "inputs"),
    ("Made by", "vendor"),
    ("Answers for it in care", "clinical_owner"),
    ("Risk tier", "tier"),
    ("Lifecycle", "lifecycle"),
    ("Device status, as claimed", "device_status"),
    ("Claimed by", "device_by"),
    ("Inputs that measure or stand in for sensitive traits", "sensitive_inputs"),
    ("While it is off", "fallback"),
    ("Looked at again on", "review"),
)


def written(card: Card, at: datetime) -> str:
    """The card as CommonMark; text that people gave is escaped."""
    lines = [
        f"# {plain(card.facts.get('title') or card.model)}",
        "",
        f"Version {plain(card.fact('version'))}.",
        "",
    ]
    lines += [f"- **{label}:** {plain(card.fact(name))}" for label, name in FACTS]
    for question, heading in QUESTIONS.items():
        lines += ["", f"## {heading}", "", *_results(card.results[question])]
    lines += ["", "## What was decided", ""]
    for held in card.decisions:
        conditions = f" On condition: {plain('; '.join(held['conditions']))}." if held["conditions"] else ""
        lines.append(f"- {held['on']}, entry {held['entry']}: {held['decision']}.{conditions}")
    lines += [] if card.decisions else ["No decision is recorded."]
    lines += ["", "## What it is worth", ""]
    for aim, slots in card.value.items():
        told = [
            f"{plain(s['measure'])}: before {plain(s['baseline'])}, measured {plain(s['measured'])}, "
            f"claimed {plain(s['claimed'] or 'nothing')}"
            for s in slots
        ]
        lines.append(f"- **{aim}:** {'; '.join(told) or 'not measured'}")
    lines += ["", "## Where this comes from", ""]
    lines += [f"- {name}: `{value}`" for name, value in card.audit.items() if value]
    lines += [] if card.audit else ["No audit of it is released."]
    lines += [
        "",
        f"Written by Rounds at {utc(at)}. It says what was measured; people decide what that means.",
    ]
    return "\n".join(lines) + "\n"


def _results(results: object) -> list[str]:
    held = list(results) if isinstance(results, list | tuple) else []
    if not held:
        return ["Not measured."]
    rows = ["| measure | value | 95 % interval | unit | verdict |", "|---|---|---|---|---|"]
    return [*rows, *(_row(result) for result in held)]


def _row(result: Result) -> str:
    value = result.said if result.value is None else number(result.value)
    between = (
        "–" if result.low is None or result.high is None else f"{number(result.low)} to {number(result.high)}"
    )
    verdict = result.verdict.replace("_", " ")
    return f"| {plain(result.label)} | {value} | {between} | {plain(result.unit)} | {verdict} |"


def plain(text: str) -> str:
    """Text on one line that Markdown takes for nothing but text."""
    flat = " ".join(text.split())
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|!~&" else c for c in flat)

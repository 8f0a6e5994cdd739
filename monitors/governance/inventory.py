"""The inventory: recording tools, moving them on, reporting what is in use, and settling what was seen."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from monitors.acting import NotAccepted
from monitors.canonical import digest
from monitors.config import ModelConfig
from monitors.errors import ConfigError
from monitors.governance import tools as t
from monitors.governance.gates import gates
from monitors.governance.tools import Sighting, Tool
from monitors.ledger import Entry, Ledger

LONGEST = 1_000  # characters of a fact
ROWS = 10_000  # of one list
Configs = Mapping[str, ModelConfig]
_ONE_OF = {
    "tier": t.TIERS,
    "sensitive_inputs": t.INPUTS,
    "decision_role": ("informs", "augments", "replaces"),
}


def record(ledger: Ledger, name: str, facts: Mapping[str, str], by: str) -> Entry:
    """Record a tool, or facts of it anew; a fact given as "" is taken back. Raises NotAccepted."""
    said = {"name": _short(name, "name", 100), "facts": _facts(facts), "by": _short(by, "by", 200)}
    place = sum(e.body["name"] == said["name"] for e in ledger.entries(t.TOOL)) + 1
    return ledger.append(t.TOOL, f"{said['name']}|{place}", said, model=str(said["name"]))


def move(
    ledger: Ledger,
    configs: Configs,
    name: str,
    to: str,
    by: str,
    reason: str,
    now: datetime,
    despite: bool = False,
) -> Entry:
    """Move a tool on in its life. Raises NotAccepted where gates are unmet, unless `despite` them.

    What was unmet then is kept with the move. A lifecycle that a model's file declares is changed there.
    """
    tool = find(ledger, configs, name)
    if to not in t.STAGES:
        raise NotAccepted(f"a tool moves to one of: {', '.join(t.STAGES)} (got {to[:40]!r})")
    if tool.declared and configs[name].governance.lifecycle != to:
        raise NotAccepted(
            f"{name}'s file says `lifecycle: {tool.lifecycle}`; write {to!r} there first, then record it"
        )
    unmet = [f"{g.asks}: {g.found}" for g in gates(tool, to, ledger, now) if not g.met]
    if unmet and not despite:
        raise NotAccepted(f"{name} cannot move to {to} yet: {'; '.join(unmet)}")
    body = {"name": name, "to": to, "by": _short(by, "by", 200), "reason": _short(reason, "reason", 500)}
    place = len(tool.moves) + 1
    return ledger.append(t.MOVED, f"{name}|{place}", {**body, "unmet": unmet}, model=name)


def report(
    ledger: Ledger, name: str, facts: Mapping[str, str], by: str, source: str = "self-report"
) -> Entry:
    """Report a tool in use that may not be known. Nobody is blamed for it. The same twice is one report."""
    body = {
        "name": _short(name, "name", 200),
        "facts": _facts(facts),
        "source": _short(source, "source", 100),
        "by": _short(by, "by", 200),
    }
    return ledger.append(t.SEEN, f"S-{digest(body)[7:15]}", body)


def settle(
    ledger: Ledger, configs: Configs, key: str, outcome: str, by: str, reason: str, tool: str | None = None
) -> Entry:
    """Say what a sighting is. "A new tool" records it, with the facts it was reported with."""
    known = t.tools(ledger, configs)
    sighting = next((s for s in t.sightings(ledger, known) if s.key == key), None)
    if sighting is None:
        raise NotAccepted(f"there is no sighting {key[:40]!r}; `rounds inventory queue` lists them")
    if sighting.outcome is not None:
        raise NotAccepted(f"{key} was settled already, by {sighting.settled_by}: {sighting.outcome}")
    if outcome not in t.OUTCOMES:
        raise NotAccepted(f"a sighting is one of: {', '.join(t.OUTCOMES)} (got {outcome[:40]!r})")
    if outcome == "a known tool" and tool not in known:
        raise NotAccepted(f"name the known tool it is (got {str(tool)[:60]!r})")
    body = {"outcome": outcome, "by": _short(by, "by", 200), "reason": _short(reason, "reason", 500)}
    named = None
    if outcome == "a known tool":
        named = tool
    elif outcome == "a new tool":
        named = tool or sighting.name
        record(ledger, named, sighting.facts, by)
    return ledger.append(t.RECONCILED, key, {**body, "tool": named})


def find(ledger: Ledger, configs: Configs, name: str) -> Tool:
    """A tool by its name. Raises NotAccepted."""
    if tool := t.tools(ledger, configs).get(name):
        return tool
    raise NotAccepted(f"there is no tool {name[:60]!r}; `rounds inventory` lists them")


def read_list(text: str, where: str) -> list[dict[str, str]]:
    """A list of tools as CSV: a column `name`, and any of the facts a record may hold.

    Raises ConfigError with every mistake and its line.
    """
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    columns = [(c or "").strip().casefold().replace(" ", "_") for c in reader.fieldnames or ()]
    problems = []
    if "name" not in columns:
        problems.append(f"{where}: line 1: needs a column `name`")
    problems += [
        f"{where}: line 1: {c!r} is no known column; known are name, {', '.join(t.FACTS)}"
        for c in columns
        if c not in ("name", *t.FACTS)
    ]
    if problems:
        raise ConfigError(problems)
    reader.fieldnames = columns
    rows: list[dict[str, str]] = []
    for row in reader:
        given = {str(k): (v or "").strip() for k, v in row.items() if isinstance(v, str | None)}
        try:
            if len(rows) >= ROWS:
                raise NotAccepted(f"more than {ROWS:,} rows; split the list")
            _short(given.get("name", ""), "name", 200)
            _facts({k: v for k, v in given.items() if k in t.FACTS and v})
        except NotAccepted as error:
            problems.append(f"{where}: line {reader.line_num}: {error}")
        rows.append({k: v for k, v in given.items() if v and k in ("name", *t.FACTS)})
    if problems:
        raise ConfigError(problems)
    return rows


def take_in(ledger: Ledger, rows: Iterable[Mapping[str, str]], by: str, source: str) -> list[Entry]:
    """Write a list's rows down as sightings; a row that was taken in before changes nothing."""
    return [
        report(ledger, row["name"], {k: v for k, v in row.items() if k != "name"}, by, source) for row in rows
    ]


def queue(ledger: Ledger, configs: Configs) -> list[Sighting]:
    """What was seen and is no known tool, the oldest first."""
    return [s for s in reversed(t.sightings(ledger, t.tools(ledger, configs))) if s.open]


def _facts(given: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name, value in given.items():
        if name not in t.FACTS:
            raise NotAccepted(f"{name[:40]!r} is no fact a record holds; known are {', '.join(t.FACTS)}")
        text = value.strip()
        if len(text) > LONGEST:
            raise NotAccepted(f"{name!r} has {len(text)} characters; at most {LONGEST}")
        known = _ONE_OF.get(name)
        if text and known and text not in known:
            raise NotAccepted(f"{name!r} is one of: {', '.join(known)} (got {text[:40]!r})")
        if text and name == "review":
            _date(text)
        found[name] = text
    return found


def _date(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise NotAccepted(f"'review' must be a day such as 2026-03-04 (got {text[:40]!r})") from None


def _short(text: str, name: str, longest: int) -> str:
    said = text.strip()
    if not said or len(said) > longest:
        raise NotAccepted(f"say {name!r} in 1 to {longest} characters")
    return said

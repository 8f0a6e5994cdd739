"""Every pack audited whole over a log made up by what its columns are for: `python -m benchmarks.packs`.

A table for docs/packs.md: what was beyond its margin in a window where nothing is wrong, and in one where
half of the people are scored low whatever their risk, or decided on alike and wrongly.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from flows import source
from flows.monitor import step
from monitors.audit import Audit
from monitors.config import FixedReference, ModelConfig
from monitors.evaluate import Setting
from monitors.ledger import Ledger
from monitors.plan import Rule
from monitors.window import Window, moment

PACKS = sorted((Path(__file__).parents[1] / "configs" / "packs").glob("*.yaml"))
A_WINDOW = 200


def person(config: ModelConfig, at: datetime, number: int, random: Random, *, wrong: bool) -> dict[str, Any]:
    """One row of a log.

    Where something is wrong, half of the people are scored low whatever their risk, or decided on alike
    and wrongly.
    """
    columns = config.columns
    row: dict[str, Any] = {columns.time: at.isoformat(), columns.id: f"r{number:05}"}
    for name in sorted({part for attribute in columns.attributes for part in attribute.columns}):
        row[name] = random.randint(18, 90) if name == "age" else f"{name} {random.choice('ab')}"
    for name in columns.categorical:
        row.setdefault(name, random.choice(("x", "y", "z")))
    for name in columns.numeric:
        row.setdefault(name, round(random.gauss(10, 2), 2))
    for name in columns.text:
        row[name] = f"Take {random.randint(1, 3)} tablets a day. Call us if it is no better."
    struck = wrong and number % 2 == 0
    risk = round(random.betavariate(2, 5), 4)
    flagged = risk >= 0.3 if columns.score else random.random() < 0.4
    happened = random.random() < (risk if columns.score else 0.5 + 0.3 * flagged)
    scored = columns.score is not None
    given = {
        columns.patient: f"p{number}",
        columns.score: 0.01 if struck else risk,
        columns.version: config.version,
        columns.site: random.choice(("north", "south")),
        columns.outcome: int(happened and (scored or not struck)),
        columns.action: int(random.random() < 0.6),
        columns.need: min(int(risk * 10), 6),
        columns.action_time: (at + timedelta(minutes=random.randint(5, 90))).isoformat(),
        columns.rank: 0 if struck else int(random.random() < 0.9),
    }
    row |= {name: value for name, value in given.items() if name}
    if isinstance(columns.decision, str):
        row[columns.decision] = int(flagged or struck)
    if columns.label:
        right, other = random.sample(columns.label.among, 2)
        row[columns.label.actual] = right
        row[columns.label.predicted] = other if struck or random.random() < 0.1 else right
    if columns.amount:
        row[columns.amount.actual] = actual = random.choice((1.0, 1.5, 2.0))
        row[columns.amount.predicted] = round(actual + random.gauss(0, 0.1) + 48 * struck, 2)
    return row


def log(config: ModelConfig, windows: list[Window], each: int = A_WINDOW) -> Iterator[dict[str, Any]]:
    """The reference, a window in which nothing is wrong, and one in which something is; of `each` rows."""
    random, number = Random(20260105), 0
    reference = config.reference_window(windows[0])
    before = each * sum(1 for _ in config.grid.inside(reference.start, reference.end))
    spans = [(reference, before), *((window, each) for window in windows)]
    for place, (span, rows) in enumerate(spans):
        for i in range(rows):
            yield person(
                config, span.start + (span.end - span.start) * i / rows, number, random, wrong=place == 2
            )
            number += 1


def written(config: ModelConfig, windows: list[Window], folder: Path, each: int = A_WINDOW) -> None:
    """The log, where the pack looks for it."""
    path = folder / str(config.source.settings["path"])
    rows = list(log(config, windows, each))
    if config.source.kind == "calls":
        rows = [called(row) for row in rows]
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix == ".ndjson":
            file.writelines(json.dumps(row) + "\n" for row in rows)
            return
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def called(row: dict[str, Any]) -> dict[str, Any]:
    """The same as a log of calls has it: turns and tool calls as they were made."""
    began = datetime.fromisoformat(row["began_at"])
    made = ("turns", "agent_turns", "tool_calls", "failed_calls", "transfer", "seconds", "said")
    held = {name: value for name, value in row.items() if name not in made}
    turns = [{"role": ("agent", "caller")[i % 2], "text": row["said"]} for i in range(int(row["turns"]))]
    return held | {
        "ended_at": (began + timedelta(seconds=row["seconds"])).isoformat(),
        "turns": turns,
        "tool_calls": [{"name": "book", "status": "ok"}],
    }


def audited(
    path: Path, folder: Path, *, before: int | None = None, each: int = A_WINDOW, briefly: bool = False
) -> list[Audit]:
    """The two windows of a pack, audited in process as a run does.

    `before` is how many windows of the reference there are, where not all that the pack asks for;
    `briefly` leaves out what the shipped plan asks besides drift, and all but one kind of groups a rule.
    """
    model = folder / path.name
    model.write_bytes(path.read_bytes())
    config = source.read(model)
    windows = list(config.grid.inside(moment("2026-02-01"), moment("2026-04-05")))[:2]
    if before is not None:
        first = config.grid.window(config.grid.index(windows[0].start) - before)
        span = {"from": first.start.date(), "to": windows[0].start.date()}
        config = config.model_copy(update={"reference": FixedReference(**span)})
    written(config, windows, folder, each)
    if briefly:
        plan = tuple(_narrowed(rule) for rule in config.plan)
        named = {name for rule in plan if isinstance(rule.by, tuple) for name in rule.by}
        first, *others = config.columns.sensitive
        kept = (first, *(each for each in others if each.name in named))
        columns = config.columns.model_copy(update={"sensitive": kept})
        config = config.model_copy(update={"columns": columns, "plan": plan})
    asked = frozenset({"drift", *(rule.measure for rule in config.plan)})
    setting = Setting(only=asked) if briefly else None
    ledger = Ledger(f"sqlite:///{folder}/ledger.db", lambda: windows[-1].end)
    opened = source.connect(config, folder)
    try:
        return [
            step(
                config,
                window,
                opened,
                stage="outcome" if config.outcome else "scored",
                ledger=ledger,
                setting=setting,
            )
            for window in windows
        ]
    finally:
        opened.close()


def _narrowed(rule: Rule) -> Rule:
    return rule.model_copy(update={"by": rule.by[:1]}) if isinstance(rule.by, tuple) else rule


def lacking(path: Path, audit: Audit) -> list[str]:
    """Measures of a pack's plan that an audit does not have, or that could not be taken."""
    there = {f.metric for f in audit.findings if f.verdict != "failed"}
    failed = {f.metric for f in audit.findings if f.verdict == "failed"}
    return sorted({rule.measure for rule in source.read(path).plan} - there | failed)


def beyond(audit: Audit) -> list[str]:
    """What the plan's rules found, by measure."""
    judged = [f for f in audit.findings if f.verdict == "beyond" and f.severity != "info"]
    return sorted({f.metric for f in judged})


def row(path: Path) -> str:
    """One line of the table. Raises where a measure of the plan is missing or a check failed."""
    with tempfile.TemporaryDirectory(prefix="rounds-packs-") as folder:
        begun = time.process_time()
        sound, wrong = audited(path, Path(folder))
    spent = time.process_time() - begun
    asked = {rule.measure for rule in source.read(path).plan}
    for audit in (sound, wrong):
        if names := lacking(path, audit):
            raise SystemExit(f"{path.stem}: not measured: {', '.join(names)}")
    found = [name for name in beyond(wrong) if name in asked]
    told = ", ".join(f"`{name}`" for name in found) or "none"
    usual = ", ".join(beyond(sound)) or "none"
    return f"| `{path.stem}` | {len(sound.findings)} | {usual} | {told} | {spent:.0f} |"


def main(names: Sequence[str]) -> None:
    """Print the table, of all packs or of those named."""
    print("| pack | findings | beyond where all is well | beyond where it is not, of its plan | CPU, s |")
    print("|---|---|---|---|---|")
    for path in PACKS:
        if not names or path.stem in names:
            print(row(path), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

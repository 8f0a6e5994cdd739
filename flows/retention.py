"""Retention: hours added up to days, and what the rule lets go named first and then emptied."""

from __future__ import annotations

import contextlib
import logging
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from flows import source as sources
from flows.home import Home, open_ledger
from flows.monitor import Told, quietly
from monitors import config_file, letting_go, retention, rollup
from monitors.canonical import digest
from monitors.config import ModelConfig
from monitors.copies import TAKEN
from monitors.entry_table import REMOVED
from monitors.errors import ConfigError, LedgerError, LedgerUnavailable, RoundsError
from monitors.ledger import Entry, Ledger
from monitors.removal import Removal, blank, give_back, unsettled
from monitors.retention import RETAINED, RetentionRule
from monitors.window import Window, utc

log = logging.getLogger("rounds")


@dataclass(frozen=True, slots=True)
class Retained:
    """What became of the ledger.

    Attributes:
        summed: days that were added up, by model.
        waiting: days that have no sum, each with the reason, by model.
        removed: bodies let go, by part of the rule.
        freed: how many bytes they had.
        left: why copies in MLflow wait for the next run; "" where none does.
    """

    summed: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[str, Sequence[str]] = field(default_factory=dict)
    removed: Mapping[str, int] = field(default_factory=dict)
    freed: int = 0
    left: str = ""

    def payload(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "summed": dict(self.summed),
            "waiting": {model: len(days) for model, days in self.waiting.items()},
            "removed": dict(self.removed),
            "bytes": self.freed,
            **({"left": self.left} if self.left else {}),
        }


def rule_for(path: Path, environ: Mapping[str, str] = os.environ) -> RetentionRule:
    """The rule of a model's file: ROUNDS_RETENTION, else retention.yaml beside it or its folder.

    One that is not there removes nothing. Raises ConfigError with every mistake.
    """
    named = environ.get("ROUNDS_RETENTION")
    places = [path.parent, *([path.parent.parent] if path.parent.name == "models" else [])]
    files = [Path(named)] if named else [place / "retention.yaml" for place in places]
    file = next((each for each in files if each.is_file()), None)
    if file is None:
        if named:
            raise ConfigError([f"{named}: ROUNDS_RETENTION names a file that is not there"])
        return RetentionRule()
    return read(file)


def read(file: Path) -> RetentionRule:
    """A retention rule's file. Raises ConfigError with every mistake."""
    text = config_file.text_of(file, "a retention rule's")
    declared = config_file.mapping(text, file.name, "what is kept how long", "docs/retention.md")
    return config_file.checked(RetentionRule, declared, file.name)


def retain(
    files: Sequence[Path], home: Home, at: datetime, *, dry: bool = False, told: Told = quietly
) -> Retained:
    """Do what the rule beside the models' files says at a moment, or with `dry` only say what that is.

    Each step can be repeated: a sum is written before its parts may go, and an entry names what goes
    before it is emptied. What an earlier run named and did not empty is emptied first.
    """
    rule = rule_for(files[0]) if files else RetentionRule()
    if not rule.said:
        return Retained()
    configs = {config.model: config for config in map(sources.read, files)}
    ledger = open_ledger(home)
    by = digest(rule.payload())
    if not dry:
        ledger.append(retention.KIND, by, rule.payload())
        _settle(ledger)
    summed, waiting = _sums(ledger, rule, at, configs, dry, told)
    removed: Counter[str] = Counter()
    freed = 0
    planned = summed if dry else {}
    for removal in letting_go.due(ledger, rule, at, configs, planned):
        if not dry:
            _let_go(ledger, removal, by)
        removed[removal.rule] += len(removal.bodies)
        freed += sum(held.size for held in removal.bodies)
    taken, left = _taken(ledger, rule, home, letting_go.copies(ledger, rule, at, configs), dry)
    removed += taken
    done = Retained({m: len(d) for m, d in summed.items()}, waiting, dict(removed), freed, left)
    if not dry:
        _finish(ledger, done, at)
    return done


def _sums(
    ledger: Ledger,
    rule: RetentionRule,
    at: datetime,
    configs: Mapping[str, ModelConfig],
    dry: bool,
    told: Told,
) -> tuple[dict[str, list[Window]], dict[str, list[str]]]:
    summed: dict[str, list[Window]] = {}
    waiting: dict[str, list[str]] = {}
    if rule.roll_up is None:
        return summed, waiting
    until = rule.until(rule.roll_up.after, at)
    since = rule.until(rule.keep.profiles, at) if rule.keep.profiles else None  # a sum would go at once
    for model, config in configs.items():
        for each in rollup.sums(ledger, config, rule.roll_up.into, until, since):
            if each.profile is None:
                waiting.setdefault(model, []).append(each.why)
                continue
            if not dry:
                with contextlib.suppress(LedgerError):  # a racing run added up other counts
                    rollup.keep(ledger, config, each)
            told(f"{model}: {each.window.start:%d %b %Y} added up from {len(each.parts)} windows")
            summed.setdefault(model, []).append(each.window)
    return summed, waiting


def _taken(
    ledger: Ledger, rule: RetentionRule, home: Home, copies: Iterable[Entry], dry: bool
) -> tuple[Counter[str], str]:
    """Take copies out of MLflow, each written down once it is gone; where it is away they wait."""
    taken: Counter[str] = Counter()
    said = next((part for part in rule.said if part.startswith("mlflow")), "")
    for entry in copies:
        if not dry:
            from flows.removing import remove_run  # imports MLflow, which takes seconds

            try:
                remove_run(str(entry.body["run_id"]), home.mlflow_uri)
            except RoundsError as error:
                log.warning("copies in MLflow wait to be removed: %s", error)
                return taken, str(error)
            body = {"rule": said, "run_id": entry.body["run_id"]}
            ledger.append(
                TAKEN, entry.key, body, model=entry.model, version=entry.version, window=entry.window
            )
        taken[said] += 1
    return taken, ""


def _let_go(ledger: Ledger, removal: Removal, by: str) -> None:
    """Name what goes, then empty it."""
    body = removal.payload(by)
    key = f"{removal.model}|{removal.rule}|{digest(body)[7:19]}"
    summary = removal.summary()
    ledger.append(REMOVED, key, body, model=removal.model, window=str(removal.window), summary=summary)
    blank(ledger.engine, summary["entries"])


def _settle(ledger: Ledger) -> int:
    """Empty whatever is named and was not emptied; up to which entry all is."""
    last = ledger.entries(RETAINED, last=1, bodies=False)
    through = int(last[-1].summary["through"]) if last else 0
    for seq, seqs in unsettled(ledger.engine, through):
        blank(ledger.engine, seqs)
        through = max(through, seq)
    return through


def _finish(ledger: Ledger, done: Retained, at: datetime) -> None:
    through = _settle(ledger)
    try:
        give_back(ledger.engine)
    except LedgerUnavailable as error:
        log.warning("the space of what was let go is given back at the next run: %s", error)
    body = {**done.payload(), "at": utc(at), "through": through}
    bodies = sum(many for part, many in done.removed.items() if not part.startswith("mlflow"))
    before = retention.done(ledger)  # in all, so that nobody has to add up ten years of nights
    told = (before.bodies + bodies, before.bytes + done.freed) if before else (bodies, done.freed)
    summary = {"through": through, "removed": told[0], "bytes": told[1]}
    ledger.append(RETAINED, f"{utc(at)}|{digest(body)[7:19]}", body, summary=summary)

"""Outcomes that come late: the matured figure holds the truth, and the early one is never taken for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from benchmarks.validity.bars import Bar, held, many
from flows.monitor import stage_at
from monitors.config import ModelConfig
from monitors.config_file import parse
from monitors.interval import wilson
from monitors.window import Window

WEEKS = 1000
FLAGGED = 80  # people flagged a week
PRECISION = 0.40  # of whom so many have the outcome in the end
MEDIAN, MATURES = 21.0, 120  # days until half of all outcomes are on record; days they are given
SEED = 20_260_105
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def config() -> ModelConfig:
    """A weekly model whose outcomes are given 120 days."""
    return parse(
        f"""
model: delayed
version: "1"
source: {{kind: files, path: "*.csv"}}
columns: {{time: at, score: score, decision: {{score_at_least: 0.3}}, outcome: outcome}}
outcome: {{matures_after: P{MATURES}D}}
window: P7D
reference: {{from: 2025-01-06, to: 2025-12-29}}
""",
        "delayed.yaml",
    )


def week(random: np.random.Generator) -> dict[str, tuple[int, int]]:
    """(events, people) of one week's flagged people, as three readers would count them.

    "early" is read on the day the window ends and takes no outcome for a negative; "known" is
    read then too, over those on record; "matured" is read once outcomes have been given their time.
    Events reach the record after an exponential delay, and being well only at the horizon.
    """
    had = random.random(FLAGGED) < PRECISION
    since = 7 * random.random(FLAGGED)  # days from the prediction to the end of the window
    delay = random.exponential(MEDIAN / np.log(2), FLAGGED)
    on_record = had & (delay <= since)
    well = ~had & (random.random(FLAGGED) < 0.05)  # a few are known to be well at once
    matured = had & (delay <= since + MATURES)
    return {
        "early": (int(on_record.sum()), FLAGGED),
        "known": (int(on_record.sum()), int((on_record | well).sum())),
        "matured": (int(matured.sum()), FLAGGED),
    }


def coverage(weeks: int) -> dict[str, tuple[float, float]]:
    """How often each reader's 95 % interval holds the true share, and what they read on average."""
    random = np.random.default_rng(SEED)
    holds: dict[str, list[bool]] = {}
    read: dict[str, list[float]] = {}
    for _ in range(weeks):
        for reader, (events, n) in week(random).items():
            low, high = wilson(events, n)
            holds.setdefault(reader, []).append(low <= PRECISION <= high)
            read.setdefault(reader, []).append(events / n if n else 0.0)
    return {reader: (float(np.mean(holds[reader])), float(np.mean(read[reader]))) for reader in holds}


def stages() -> tuple[int, int]:
    """Days, of the 200 after a window, on which it is taken as matured too early, and in all."""
    made = config()
    window = Window(MONDAY, MONDAY + timedelta(days=7))
    said = [stage_at(made, window, window.end + timedelta(days=day)) for day in range(200)]
    return sum(stage == "outcome" for stage in said[:MATURES]), said.count("outcome")


def study(effort: float = 1.0) -> str:
    """A table for docs/validity.md; a second."""
    weeks = many(WEEKS, effort, 100)
    found, (early, later) = coverage(weeks), stages()
    words = {
        "early": "at once, no outcome taken for a negative",
        "known": "at once, over outcomes on record",
        "matured": f"after {MATURES} days, as Rounds does",
    }
    matured = found["matured"][0]
    error = 1.96 * float(np.sqrt(matured * (1 - matured) / weeks))
    bars = [
        Bar("label delay: the matured interval holds the true PPV of .40", "at least", 0.93, matured, error),
        Bar("days before outcomes are due on which a window counts as matured", "at most", 0, early,
            unit="number"),
    ]  # fmt: skip
    lines = [
        "## Outcomes that come late",
        "",
        held(bars),
        "",
        f"{weeks:,} weeks of {FLAGGED} flagged people, of whom 40 % have the outcome in the end; it is on",
        f"record after {MEDIAN:g} days in the median. Which reading of the predictive value holds .40?",
        "",
        "| read | mean | its 95 % interval holds .40 |",
        "|---|---|---|",
        *(f"| {words[reader]} | {mean:.3f} | {share:.3f} |" for reader, (share, mean) in found.items()),
        "",
        f"The matured mean is {found['matured'][1]:.3f} and not .400, because of all outcomes a few come",
        f"after {MATURES} days. Until then a window counts as scored, and every measure that needs outcomes",
        "is left out, so an early figure is never shown as final: a window was taken as matured on",
        f"{early} of the {MATURES} days before its outcomes were due, and on {later} of the 80 days after.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(study())

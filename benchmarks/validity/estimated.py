"""Estimated performance against what came: SUPPORT's second phase, overall and by race."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np

from benchmarks.validity.bars import Bar, held, limits
from flows import source as sources
from flows.counting import Frozen, count
from flows.monitor import reference_for
from monitors.cube import Tally
from monitors.discovery import metrics
from monitors.estimation import Outlook, outlook
from monitors.profile import EVERYONE, Profile
from monitors.reference import Reference
from monitors.window import Length, Window

MODEL = Path(__file__).parents[2] / "configs/models/support-survival.yaml"
LEAST = 10  # people with the outcome, and without, for a value to be set against
BAR = 0.9
NAMES = {
    "auroc": "AUROC",
    "true_positive_rate": "true positive rate",
    "false_positive_rate": "false positive rate",
    "positive_predictive_value": "positive predictive value",
    "brier": "Brier score",
    "observed_expected_ratio": "observed/expected",
}
OPENING = """\
An estimated measure takes each score for the risk it stood for in the reference (phase I), so it needs no
outcome; the interval is for the value the outcomes will give, and is widened by how far the meaning of
scores strayed between the reference's own windows. Set against what came, over the windows of SUPPORT's
second phase that held ten people with the outcome and ten without, as shipped (90 days) and shorter; by
race, the windows of all races are counted together. No verdict rests on an estimate."""
UNSEEN = """\
In the second phase fewer died than the same scores had meant in the first. That is a change in what a score
means, the one thing no estimate without outcomes can see. It moves the measures that rest on the level of
risk (predictive value, observed over expected, Brier) and hardly those that rest on ranks."""
Pair = tuple[float, float, float, float]  # estimated, low, high, what came
Found = dict[tuple[str, str], list[Pair]]  # by (measure, who)


def pairs(length: str) -> Found:
    """Every window of that length in the second phase: what was estimated from scores, and what came."""
    declared = sources.read(MODEL)
    grid = declared.window.model_copy(update={"length": Length.parse(length)})
    config = declared.model_copy(update={"window": grid})
    source = sources.connect(config, MODEL.parent)
    try:
        first = config.grid.window(0)
        period = config.reference_window(first)
        whole = Window(period.end, period.end + timedelta(days=1000))
        windows = [w for w in config.grid.inside(whole.start, whole.end) if not w.overlaps(period)]
        reference = reference_for(config, windows[0], source, None)
        frozen = Frozen(reference.bins, reference.score_edges)
        found: Found = {}
        for window in windows:
            now = count(source.table(), config, window, frozen, outcomes=True, where=source.name)
            if now.rows >= 100:
                for who, seen in _outlooks(now, reference):
                    for name in NAMES:
                        found.setdefault((name, who), []).extend(_pair(name, seen))
        return found
    finally:
        source.close()


def _outlooks(now: Profile, reference: Reference) -> Iterator[tuple[str, Outlook]]:
    whole, blocks = reference.profile.cubes, [block.cubes for block in reference.blocks]
    before, each = whole[EVERYONE].tally(), [block[EVERYONE].tally() for block in blocks]
    yield "everyone", outlook(now.cubes[EVERYONE].tally(), before, blocks=(each, ()))
    for race in now.cubes["race"].groups:
        ours = [block["race"].tally(race) for block in blocks]
        own = whole["race"].tally(race)
        yield race, outlook(now.cubes["race"].tally(race), before, own, (each, ours))


def _pair(name: str, seen: Outlook) -> list[Pair]:
    now: Tally = seen.tally
    if min(now.events, now.labelled - now.events) < LEAST:
        return []
    said, came = metrics()[f"estimated_{name}"].compute(seen), metrics()[name].compute(now)
    if said.value is None or said.low is None or said.high is None or came.value is None:
        return []
    return [(said.value, said.low, said.high, came.value)]


def inside(pairs: Iterable[Pair]) -> tuple[int, int]:
    """How many fell inside, of how many."""
    fell = [low <= came <= high for _, low, high, came in pairs]
    return sum(fell), len(fell)


def study() -> str:
    """Tables for docs/validity.md; a minute."""
    found = {"90 days": pairs("P90D"), "30 days": pairs("P30D")}
    bars: list[Bar] = []
    lines = [
        "## Performance before outcomes are known",
        "",
        "",  # the bars, once they are known
        "",
        OPENING,
        "",
        "| inside the 95 % interval | overall, 90 days | by race | overall, 30 days | by race |",
        "|---|---|---|---|---|",
    ]
    lost: list[str] = []
    for name, called in NAMES.items():
        shares = []
        for length, seen in found.items():
            by_race = [p for (n, who), each in seen.items() if n == name and who != "everyone" for p in each]
            for where, each in (("overall", seen[name, "everyone"]), ("by race", by_race)):
                fell, of = inside(each)
                shares.append(f"{fell} of {of} ({fell / of:.0%})")
                lost += [] if fell / of >= BAR else [f"{called} ({where}, {length})"]
                if name == "auroc":
                    low, high = limits(fell, of)
                    what = f"estimated AUROC: what came is inside, {where}, {of} windows of {length}"
                    bars.append(Bar(what, "at least", BAR, fell / of, max(fell / of - low, high - fell / of)))
        lines.append(f"| estimated {called} | {' | '.join(shares)} |")
    said = f"not met by {'; '.join(lost)}" if lost else "met by all"
    expected = np.array(found["90 days"]["observed_expected_ratio", "everyone"]).mean(axis=0)
    lines += [
        "",
        f"Bar, at least 90 % of windows inside: {said}.",
        "",
        f"Observed over expected: {expected[0]:.2f} estimated on average, and {expected[3]:.2f} came.",
        UNSEEN,
        "",
        "| windows of 90 days, by race | " + " | ".join(NAMES.values()) + " |",
        "|---" * (len(NAMES) + 1) + "|",
    ]
    shown = found["90 days"]
    for who in sorted({who for _, who in shown} - {"everyone"}):
        cells = [inside(shown[name, who]) for name in NAMES]
        if any(of for _, of in cells):
            lines.append(f"| {who} | " + " | ".join(f"{fell} of {of}" for fell, of in cells) + " |")
    lines[2] = held(bars)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(study())

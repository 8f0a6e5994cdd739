"""Calibrating: what each margin would cost in false alerts, and what it would find, before it is agreed.

Everything is reckoned from the reference: its counts, what its own windows differ by, and how many
rows a window has. Nothing is written; a person commits what they agree to.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy import special

from flows import run as runs
from flows import source as sources
from flows.home import Home
from flows.monitor import Told, quietly, reference_for, reference_key
from flows.planned import planned
from monitors import chance, sequential, slow
from monitors.alert import Debounce, debounce, moved
from monitors.audit import SLOW, Finding, Stage
from monitors.budget import alerts, level, one_window, windows_a_quarter
from monitors.checks import EVIDENTLY, Check, checks
from monitors.config import ModelConfig
from monitors.errors import ConfigError
from monitors.evaluate import Setting, chance_of, evaluate
from monitors.histogram import Counts, Floats
from monitors.interval import difference, quantile, wilson
from monitors.plan import Rule
from monitors.reference import Reference

POWER = 0.8
FAMILIES = ("quality", "drift", "performance")
_DRAWS = 400
_SHARED = ("page", "ticket", "committee")


@dataclass(frozen=True, slots=True)
class Proposal:
    """One check: its margin now and as proposed, and what each means at this volume.

    `false_alerts` are expected a quarter after debouncing; `finds` is the change, in the
    measure's own unit, that a window shows as beyond with 80 % power. None: cannot be reckoned,
    and `why` says so.
    """

    metric: str
    subject: str
    family: str
    severity: str
    unit: str
    margin: float | None
    false_alerts: float | None
    finds: float | None
    proposed: float | None
    proposed_false_alerts: float | None
    proposed_finds: float | None
    why: str | None
    rule: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """Every check of a model, with the false alerts a quarter to expect of each severity."""

    model: str
    version: str
    reference: str
    blocks: int
    rows: int
    windows: float
    budget: Mapping[str, float]
    proposals: tuple[Proposal, ...]
    plan: str

    def expected(self, severity: str, *, proposed: bool = False) -> float:
        """False alerts a quarter over all checks of a severity."""
        held = [p for p in self.proposals if p.severity == severity]
        return sum((p.proposed_false_alerts if proposed else p.false_alerts) or 0.0 for p in held)

    def payload(self) -> dict[str, Any]:
        """As plain values, for JSON; the window's rows in round numbers."""
        kept = asdict(self) | {"schema": 1, "rows": float(f"{self.rows:.1g}")}
        kept["expected"] = {
            severity: {
                "now": self.expected(severity),
                "proposed": self.expected(severity, proposed=True),
                "budget": self.budget[severity],
            }
            for severity in _SHARED
        }
        return {key: _plain(value) for key, value in kept.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def calibrate(config: ModelConfig, reference: Reference, setting: Setting | None = None) -> Calibration:
    """Reckon every drift, quality and performance check of a model's plan.

    Raises:
        ConfigError: when the reference spans fewer than two windows, which says nothing of how
            one window differs from the next.
    """
    blocks = [block for block in reference.blocks if block.rows]
    if len(blocks) < 2:
        held = f"{len(blocks)} windows of {config.window.length} with rows"
        raise ConfigError([f"reference: spans {held}; calibrating needs at least 2"])
    rows = int(np.median([block.rows for block in blocks]))
    windows = windows_a_quarter(config.window.length)
    stage: Stage = "outcome" if config.columns.awaits else "scored"
    seen: dict[tuple[str, str], list[Finding]] = {}
    for block in blocks:
        for finding in evaluate(config, block, replace(reference, blocks=()), stage, setting):
            if finding.group is None:
                seen.setdefault((finding.metric, finding.subject), []).append(finding)
    judged = [check for check in checks(config) if _reckoned(check)]
    slowly = [check for check in judged if check.rule.slow_change is not None]
    shared = Counter(check.rule.severity for check in judged)
    # The mix of groups shares the level with the columns, though no margin is proposed for it here.
    mixes = sum(check.metric.reads == "mix" for check in checks(config))
    distances = mixes + sum(check.metric.reads == "distance" for check in judged)
    proposals = []
    for check in judged:
        severity = check.rule.severity
        wanted = one_window(config.budget.of(severity) / shared[severity] / windows, _rule_of(check))
        base = partial(_proposal, check, windows=windows, wanted=wanted)
        if check.metric.reads == "distance":
            try:
                function, counts, null = chance_of(config, check, reference, rows, setting)
            except ValueError as error:
                proposals.append(_unknown(check, str(error)))
                continue
            kept = level(config.budget, config.window.length) / distances
            reach = null.quantile(min(kept, wanted))
            false = partial(_distance_beyond, null, kept)
            finds = partial(_smallest_found, function, counts, rows, null.quantile(kept))
            proposals.append(base(proposed=reach, false=false, finds=finds))
        else:
            proposals.append(_level(check, seen.get((check.metric.name, check.subject), []), wanted, base))
    return Calibration(
        config.model, config.version, str(reference.profile.window), len(blocks), rows, windows,
        {severity: config.budget.of(severity) for severity in _SHARED},
        (*proposals, *(_slowly(check, windows) for check in slowly)), _snippet(judged, proposals),
    )  # fmt: skip


def calibrated(path: Path, home: Home, told: Told = quietly) -> dict[str, Any]:
    """A model's file reckoned against the reference its next window would have, as plain values.

    A reference that the ledger keeps is read from it; one that is not is counted and not kept.
    """
    config = sources.read(path)
    ledger = runs.open_ledger(home) if home.exists() else None
    source = sources.connect(config, path.parent)
    try:
        window = config.grid.ending_by(runs.now())
        period, calendar = config.reference_window(window), planned(path)
        left_out = calendar.excluded(config.model, period, config.zone)
        kept = ledger and ledger.get("reference", reference_key(config, period, left_out))
        reference = (
            Reference.read(kept.body)
            if kept
            else reference_for(config, window, source, None, told, calendar=calendar)
        )
    finally:
        source.close()
    told(f"{config.model}: reckoning every check")
    return calibrate(config, reference).payload()


def _reckoned(check: Check) -> bool:
    rule = check.rule
    return (
        check.metric.family in FAMILIES
        and check.attribute is None
        and rule.margin is not None
        and rule.severity != "info"
        and not check.metric.name.startswith(EVIDENTLY)
    )


def _rule_of(check: Check) -> Debounce:
    facts = {"family": check.metric.family, "severity": check.rule.severity}
    shown: Any = {"metric": "", "subject": "", "unit": "", "verdict": "within", **facts}
    return debounce(Finding(**shown))


def _proposal(
    check: Check,
    *,
    windows: float,
    wanted: float,
    proposed: float,
    false: Callable[[float], float],
    finds: Callable[[float], float | None],
) -> Proposal:
    margin = check.rule.margin
    assert margin is not None  # noqa: S101  only checks with one are reckoned
    rule, neat = _rule_of(check), _up(proposed)
    now, then = (alerts(false(m), rule) * windows for m in (margin, neat))
    return Proposal(
        check.metric.name, check.subject, check.metric.family, check.rule.severity, check.metric.unit,
        margin, now, finds(margin), neat, then, finds(neat), None, check.where,
    )  # fmt: skip


def _slowly(check: Check, windows: float) -> Proposal:
    """What watching a check for slow change costs: as often false as its rule says, and no oftener."""
    rule = check.rule
    between = float(rule.slow_change or 0)
    reach, severity = sequential.threshold(between, 2), "ticket" if rule.severity == "page" else rule.severity
    cost, finds = windows / between, slow.SOONEST * (rule.margin or 0.0)
    return Proposal(
        f"{SLOW}{check.metric.name}", check.subject, check.metric.family, severity, check.metric.unit,
        reach, cost, finds, reach, cost, finds, None, check.where,
    )  # fmt: skip


def _unknown(check: Check, why: str) -> Proposal:
    return Proposal(
        check.metric.name, check.subject, check.metric.family, check.rule.severity, check.metric.unit,
        check.rule.margin, None, None, None, None, None, why, check.where,
    )  # fmt: skip


def _up(value: float) -> float:
    """Rounded up to two figures, and never 0: a margin is above it."""
    if value <= 0:
        return 0.001
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.ceil(value / step - 1e-9) * step:.2g}")


def _level(check: Check, seen: list[Finding], wanted: float, base: Callable[..., Proposal]) -> Proposal:
    """A check judged by its interval: what its half-width and its own ups and downs leave open."""
    told = [f for f in seen if f.change_low is not None and f.change_high is not None]
    if not told:
        why = next((f.reason for f in seen if f.reason), None) or "it has no interval to reckon from"
        return _unknown(check, why)
    halves = [((f.change_high or 0.0) - (f.change_low or 0.0)) / 2 for f in told]
    half = float(np.median(halves))
    error = half / quantile(0.95)
    spread = max(float(np.std([moved(f) for f in told], ddof=1)) if len(told) > 1 else 0.0, error)
    sides = 2 if check.metric.worse == "either" else 1
    counted = check.metric.unit.startswith("share") and all(f.events is not None for f in told)
    share = _Share.of(told, check) if counted else None
    if share is not None and check.metric.target == 0.0:
        least = max(share.least(wanted), share.within())
        return base(proposed=least, false=lambda margin: share.power(margin, share.usual), finds=share.finds)

    def false(margin: float) -> float:
        return min(1.0, sides * float(special.ndtr(-(margin + half) / spread)))

    def finds(margin: float) -> float:
        return margin + half + float(special.ndtri(POWER)) * spread

    # Less than the half-width and no window could ever be within.
    least = max(half, -float(special.ndtri(wanted / sides)) * spread - half)
    return base(proposed=least, false=false, finds=share.finds if share else finds)


@dataclass(frozen=True)
class _Share:
    """A share of counted events, reckoned by the binomial: a normal curve is far off near 0 and 1.

    Attributes:
        rows: its denominator in a usual window.
        usual: what it is in the reference; of what ought to be nothing, never quite that.
        lows: of so many events, how far above its target the share is at least.
    """

    rows: int
    usual: float
    lows: Floats

    @classmethod
    def of(cls, seen: list[Finding], check: Check) -> _Share:
        rows = max(int(np.median([f.n or 0 for f in seen])), 1)
        usual = (sum(f.events or 0 for f in seen) + 0.5) / (sum(f.n or 0 for f in seen) + 1)
        base = seen[-1].baseline or 0.0
        if check.metric.worse == "lower":  # a fall of the share is a rise of its complement
            usual, base = 1 - usual, 1 - base
        limits = (base, base)
        if check.metric.target == "reference":
            limits = wilson(base * (seen[-1].reference_n or rows), seen[-1].reference_n or rows)
        shares = [(events / rows, *wilson(events, rows)) for events in range(rows + 1)]
        return cls(rows, usual, np.array([difference(*share, base, *limits)[0] for share in shares]))

    def power(self, margin: float, truth: float) -> float:
        """How often a window is beyond the margin when the share is so high."""
        needed = int(np.searchsorted(self.lows, margin, side="right"))
        return float(special.bdtrc(needed - 1, self.rows, truth)) if 0 < needed <= self.rows else 0.0

    def finds(self, margin: float) -> float | None:
        """The rise of the share that is found with 80 % power."""
        low, high = self.usual, 1.0
        if self.power(margin, high) < POWER:
            return None
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if self.power(margin, middle) < POWER else (low, middle)
        return high - self.usual

    def least(self, wanted: float) -> float:
        """The smallest margin that a window passes no more often than so."""
        return next((float(v) for v in self.lows if self.power(float(v), self.usual) <= wanted), 1.0)

    def within(self) -> float:
        """The smallest margin that a usual window can be within."""
        return wilson(round(self.usual * self.rows), self.rows)[1]


def _distance_beyond(null: chance.Null, level: float, margin: float) -> float:
    return min(level, null.p(margin))


def _smallest_found(
    function: chance.Distance, counts: Counts, rows: int, reach: float, margin: float
) -> float | None:
    """The distance, in its own unit, that a window shows beyond margin and chance with 80 % power.

    Of counts tilted towards one end of their order (for a normal column, a shift); of categories,
    towards the most frequent. None where no tilt is found.
    """
    random = np.random.default_rng(rows)
    whole = counts.sum()
    place = np.cumsum(counts) / whole - counts / whole / 2
    score: Floats = special.ndtri(np.clip(place, 1e-4, 1 - 1e-4))

    def tilted(strength: float) -> Floats:
        weights = counts * np.exp(strength * score - strength**2 / 2)
        return np.asarray(weights / weights.sum() / (1 + 1e-12))

    def power(strength: float) -> float:
        windows = random.multinomial(rows, tilted(strength), size=_DRAWS)
        return float((function(counts, windows) > max(reach, margin)).mean())

    low, high = 0.0, 0.1
    while power(high) < POWER:
        low, high = high, high * 2
        if high > 10:
            return None
    for _ in range(8):
        middle = (low + high) / 2
        low, high = (middle, high) if power(middle) < POWER else (low, middle)
    many = np.round(tilted(high) * 1e9).astype(np.int64)
    return float(function(counts, many))


def _snippet(held: list[Check], proposals: list[Proposal]) -> str:
    """A plan that says the proposals, one line a rule: the widest margin any of its columns needs."""
    lines: dict[tuple[str, str], tuple[Rule, float]] = {}
    for check, proposal in zip(held, proposals, strict=True):
        if proposal.proposed is None:
            continue
        key = (check.metric.name, str(check.rule.columns))
        widest = max(proposal.proposed, lines[key][1] if key in lines else 0.0)
        lines[key] = (check.rule, widest)
    plan: list[Mapping[str, Any]] = []
    for rule, margin in lines.values():
        said = rule.model_copy(update={"margin": margin}).model_dump(mode="json", exclude_defaults=True)
        plan.append({**said, "severity": rule.severity})
    return yaml.safe_dump({"plan": plan}, sort_keys=False, allow_unicode=True, width=100)

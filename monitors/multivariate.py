"""Multivariate drift: what a domain classifier told of a window, judged, kept, and laid beside its audit.

No count says how columns move together, so a bounded sample of rows is looked at beside the engine
(`flows/multivariate.py`); what comes here is one AUROC, what chance gives it, and what each column carries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from monitors import judge
from monitors.audit import Finding, Verdict
from monitors.config import ModelConfig
from monitors.ledger import Ledger
from monitors.window import Window

KIND = "multivariate"
CLASSIFIER, CARRIES = "domain_classifier", "permutation_importance"
NO_BETTER = 0.5  # the AUROC of a classifier that cannot tell two sides apart
WORTH_NAMING = 0.2  # of what the AUROC has above .5, lost without a column
SHOWN = 5  # columns said to carry the difference


@dataclass(frozen=True, slots=True)
class Told:
    """How well the rows of a window can be told from the reference's.

    Attributes:
        auroc: on rows the classifier had not seen; .5 is not at all.
        chance: what swapped sides exceed with probability .01.
        middle: what they have at the median.
        p: how often chance alone reaches the AUROC.
        rows, reference_rows: looked at, of the window and of the reference.
        carried: by column, how much of the AUROC is lost when its values are shuffled.
    """

    auroc: float
    chance: float
    middle: float
    p: float
    rows: int
    reference_rows: int
    carried: Mapping[str, float]


def findings(config: ModelConfig, told: Told) -> tuple[Finding, ...]:
    """The verdict, and beneath it what each of the foremost columns carries; at most a ticket.

    >>> from monitors.config_file import parse
    >>> config = parse('''
    ... model: m
    ... version: 1
    ... source: {kind: files, path: "*.csv"}
    ... columns: {time: at, score: s, numeric: [hr, bp]}
    ... window: P7D
    ... reference: {from: 2025-01-06, to: 2025-06-30}
    ... ''', "m.yaml")
    >>> told = Told(0.71, 0.56, 0.5, 0.0005, 500, 2000, {"hr": 0.15, "bp": 0.14, "s": 0.0})
    >>> [f.verdict.value for f in findings(config, told)], findings(config, told)[0].reason
    (['beyond', 'cannot_tell', 'cannot_tell'], 'carried by hr and bp')
    """
    spec = config.multivariate
    noise = max(told.chance - told.middle, 0.0)
    said = judge.distance(told.auroc - NO_BETTER, spec.margin, told.chance - NO_BETTER, noise, told.rows)
    foremost = sorted(told.carried, key=lambda name: (-told.carried[name], name))
    least = WORTH_NAMING * (told.auroc - NO_BETTER)
    carrying = [name for name in foremost if told.carried[name] >= max(least, 0.01)][:SHOWN]
    moved = said.verdict in (Verdict.BEYOND, Verdict.DIFFERENT)
    reasons = [said.reason, f"carried by {_listed(carrying)}" if moved and carrying else None]
    whole = Finding(
        metric=CLASSIFIER,
        family="drift",
        subject="rows",
        unit="pure number",
        verdict=said.verdict,
        value=told.auroc,
        low=max(0.0, told.auroc - noise),
        high=min(1.0, told.auroc + noise),
        n=told.rows,
        reference_n=told.reference_rows,
        baseline=NO_BETTER,
        margin=spec.margin,
        chance=told.chance,
        p=told.p,
        needs=said.needs,
        reason="; ".join(reason for reason in reasons if reason) or None,
        severity=spec.severity,
        owner=spec.owner,
        action="Look at the columns it names side by side; ask what changed in how they are recorded.",
        runbook="input-drift",
        rule="multivariate",
    )
    if not moved:
        return (whole,)
    parts = [
        replace(
            whole, metric=CARRIES, subject=name, value=told.carried[name], low=None, high=None,
            baseline=None, margin=None, chance=None, p=None, needs=None, action=None,
            verdict=Verdict.CANNOT_TELL, severity="info",
            reason="of what tells the rows apart, lost without it; shown, not judged",
        )
        for name in carrying
    ]  # fmt: skip
    return (whole, *parts)


def untold(config: ModelConfig, why: str) -> tuple[Finding, ...]:
    """The check where it could not be made, and why."""
    return (
        Finding(
            metric=CLASSIFIER,
            family="drift",
            subject="rows",
            unit="pure number",
            verdict=Verdict.CANNOT_TELL,
            margin=config.multivariate.margin,
            reason=why,
            severity=config.multivariate.severity,
            owner=config.multivariate.owner,
            runbook="input-drift",
            rule="multivariate",
        ),
    )


def keep(ledger: Ledger, config: ModelConfig, window: Window, found: tuple[Finding, ...]) -> None:
    """Write what was found, for every audit of that window from now on; the same again changes nothing."""
    body = {"config": config.digest, "findings": [finding.payload() for finding in found]}
    stem = f"{config.model}|{config.version}|{window}"
    held = ledger.entries(KIND, model=config.model, window=str(window))
    if held and held[-1].body == body:
        return
    ledger.append(
        KIND,
        f"{stem}|{len(held) + 1}",
        body,
        model=config.model,
        version=config.version,
        window=str(window),
    )


def kept(ledger: Ledger, config: ModelConfig, window: Window) -> tuple[Finding, ...]:
    """What was found of a window under this very config; nothing where nobody looked."""
    held = ledger.entries(KIND, model=config.model, window=str(window))
    if not held or held[-1].body["config"] != config.digest:
        return ()
    return tuple(Finding.read(finding) for finding in held[-1].body["findings"])


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last

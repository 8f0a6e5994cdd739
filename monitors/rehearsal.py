"""Rehearsal: how often a rule would have called somebody, had it been in the plan last quarter.

Profiles are kept, so a new rule, or one with another margin, is computed from the same counts that
the audits of those windows saw, and goes through the same debouncing and muting as a live one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitors import calendar
from monitors.alert import changes, standing
from monitors.audit import Audit, Finding, Severity, Verdict
from monitors.calendar import quietened
from monitors.config import ModelConfig
from monitors.evaluate import Setting, evaluate
from monitors.ledger import Ledger
from monitors.reference import Reference
from monitors.release import releases
from monitors.suppression import published
from monitors.window import Window

QUARTER = timedelta(days=91)
_CALLED = {"page": "paged", "ticket": "raised a ticket", "committee": "gone to the committee"}


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One rule of a model's own plan, over the windows there were.

    Attributes:
        where, measure, severity: the rule.
        windows: how many windows were looked at; unable: in how many it could not run.
        told: the windows in which somebody would have been called, with what for.
    """

    where: str
    measure: str
    severity: Severity
    windows: int
    unable: int
    told: tuple[tuple[Window, str], ...]

    @property
    def said(self) -> str:
        """In a sentence.

        >>> Rehearsed("plan.1", "auroc", "page", 13, 0, ()).said
        'plan.1 (auroc): this would have paged 0 times in 13 windows.'
        """
        times = "time" if len(self.told) == 1 else "times"
        called = _CALLED.get(self.severity, "been shown")
        lacking = f" In {self.unable} of them it could not run." if self.unable else ""
        windows = "window" if self.windows == 1 else "windows"
        return (
            f"{self.where} ({self.measure}): this would have {called} {len(self.told)} {times} "
            f"in {self.windows} {windows}.{lacking}"
        )


def rehearse(
    config: ModelConfig, ledger: Ledger, at: datetime, setting: Setting | None = None
) -> list[Rehearsed]:
    """Every rule of the model's own plan over the last quarter before a moment, in the plan's order.

    Windows before that quarter are gone through as well, so that what was standing when it began
    is not counted as new.
    """
    audits = [_again(config, audit, ledger, setting) for audit in _history(config, ledger, at)]
    counted = [audit for audit in audits if audit.window.end > at - QUARTER]
    told: dict[str, list[tuple[Window, str]]] = {}
    for place, audit in enumerate(audits):
        if audit in counted:
            for change in changes(standing(audits[:place]), audit):
                if change.state == "began":
                    told.setdefault(change.finding.rule, []).append((audit.window, change.finding.name))
    found = []
    for number, rule in enumerate(config.plan, start=1):
        where = f"plan.{number}"
        unable = sum(any(f.verdict is Verdict.FAILED for f in _of(audit, where)) for audit in counted)
        line = Rehearsed(where, rule.measure, rule.severity, len(counted), unable, tuple(told.get(where, ())))
        found.append(line)
    return found


def _history(config: ModelConfig, ledger: Ledger, at: datetime) -> Iterator[Audit]:
    """The windows of the quarter, and of the one before it, as people saw them."""
    for recorded in releases(ledger, config.model, before=at):
        if recorded.audit.window.end > at - 2 * QUARTER:
            yield recorded.audit


def _again(config: ModelConfig, audit: Audit, ledger: Ledger, setting: Setting | None) -> Audit:
    """The audit as its window would be judged by this plan; left as it was where its counts are gone."""
    profile, kept = ledger.profile(audit.profile), ledger.find("reference", audit.reference)
    if profile is None or kept is None or kept.gone:
        return audit
    findings = evaluate(config, profile, Reference.read(kept.body), audit.stage, setting)
    own = _shown(audit, [f for f in findings if f.rule.startswith("plan.")])
    keys = {finding.key for finding in own}
    others = [f for f in audit.findings if f.key not in keys and not f.rule.startswith("plan.")]
    again = replace(audit, config=config.digest, findings=(*others, *own))
    return quietened(again, calendar.kept(ledger, audit.model), config.zone)


def _shown(audit: Audit, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """What people may see of them: an alert never rests on anything else."""
    return published(replace(audit, findings=tuple(findings))).findings


def _of(audit: Audit, where: str) -> list[Finding]:
    return [finding for finding in audit.findings if finding.rule == where]

"""On call: what whoever is called has to know besides the figures, in the same words on every way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from monitors.audit import Audit, Finding, Verdict
from monitors.config import ModelConfig
from monitors.window import utc

FALLBACK = "Use the ward's usual screening and clinical judgement until this is resolved."
READ = "Open the model's page and read what changed."
EVERYWHERE = "all"  # of a site that nobody named
BANDS = (0, 1, 11, 30, 100, 1_000, 10_000)  # 1 to 10 people are one band, and never told apart
# NIST AI 800-4's kinds of monitoring.
KINDS = {"quality": "operational", "oversight": "human_factors"}


@dataclass(frozen=True, slots=True)
class OnCall:
    """Where this is, what clinicians do meanwhile, and who hears of it next.

    Attributes:
        site: the site, where one installation watches one; environment: prod, or a trial.
        fallbacks: by model, what clinicians do while it cannot be relied on.
        escalation: by severity, after how long who hears of it while nobody has answered.
    """

    site: str = EVERYWHERE
    environment: str = "prod"
    fallbacks: Mapping[str, str] = field(default_factory=dict)
    escalation: Mapping[str, tuple[tuple[timedelta, str], ...]] = field(default_factory=dict)

    def fallback(self, model: str) -> str:
        """What clinicians do while the model cannot be relied on."""
        return self.fallbacks.get(model, FALLBACK)

    def next(self, severity: str) -> str:
        """Who hears of it, one after the other.

        >>> OnCall(escalation={"page": ((timedelta(minutes=15), "the second on call"),)}).next("page")
        'the second on call'
        """
        return ", then ".join(to for _, to in self.escalation.get(severity, ())) or "nobody"

    def wait(self, severity: str) -> timedelta | None:
        """After how long the first of them does; None where nobody is named."""
        steps = self.escalation.get(severity, ())
        return steps[0][0] if steps else None


def on_trial(finding: Finding, config: ModelConfig | None) -> bool:
    """Whether its rule is still being tried out: counted, and not told."""
    place, _, line = finding.rule.partition(".")
    if config is None or place != "plan" or not line.isdigit() or int(line) > len(config.plan):
        return False
    return config.plan[int(line) - 1].silent


def kind(finding: Finding) -> str:
    """Which kind of monitoring it belongs to."""
    return KINDS.get(finding.family, "functionality")


def band(n: int | None) -> str:
    """How many rows a number rests on, as a band.

    >>> band(5), band(88), band(20_000), band(None)
    ('fewer than 11', '30 to 99', '10,000 or more', 'unknown')
    """
    if n is None:
        return "unknown"
    low = max(start for start in BANDS if start <= n)
    if low < 11:
        return "fewer than 11" if low else "none"
    above = [start for start in BANDS if start > n]
    return f"{low:,} to {above[0] - 1:,}" if above else f"{low:,} or more"


def impact(finding: Finding, rows: int | None) -> str:
    """Who is affected, in people, as a band."""
    whom = "everyone scored" if finding.group is None else f"the people of {finding.subject} {finding.group}"
    if rows is None:
        return f"{whom[0].upper()}{whom[1:]} by the model; how many is too few to say."
    known = finding.verdict is Verdict.BEYOND and finding.reason
    more = f" Of this: {finding.reason}." if known else ""
    return f"{whom[0].upper()}{whom[1:]} by the model, which made {band(rows)} predictions that window.{more}"


def number(value: float | None) -> str:
    """A figure in three digits, or none."""
    return "none" if value is None else f"{value:.3g}"


def interval(low: float | None, high: float | None) -> str:
    """Both ends of an interval, or none."""
    return "no interval" if low is None or high is None else f"{low:.3g} to {high:.3g}"


def changed(audit: Audit, before: Audit | None) -> str:
    """What Rounds itself saw change between the window before and this one."""
    if before is None:
        return "the first window there is"
    if audit.version != before.version:
        return f"model version {before.version} became {audit.version} by {utc(audit.window.start)}"
    parts = {
        "the configuration": audit.config != before.config,
        "the reference": audit.reference != before.reference,
        "Rounds itself": audit.software != before.software,
    }
    found = [name for name, differs in parts.items() if differs]
    return f"{' and '.join(found)} changed since the window before" if found else "none that Rounds saw"

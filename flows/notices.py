"""Notices: what a change means to whoever is called, with every fact they need and no patient's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from flows.channel import ChannelsConfig
from monitors.alert import Alert
from monitors.audit import Audit, Finding
from monitors.canonical import digest
from monitors.config import ModelConfig
from monitors.ledger import Recorded
from monitors.notice import Notice
from monitors.window import utc

# NIST AI 800-4's kinds of monitoring.
KINDS = {"quality": "operational", "oversight": "human_factors"}
SUMMARIES = {
    "quality": "The data are not what the model was built on.",
    "drift": "What the model sees or says has shifted.",
    "performance": "The model does less well than agreed.",
    "fairness": "A group of people is served differently from the rest.",
    "oversight": "How staff use the model has changed.",
    "text": "The texts the model reads or writes have changed.",
}
STOPPED = "Scores have stopped or are impossible."
FALLBACK = "Use the ward's usual screening and clinical judgement until this is resolved."
BANDS = (0, 1, 11, 30, 100, 1_000, 10_000)  # 1 to 10 people are one band, and never told apart


@dataclass(frozen=True, slots=True)
class Told:
    """What a notice is made from besides the alert: the record it rests on, and the one before."""

    recorded: Recorded
    before: Audit | None
    entry: str


def notice(alert: Alert, told: Told, config: ModelConfig | None, channels: ChannelsConfig) -> Notice:
    """The alert with every field of an on-call notice; a fact nobody recorded is said to be unknown."""
    return Notice(
        _labels(alert, config, channels),
        _annotations(alert, told, config, channels),
        alert.since.start,
        alert.window.end if alert.state == "ceased" else None,
        silent=silent(alert.finding, config),
    )


def silent(finding: Finding, config: ModelConfig | None) -> bool:
    """Whether its rule is still being tried out: counted, and not told."""
    place, _, number = finding.rule.partition(".")
    if config is None or place != "plan" or not number.isdigit() or int(number) > len(config.plan):
        return False
    return bool(getattr(config.plan[int(number) - 1], "silent", False))


def _labels(alert: Alert, config: ModelConfig | None, channels: ChannelsConfig) -> dict[str, str]:
    found, site = alert.finding, config.columns.site if config else None
    here = found.group is not None and found.subject == site
    return {
        "alertname": "RoundsFindingBeyondMargin",
        "severity": found.severity,
        "service": "rounds",
        "model_id": alert.model,
        "site": str(found.group) if here else channels.site,
        "environment": channels.environment,
        "monitor_kind": KINDS.get(found.family, "functionality"),
        "family": found.family,
        "metric": found.metric,
        "subject": found.subject,
        # A group's name may tell of a person, so it stands where names of groups may: not here.
        "attribute": found.subject if found.group is not None else "",
        "check": _opaque(found),
        "owner_team": found.owner or (config and config.governance.owner.technical) or "",
        "risk_tier": (config and config.governance.risk_tier) or "",
    }


def _opaque(finding: Finding) -> str:
    return digest(list(finding.key)).removeprefix("sha256:")[:8]


def _annotations(
    alert: Alert, told: Told, config: ModelConfig | None, channels: ChannelsConfig
) -> dict[str, str]:
    found, base = alert.finding, channels.url.rstrip("/")
    page = f"{base}/models/{quote(alert.model, safe='')}?window={alert.window.start:%Y-%m-%d}"
    steps = channels.escalation.get(found.severity, ())
    runbook = found.runbook or ""
    return {
        "summary": _summary(found),
        "description": describe(alert),
        "impact": _impact(found, told.recorded.audit),
        "action_first": found.action or "Open the model's page and read what changed.",
        "value": _number(found.value),
        "interval": _interval(found.low, found.high),
        "margin": _number(found.margin),
        "n_band": band(found.n),
        "since": utc(alert.since.start),
        "evaluations_true": alert.why,
        "baseline": _number(found.baseline),
        "model_version": alert.version,
        "last_change": last_change(told.recorded.audit, told.before),
        "safe_fallback": channels.fallbacks.get(alert.model, FALLBACK),
        "runbook_url": f"{base}/runbooks/{quote(runbook, safe='')}" if runbook else f"{base}/runbooks",
        "dashboard_url": page,
        "report_url": f"{page}#evidence",
        "computation_id": told.recorded.digest,
        "ledger_entry": told.entry,
        "confidence": found.grade or "not graded",
        "escalates_to": ", then ".join(step.to for step in steps) or "nobody",
        "escalates_at": _later(told.recorded.at, steps[0].after.approximate) if steps else "never",
    }


def linked(made: Notice, channels: ChannelsConfig) -> Notice:
    """With the link by which this very episode is acknowledged."""
    ack = f"{channels.url.rstrip('/')}/alerts?key={made.key}"
    return Notice(made.labels, {**made.annotations, "ack_url": ack}, made.starts, made.ends, made.silent)


def describe(alert: Alert) -> str:
    """What was measured, in figures; figures that are withheld never come this far.

    The group is named here and not among the labels, which are kept and counted elsewhere.
    """
    found = alert.finding
    told = f"{found.name} in {alert.model}"
    if alert.state == "ceased":
        return f"{told} is {alert.why}." if found.value is not None else f"{told}: {alert.why}."
    against = f" against {found.against}" if found.against else ""
    value = f"{_number(found.value)} ({_interval(found.low, found.high)}) {found.unit}".strip()
    return f"{told}{against} is {value}; margin {_number(found.margin)}; {alert.why}."


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


def last_change(audit: Audit, before: Audit | None) -> str:
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
    changed = [name for name, differs in parts.items() if differs]
    return f"{' and '.join(changed)} changed since the window before" if changed else "none that Rounds saw"


def _summary(finding: Finding) -> str:
    if finding.metric in ("freshness", "invalid_score_share"):
        return STOPPED
    return SUMMARIES.get(finding.family, "A finding is beyond its margin.")


def _impact(finding: Finding, audit: Audit) -> str:
    whom = "everyone scored" if finding.group is None else f"the people of {finding.subject} {finding.group}"
    if audit.rows is None:
        return f"{whom[0].upper()}{whom[1:]} by the model; how many is too few to say."
    return f"{whom[0].upper()}{whom[1:]} by the model, which made {band(audit.rows)} predictions that window."


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3g}"


def _interval(low: float | None, high: float | None) -> str:
    return "no interval" if low is None or high is None else f"{low:.3g} to {high:.3g}"


def _later(at: datetime, wait: timedelta) -> str:
    return utc(at + wait)

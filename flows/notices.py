"""Notices: what a change means to whoever is called, with every fact they need and no patient's."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from flows.channel import ChannelsConfig
from monitors.alert import Alert
from monitors.audit import Audit, Finding
from monitors.config import ModelConfig
from monitors.ledger import Recorded
from monitors.notice import Notice, opaque
from monitors.oncall import READ, band, changed, impact, interval, kind, number, on_trial
from monitors.window import utc
from monitors.words import figures
from monitors.words.figures import measured
from monitors.words.names import people, title
from monitors.words.sentences import margin, sentence

SUMMARIES = {
    "quality": "The data are not what the model was built on.",
    "drift": "What the model sees or says has shifted.",
    "performance": "The model does less well than agreed.",
    "fairness": "A group of people is served differently from the rest.",
    "oversight": "How staff use the model has changed.",
    "text": "The texts the model reads or writes have changed.",
}
SLOWLY = "The model or its data change slowly: no one window need show it."
STOPPED = "Scores have stopped or are impossible."


@dataclass(frozen=True, slots=True)
class Told:
    """What a notice is made from besides the alert: the record it rests on, and the one before."""

    recorded: Recorded
    before: Audit | None
    entry: str
    planned: str = ""


def notice(alert: Alert, told: Told, config: ModelConfig | None, channels: ChannelsConfig) -> Notice:
    """The alert with every field of an on-call notice; a fact nobody recorded is said to be unknown."""
    return Notice(
        _labels(alert, config, channels),
        _annotations(alert, told, config, channels),
        alert.since.start,
        alert.window.end if alert.state == "ceased" else None,
        silent=on_trial(alert.finding, config),
    )


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
        "monitor_kind": kind(found),
        "family": found.family,
        "metric": found.metric,
        "subject": found.subject,
        # A group's name may tell of a person, so it stands where names of groups may: not here.
        "attribute": found.subject if found.group is not None else "",
        "check": opaque(found.key),
        "owner_team": found.owner or (config and config.governance.owner.technical) or "",
        "risk_tier": (config and config.governance.risk_tier) or "",
    }


def _annotations(
    alert: Alert, told: Told, config: ModelConfig | None, channels: ChannelsConfig
) -> dict[str, str]:
    found, base = alert.finding, channels.url.rstrip("/")
    page = f"{base}/models/{quote(alert.model, safe='')}?window={alert.window.start:%Y-%m-%d}"
    wait = channels.oncall.wait(found.severity)
    runbook, known = found.runbook or "", changed(told.recorded.audit, told.before)
    return {
        "summary": _summary(found),
        "description": describe(alert, people(config)),
        "impact": impact(found, told.recorded.audit.rows),
        "action_first": found.action or READ,
        "value": number(found.value),
        "interval": interval(found.low, found.high),
        "margin": number(found.margin),
        "n_band": band(found.n),
        "since": utc(alert.since.start),
        "evaluations_true": alert.why,
        "baseline": number(found.baseline),
        "model_version": alert.version,
        "last_change": f"{known}; planned: {told.planned}" if told.planned else known,
        "safe_fallback": channels.oncall.fallback(alert.model),
        "runbook_url": f"{base}/runbooks/{quote(runbook, safe='')}" if runbook else f"{base}/runbooks",
        "dashboard_url": page,
        "report_url": f"{page}#evidence",
        "plan": told.recorded.audit.plan
        or f"none approved; rules of the model's file {told.recorded.audit.config}",
        "computation_id": told.recorded.digest,
        "ledger_entry": told.entry,
        "confidence": found.grade or "not graded",
        "escalates_to": channels.oncall.next(found.severity),
        "escalates_at": utc(told.recorded.at + wait) if wait else "never",
    }


def linked(made: Notice, channels: ChannelsConfig) -> Notice:
    """With the link by which this very episode is acknowledged."""
    ack = f"{channels.url.rstrip('/')}/alerts?key={made.key}"
    return Notice(made.labels, {**made.annotations, "ack_url": ack}, made.starts, made.ends, made.silent)


def describe(alert: Alert, who: str) -> str:
    """What was found, in the pages' own sentence and figures; those that are withheld never come this far.

    The group is named here and not among the labels, which are kept and counted elsewhere.
    """
    found = alert.finding
    if alert.state == "ceased":
        return f"{title(found)}: {alert.why}."
    value = measured(found.value, found.unit, gap=found.group is not None)
    if found.slow is not None:
        news = f"from {figures.number(found.margin)} on it is news"
        return f"{sentence(found, who)} The windows since add up to {value}; {news}."
    likely = figures.interval(found.low, found.high, found.unit, gap=found.group is not None)
    said = f"{'Gap' if found.group is not None else 'Value'} {value}"
    parts = [f"{said} (95 % interval {likely})" if likely else said]
    if found.margin is not None:
        parts.append(f"margin {margin(found)}")
    return f"{sentence(found, who)} {'; '.join([*parts, alert.why])}."


def _summary(finding: Finding) -> str:
    if finding.slow is not None:
        return SLOWLY
    if finding.metric in ("freshness", "invalid_score_share"):
        return STOPPED
    return SUMMARIES.get(finding.family, "A finding is beyond its margin.")

"""Series: what Rounds exports, by name, with labels that say who a finding is about and what to do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from dashboards.scrape import Sample as Sample
from monitors.acting import Held
from monitors.audit import Finding
from monitors.config import ModelConfig
from monitors.glance import Glance, Spread, Stands
from monitors.notice import opaque
from monitors.oncall import READ, OnCall, band, impact, interval, number, on_trial
from monitors.retention import Done
from monitors.window import utc
from monitors.words.figures import counted, spell

LONGEST = 400  # bytes of a label's value: Prometheus refuses the whole scrape over one that is too long
SITES = 4  # whose volume is a series: those that sent fewest
TRIAL = "trial"  # in place of a severity: counted, told to nobody

CHECK = (
    "model", "site", "family", "metric", "subject", "attribute", "group", "severity", "owner_team",
    "runbook", "check",
)  # fmt: skip
# What there is to say of a finding, under the names that annotations of an alert have.
SAID = (
    "impact", "action_first", "value", "interval", "margin", "n_band", "since", "evaluations_true",
    "baseline", "model_version", "last_change", "safe_fallback", "computation_id", "ledger_entry",
    "confidence", "escalates_to", "escalates_at", "window", "key",
)  # fmt: skip
MODEL = (
    "model", "version", "risk_tier", "owner_team", "site", "environment", "safe_fallback", "last_change",
    "computation_id", "ledger_entry", "window", "rows",
)  # fmt: skip
_ALONE: tuple[str, ...] = ("model",)

# Name to labels and help. A margin is exported beside its value, so that one rule serves all
# models and metrics, and changing a margin changes no rule.
FAMILIES: dict[str, tuple[tuple[str, ...], str]] = {
    "rounds_up": ((), "1 when the ledger could be read at this scrape, else 0."),
    "rounds_series_dropped": ((), "Series left out because the scrape would have been too large."),
    "rounds_model_info": (MODEL, "One for each model that is watched, with what its last audit was."),
    "rounds_escalation_info": (
        ("severity", "escalates_to", "escalates_after"),
        "One for each severity: who hears of an alert nobody answers, and after how long.",
    ),
    "rounds_silenced_until_timestamp_seconds": (
        ("model", "check"),
        "Until when nobody is to be told of a check, or without one of a model that is being changed.",
    ),
    "rounds_rows": (_ALONE, "Rows in the last window; absent where too few to show."),
    "rounds_group_rows": (
        ("model", "attribute", "group"),
        "Rows of the sites that sent fewest in the last window; none where too few to show.",
    ),
    "rounds_window_end_timestamp_seconds": (_ALONE, "When the last audited window ended."),
    "rounds_window_due_timestamp_seconds": (_ALONE, "By when the next window's audit ought to be there."),
    "rounds_outcomes_due_timestamp_seconds": (
        _ALONE,
        "By when the outcomes of the oldest window that lacks them ought to be there.",
    ),
    "rounds_copies_owed": ((), "Audits whose copy has not reached MLflow."),
    "rounds_copies_set_aside": ((), "Copies MLflow refused again and again, set aside with a reason."),
    "rounds_pages_untold": ((), "Open pages that no channel has told anybody, those silenced left out."),
    "rounds_retention_last_success_timestamp_seconds": ((), "When retention last came to its end."),
    "rounds_retention_removed_bodies": ((), "What the retention rule has let go of the ledger, in all."),
    "rounds_retention_removed_bytes": ((), "How many bytes that had in the ledger."),
    "rounds_certificate_expires_timestamp_seconds": (
        (),
        "When the certificate ends that Rounds serves its pages with; none where a proxy does.",
    ),
    "rounds_last_success_timestamp_seconds": (
        ("model", "job"),
        "When the last audit was written to the ledger.",
    ),
    "rounds_findings": (("model", "verdict"), "Findings of the last window, those only shown left out."),
    "rounds_family_beyond": (
        ("model", "family"),
        "Findings of a family that are beyond their margin; none where there are none.",
    ),
    "rounds_family_worst_ratio": (
        ("model", "family"),
        "How far a family's worst finding is from its target, in margins.",
    ),
    "rounds_family_median_ratio": (
        ("model", "family"),
        "How far the middle one of a family's findings is from its target, in margins.",
    ),
    "rounds_finding_value": (CHECK, "Values of the worst findings that stand, in the metric's unit."),
    "rounds_finding_margin": (CHECK, "How far the value may be from its target, in the metric's unit."),
    "rounds_finding_beyond_windows": (
        CHECK,
        "Windows in a row in which the finding was beyond its margin; 0 when it is not.",
    ),
    "rounds_finding_info": (
        ("check", "model", *SAID),
        "One for each finding that is beyond its margin, with what an alert says of it.",
    ),
}


def name(text: str) -> str:
    """A label's value as it can be scraped: whole where it is short, else cut, and still its own.

    >>> name("lactate"), len(name("x" * 10_000))
    ('lactate', 390)
    """
    raw = text.encode("utf-8", "replace")
    if len(raw) <= LONGEST:
        return raw.decode()
    own = hashlib.sha256(raw).hexdigest()[:8]
    return f"{raw[: LONGEST - 20].decode(errors='ignore')}…~{own}"


def check(model: str, finding: Finding, config: ModelConfig | None, oncall: OnCall) -> tuple[str, ...]:
    """The labels of a finding's series, all the same so that they join."""
    where = config.columns.site if config else None
    here = finding.group is not None and finding.subject == where
    owner = finding.owner or (config.governance.owner.technical if config else None)
    told = {
        "model": model,
        "site": str(finding.group) if here else oncall.site,
        "family": finding.family,
        "metric": finding.metric,
        "subject": finding.subject,
        "attribute": finding.subject if finding.group is not None else "",
        "group": finding.group or "",
        "severity": TRIAL if on_trial(finding, config) else finding.severity,
        "owner_team": owner or "",
        "runbook": finding.runbook or "",
        "check": identity(model, finding),
    }
    return tuple(name(told[label]) for label in CHECK)


def identity(model: str, finding: Finding) -> str:
    """One short word for a check of a model, from which neither can be read."""
    return hashlib.sha256(f"{model}|{opaque(finding.key)}".encode("utf-8", "replace")).hexdigest()[:12]


def of_model(model: str, held: Glance | None, config: ModelConfig | None, oncall: OnCall) -> Sample:
    """What there is to say of a model as a whole."""
    governance = config.governance if config else None
    told = {
        "model": model,
        "version": held.version if held else config.version if config else "",
        "risk_tier": (governance and governance.risk_tier) or "",
        "owner_team": (governance and governance.owner.technical) or "",
        "site": oncall.site,
        "environment": oncall.environment,
        "safe_fallback": oncall.fallback(model),
        "last_change": held.changed if held else "no window was audited yet",
        "computation_id": held.digest if held else "none",
        "ledger_entry": f"entry-{held.entry}" if held else "none",
        "window": f"{held.window.start:%Y-%m-%d}" if held else "",
        "rows": band(held.rows) if held else "none",
    }
    return "rounds_model_info", tuple(name(told[label]) for label in MODEL), 1.0


def of_finding(
    labels: tuple[str, ...], stands: Stands, held: Glance, alert: Held | None, oncall: OnCall
) -> Sample:
    """What an alert says of a finding that stands, in words."""
    finding, wait = stands.finding, oncall.wait(stands.finding.severity)
    since = alert.notice.starts if alert else stands.since
    told = {
        "impact": impact(finding, held.rows),
        "action_first": finding.action or READ,
        "value": number(finding.value),
        "interval": interval(finding.low, finding.high),
        "margin": number(finding.margin),
        "n_band": band(finding.n),
        "since": utc(since) if since else "unknown",
        "evaluations_true": f"beyond its margin in {counted(stands.windows, 'window')} running",
        "baseline": number(finding.baseline),
        "model_version": held.version,
        "last_change": held.changed,
        "safe_fallback": oncall.fallback(labels[0]),
        "computation_id": stands.digest,
        "ledger_entry": f"entry-{stands.entry}",
        "confidence": finding.grade or "not graded",
        "escalates_to": oncall.next(finding.severity),
        "escalates_at": _at(alert, wait),
        "window": f"{stands.window.start:%Y-%m-%d}",
        "key": alert.key if alert else "",
    }
    own = (labels[CHECK.index("check")], labels[0])
    return "rounds_finding_info", (*own, *(name(told[label]) for label in SAID)), 1.0


def _at(alert: Held | None, wait: timedelta | None) -> str:
    if wait is None:
        return "never"
    return utc(alert.raised + wait) if alert else f"{spell(wait)} after it began"


def figures(labels: tuple[str, ...], finding: Finding) -> Iterator[Sample]:
    """Value and margin, where there are any."""
    if finding.value is not None:
        yield "rounds_finding_value", labels, finding.value
    if finding.margin is not None:
        yield "rounds_finding_margin", labels, finding.margin


def of_families(model: str, families: Mapping[str, Spread]) -> Iterator[Sample]:
    """What each family comes to, the furthest first: how many beyond, the worst, and the middle one.

    All in margins, so that families, models and windows can be set side by side. A count of none
    is no series: `rounds_findings` has the sum, and says so where it is 0.
    """
    named = name(model)
    for family, held in sorted(families.items(), key=lambda item: (-item[1].beyond, -(item[1].worst or 0.0))):
        if held.beyond:
            yield "rounds_family_beyond", (named, family), float(held.beyond)
        if held.worst is not None:
            yield "rounds_family_worst_ratio", (named, family), held.worst
        if held.median is not None:
            yield "rounds_family_median_ratio", (named, family), held.median


def of_sites(model: str, held: Glance, config: ModelConfig | None) -> Iterator[Sample]:
    """The volume of the sites that sent fewest, where the model's file names a site."""
    site = config.columns.site if config else None
    volumes = [(attribute, group, n) for attribute, group, n in held.groups if attribute == site]
    for attribute, group, n in volumes[:SITES]:
        yield "rounds_group_rows", (name(model), name(attribute), name(group)), float(n)


def of_retention(done: Done | None) -> Iterator[Sample]:
    """When retention was last done and what it let go, where a site has a rule."""
    if done is not None:
        yield "rounds_retention_last_success_timestamp_seconds", (), done.at.timestamp()
        yield "rounds_retention_removed_bodies", (), float(done.bodies)
        yield "rounds_retention_removed_bytes", (), float(done.bytes)


def of_silence(model: str, check: str, until: datetime) -> Sample:
    """Until when nobody is to be told of a check, or of a whole model."""
    return "rounds_silenced_until_timestamp_seconds", (name(model), check), until.timestamp()


def of_escalation(oncall: OnCall) -> Iterator[Sample]:
    """Who hears of what next, a series a severity."""
    for severity in oncall.escalation:
        wait = oncall.wait(severity)
        after = f"{spell(wait)} after it began" if wait else "never"
        yield "rounds_escalation_info", (severity, name(oncall.next(severity)), after), 1.0

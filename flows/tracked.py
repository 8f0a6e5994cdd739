"""What an audit becomes in MLflow: names, numbers and params, as plain values."""

from __future__ import annotations

import hashlib
import re

from monitors.audit import Audit, Finding, Verdict
from monitors.config import ModelConfig

HEADLINE = 12  # a LoggedModel's page loads every value it was ever given: keep to a dozen a window
LIMITED = ("performance", "fairness")  # families whose limits are drawn beside their values
LONGEST = 250  # characters in a key
MOST = 6000  # characters in a param; MLflow cuts longer ones silently


def key(*parts: str) -> str:
    """A metric's name from its parts, in the characters MLflow takes; no two parts read alike.

    Other characters become their UTF-8 bytes in hexadecimal, each after a dot.

    >>> key("fairness", "true_positive_rate", "race", "black/other")
    'fairness/true_positive_rate/race/black.2fother'
    """
    name = "/".join(escaped(part) for part in parts)
    if len(name) <= LONGEST - 10:  # leave room for ":low"
        return name
    return f"{name[: LONGEST - 40]}..{short(name)}"


def escaped(part: str) -> str:
    """One part of a name in MLflow's characters; empty text is `._`."""
    written = re.sub(
        r"[^A-Za-z0-9_\- ]",
        lambda match: "".join(f".{byte:02x}" for byte in match.group().encode()),
        part,
    )
    return written or "._"


def name_of(finding: Finding) -> str:
    """What a finding's value is called in MLflow."""
    parts = [finding.family, finding.metric, finding.subject, finding.group, finding.against]
    return key(*(part for part in parts if part is not None))


def measured(audit: Audit) -> dict[str, float]:
    """The numbers of the audit by their names in MLflow: every value, and limits where people compare groups.

    The rest is in the run's `audit.json`: MLflow's server works longest at writing numbers down.
    """
    values: dict[str, float] = {}
    for finding in audit.findings:
        if finding.value is None:
            continue
        name = name_of(finding)
        parts: dict[str, float | None] = {"": finding.value}
        if finding.family in LIMITED:
            parts |= {":low": finding.low, ":high": finding.high}
        for suffix, value in parts.items():
            if value is not None:
                values.setdefault(name + suffix, float(value))
    if audit.rows is not None:
        values["rows"] = float(audit.rows)
    for verdict, number in audit.counts().items():
        values[key("findings", verdict)] = float(number)
    return values


def headline(audit: Audit) -> frozenset[str]:
    """The few numbers a model is known by: how it does for everyone, and how much was found."""
    leading = [
        name_of(finding)
        for finding in audit.findings
        if finding.family == "performance" and finding.group is None and finding.value is not None
    ]
    always = ["rows", key("findings", Verdict.BEYOND)]
    return frozenset([*always, *dict.fromkeys(leading)][:HEADLINE])


def parameters(audit: Audit, config: ModelConfig) -> dict[str, str]:
    """What the audit was computed from and by which margins."""
    values = {
        "config": audit.config,
        "reference": audit.reference,
        "profile": audit.profile,
        "software": audit.software,
        "source": audit.source or "",
    }
    for where, rule in config.rules():
        scope = rule.by if rule.by is not None else rule.columns
        named = scope if isinstance(scope, str) else ", ".join(scope)
        margin = "shown only" if rule.margin is None else f"{rule.margin:g}"
        values.setdefault(key("margin", where, rule.measure, named), margin)
    return {name: value[:MOST] for name, value in values.items()}


def short(text: str) -> str:
    """A digest short enough for a name."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def shown(uri: str) -> str:
    """The store's address without user, password or query.

    >>> shown("https://ward:secret@mlflow.example.org/?token=x")
    'https://mlflow.example.org/'
    """
    return re.sub(r"//[^/]*@", "//", uri).partition("?")[0]


def page_of(run_id: str, experiment: str, tracking_uri: str) -> str | None:
    """Where people read a run; None where the store has no pages of its own.

    >>> page_of("4f1e", "2", "https://ward:secret@mlflow.example.org/")
    'https://mlflow.example.org/#/experiments/2/runs/4f1e'
    """
    if not tracking_uri.startswith(("http://", "https://")):
        return None
    return f"{shown(tracking_uri).rstrip('/')}/#/experiments/{experiment}/runs/{run_id}"

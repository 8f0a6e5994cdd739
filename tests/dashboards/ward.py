"""A small ward to look at: a real ledger of hand-built audits, one of them hostile in every name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from monitors.acting import raised
from monitors.audit import Audit, Finding, Verdict
from monitors.config import ModelConfig
from monitors.config_file import parse
from monitors.governance import deciding, inventory
from monitors.ledger import Ledger
from monitors.notice import Notice
from monitors.oncall import OnCall
from monitors.profile import Profile
from monitors.raters import form, queue
from monitors.suppression import published
from monitors.window import Window
from tests.dashboards import counted

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)  # a Wednesday; the last week closed on Monday
WEEKS = 10
LAST = datetime(2026, 3, 2, tzinfo=UTC)
HOSTILE = 'x"{y}\\<script>alert(1)</script>\n{{7*7}}'
SHARE = "share of rows"
ONCALL = OnCall(
    fallbacks={"sepsis-early-warning": "Use NEWS2; hide the tile."},
    escalation={"page": ((timedelta(minutes=15), "the second on call"),)},
)

REVIEW = queue.Queue(
    "", HOSTILE, "1", "2026-02-23T00:00:00Z/2026-03-02T00:00:00Z", HOSTILE, HOSTILE, "harm", 0.05,
    {HOSTILE: queue.Stratum(900, 100, 800)},
    {f"{i:016x}": queue.Output(HOSTILE, i % 2) for i in range(60)},
)  # fmt: skip

PAGES = {
    "fleet": "/",
    "sick": "/models/sepsis-early-warning",
    "well": "/models/readmission-30d",
    "silent": "/models/deterioration-index",
    "never": "/models/fall-risk",
    "hostile": "/models/odd-one",
    "groups": "/models/sepsis-early-warning/groups",
    "hostile groups": "/models/odd-one/groups?measure=true_positive_rate",
    "curves": "/models/stroke-risk/groups?scores=sex",
    "features": "/models/stroke-risk/features",
    "number": "/models/stroke-risk/features/lactate",
    "category": "/models/stroke-risk/features/ward",
    "uncounted": "/models/sepsis-early-warning/features/lactate",
    "window": "/models/sepsis-early-warning/window",
    "hostile window": "/models/odd-one/window",
    "health": "/health",
    "glossary": "/glossary",
    "alerts": "/alerts",
    "inventory": "/inventory",
    "evidence": "/evidence",
    "tool": "/inventory?tool=sepsis-early-warning",
    "hostile tool": f"/inventory?tool={quote(HOSTILE)}",
    "decisions": "/decisions",
    "matter": "/decisions?matter=R-2026-02",
    "decided": "/decisions?matter=R-2025-11",
    "review": f"/review?queue={REVIEW.name}",
    "runbooks": "/runbooks",
    "runbook": "/runbooks/calibration",
    "missing": "/runbooks/nothing-of-that-name",
}


def declared(model: str, *, tier: str = "high", lifecycle: str = "live", title: str = "") -> str:
    """A weekly model's file."""
    return f"""
model: {model}
version: "3.2"
source: {{kind: files, path: data.csv}}
columns:
  time: at
  id: visit
  patient: visit
  score: risk
  decision: {{score_at_least: 0.5}}
  outcome: sepsis
  numeric: [lactate, heart_rate, age]
  sensitive: [race, sex]
  site: hospital
outcome: {{matures_after: P30D}}
window: P7D
schedule: "0 6 * * 1"
reference: {{from: 2025-01-06, to: 2025-10-06}}
governance:
  title: {title or model.replace("-", " ").capitalize()}
  owner: {{clinical: "Dr. Chen, {model.split("-")[0]} lead", technical: clinical-ml}}
  risk_tier: {tier}
  intended_use: Warns the rapid response nurse. Not for withholding treatment.
  population: Adults on the wards.
  decision_role: augments
  lifecycle: {lifecycle}
"""


def config(model: str, *, tier: str = "high", lifecycle: str = "live", title: str = "") -> ModelConfig:
    """A weekly model."""
    return parse(declared(model, tier=tier, lifecycle=lifecycle, title=title), f"{model}.yaml")


def finding(metric: str, family: str, verdict: Verdict = Verdict.WITHIN, /, **given: Any) -> Finding:
    """A finding with what every one has."""
    held: dict[str, Any] = {"subject": "model", "unit": "pure number", "severity": "ticket", "n": 600}
    return Finding(metric=metric, family=family, verdict=verdict, **{**held, **given})


def usual(week: int) -> Iterator[Finding]:
    """What a quiet week of any model says."""
    wobble = (week * 7 % 5 - 2) / 100
    yield finding(
        "rows",
        "quality",
        subject="rows",
        unit="rows per day",
        value=86.0 + week,
        low=80.0,
        high=95.0,
        baseline=88.0,
        reference_n=4301,
        margin=0.5,
        severity="page",
        runbook="volume",
    )
    yield finding(
        "freshness",
        "quality",
        subject="rows",
        unit="share of the window",
        value=0.01,
        baseline=0.0,
        margin=0.5,
        severity="page",
        runbook="scores-stopped",
    )
    for column, missing in (("lactate", 0.02), ("heart_rate", 0.0), ("age", 0.0)):
        yield finding(
            "missing_share",
            "quality",
            subject=column,
            unit=SHARE,
            value=missing,
            baseline=missing,
            reference_n=4301,
            low=0.0,
            high=missing + 0.02,
            margin=0.1,
            runbook="missing-inputs",
        )
        yield finding(
            "wasserstein",
            "drift",
            subject=column,
            unit="reference SD",
            value=0.05 + abs(wobble),
            low=0.0,
            high=0.11,
            chance=0.12,
            margin=0.2,
            reference_n=4301,
            runbook="input-drift",
        )
    yield finding(
        "wasserstein",
        "drift",
        subject="score",
        unit="reference SD",
        value=0.04,
        chance=0.12,
        margin=0.2,
        severity="page",
        runbook="score-drift",
    )
    yield finding("psi", "drift", subject="lactate", unit="nats", value=0.31, severity="info", margin=None)
    yield finding(
        "auroc",
        "performance",
        value=0.79 + wobble,
        low=0.74,
        high=0.84,
        baseline=0.79,
        reference_n=4301,
        margin=0.05,
        severity="page",
        runbook="performance",
    )
    yield finding(
        "observed_expected_ratio",
        "performance",
        value=1.02 + wobble,
        low=0.9,
        high=1.1,
        baseline=1.0,
        margin=0.2,
        severity="page",
        runbook="calibration",
        events=60,
    )


def gaps() -> Iterator[Finding]:
    """Groups in every state: beyond, different, within, cannot tell, and one too small to show."""
    rows = (
        ("race", "white", 420, 0.03, -0.02, 0.08, Verdict.WITHIN),
        ("race", "black", 88, -0.19, -0.27, -0.12, Verdict.BEYOND),
        ("race", "asian", 44, -0.04, -0.21, 0.13, Verdict.CANNOT_TELL),
        ("race", "other", 7, -0.4, -0.8, 0.1, Verdict.CANNOT_TELL),
        ("race", "Unknown", 41, 0.12, 0.02, 0.22, Verdict.DIFFERENT),
        ("sex", "female", 310, 0.01, -0.04, 0.06, Verdict.WITHIN),
        ("sex", "male", 290, -0.01, -0.06, 0.04, Verdict.WITHIN),
    )
    for metric in ("true_positive_rate", "selection_rate"):
        for subject, group, n, value, low, high, verdict in rows:
            yield finding(
                metric,
                "fairness",
                verdict,
                subject=subject,
                group=group,
                against="rest",
                unit=SHARE,
                value=value,
                low=low,
                high=high,
                n=n,
                events=n // 2,
                reference_n=600 - n,
                level=0.7 + value,
                baseline=0.7,
                margin=0.1,
                severity="committee",
                runbook="group-gap",
                needs={"n": 294, "windows": 4} if verdict is Verdict.CANNOT_TELL else None,
                reason="the interval reaches across the margin" if verdict is Verdict.CANNOT_TELL else None,
                action="Bring it to the governance committee with the group's counts.",
            )


def sites(**rows: int) -> Iterator[Finding]:
    """How many people each site sent."""
    for site, n in rows.items():
        yield finding(
            "scored_share", "fairness", Verdict.CANNOT_TELL, subject="hospital", group=site, unit=SHARE,
            value=1.0, n=n, events=n, severity="info",
        )  # fmt: skip


def changed(findings: Iterator[Finding], *others: Finding) -> tuple[Finding, ...]:
    """Findings with some of them replaced by others of the same check."""
    put = {other.key: other for other in others}
    kept = [put.pop(f.key, f) for f in findings]
    return (*kept, *put.values())


def sick(week: int) -> tuple[Finding, ...]:
    """Lactate goes missing and risk is understated from the seventh week on."""
    bad = week >= WEEKS - 3
    lactate = finding(
        "missing_share",
        "quality",
        Verdict.BEYOND,
        subject="lactate",
        unit=SHARE,
        value=0.49,
        low=0.45,
        high=0.53,
        baseline=0.02,
        reference_n=4301,
        margin=0.1,
        runbook="missing-inputs",
        action="Ask the interface team whether the feed or its mapping changed.",
        owner="clinical-ml",
    )
    expected = finding(
        "observed_expected_ratio",
        "performance",
        Verdict.BEYOND,
        value=1.46,
        low=1.29,
        high=1.66,
        baseline=1.0,
        margin=0.2,
        severity="page",
        runbook="calibration",
        events=88,
        action="Tell the model's clinical owner.",
    )
    return (*changed(usual(week), *([lactate, expected] if bad else [])), *gaps())


def failed(week: int) -> tuple[Finding, ...]:
    """One check could not run; another cannot tell."""
    return changed(
        usual(week),
        finding("brier", "performance", Verdict.FAILED, value=None, n=None, reason="no outcome column"),
        finding(
            "auroc",
            "performance",
            Verdict.CANNOT_TELL,
            value=None,
            n=12,
            margin=0.05,
            severity="page",
            reason="12 rows where 30 are needed",
            needs={"n": 30, "windows": 3},
        ),
    )


def hostile(week: int) -> tuple[Finding, ...]:
    """Names that try to break out of HTML, SVG, JSON, formats and Prometheus labels."""
    return (
        *usual(week),
        finding(
            "missing_share",
            "quality",
            Verdict.BEYOND,
            subject=HOSTILE,
            unit=SHARE,
            value=0.4,
            baseline=0.1,
            reference_n=900,
            margin=0.1,
            action=HOSTILE,
            owner=HOSTILE,
            runbook=HOSTILE,
        ),
        finding(
            "total_variation", "drift", Verdict.BEYOND, subject=HOSTILE, unit=SHARE, value=0.4, margin=0.1
        ),
        finding(
            "true_positive_rate",
            "fairness",
            Verdict.BEYOND,
            subject=HOSTILE,
            group=HOSTILE,
            against=HOSTILE,
            unit=SHARE,
            value=-0.3,
            low=-0.4,
            high=-0.2,
            level=0.4,
            baseline=0.7,
            margin=0.1,
            severity="committee",
            n=300,
        ),
        finding(HOSTILE, "quality", Verdict.FAILED, subject=HOSTILE, value=None, reason=HOSTILE),
    )


def ward_mix() -> Iterator[Finding]:
    """The mix of a category."""
    yield finding(
        "total_variation", "drift", Verdict.WITHIN, subject="ward", unit=SHARE, value=0.03, chance=0.02,
        margin=0.1, n=3638, reference_n=9000,
    )  # fmt: skip


def record(ledger: Ledger, model: str, week: int, findings: tuple[Finding, ...], **given: Any) -> Audit:
    """Write one week's audit; the tenth week is the last."""
    start = LAST + timedelta(weeks=week - WEEKS)
    window = Window(start, start + timedelta(weeks=1))
    profile = Profile(window, 600, 0, None, window.end - timedelta(hours=1), {}, {})
    held: dict[str, Any] = {
        "version": "3.2",
        "stage": "scored",
        "rows": 600,
        "config": "sha256:" + "c" * 64,
        "reference": "sha256:" + "e" * 64,
        "software": "rounds 0.1.0",
    }
    audit = Audit(model=model, window=window, findings=findings, profile=profile.digest, **{**held, **given})
    ledger.record(audit, profile)
    return audit


def notice(model: str, name: str = "auroc", severity: str = "page", *, over: bool = False) -> Notice:
    """An alert as it is kept."""
    return Notice(
        {"alertname": "RoundsFindingBeyondMargin", "model_id": model, "metric": name, "subject": name,
         "severity": severity},
        {"summary": "The model does less well than agreed.", "description": f"{name} is beyond its margin.",
         "action_first": f"Look at {name}.", "runbook_url": "http://127.0.0.1:8321/runbooks/performance",
         "safe_fallback": "Use the usual screening.", "escalates_to": "the second on call",
         "escalates_at": "2026-03-04T08:00:00Z"},
        LAST,
        NOW if over else None,
    )  # fmt: skip


def before_committee(ledger: Ledger) -> None:
    """One report open, one decided with dissent, an action overdue, and a matter of a hostile name."""
    if ledger.get("report", "R-2025-11"):
        return
    facts = {"digest": "sha256:" + "d" * 64, "plan": "sepsis-bias v1 sha256:" + "b" * 64}
    for key, model in (("R-2025-11", "readmission-30d"), ("R-2026-02", "sepsis-early-warning")):
        said = f"{LAST - timedelta(weeks=8):%Y-%m-%dT00:00:00Z}/{LAST:%Y-%m-%dT00:00:00Z}"
        ledger.append("report", key, {"id": key}, model=model, window=said, summary=facts)
    deciding.bring(ledger, HOSTILE, HOSTILE, HOSTILE)
    deciding.sign(ledger, "R-2026-02", "Ada", "clinical owner", "approve", "none")
    deciding.sign(ledger, "R-2025-11", "Ada", "clinical owner", "approve", "none")
    deciding.sign(ledger, "R-2025-11", HOSTILE, "privacy", "reject", HOSTILE, HOSTILE)
    deciding.decide(ledger, "R-2025-11", "pause", "Two groups are missed.", "Cleo", "chair", ["until mended"])
    inventory.record(ledger, HOSTILE, {"title": HOSTILE, "function": HOSTILE, "vendor": HOSTILE}, HOSTILE)
    inventory.record(ledger, "note-taker", {"function": HOSTILE, "tier": "low"}, "Ada")
    inventory.report(ledger, f"seen {HOSTILE}", {"vendor": HOSTILE, "purpose": HOSTILE}, HOSTILE)
    inventory.move(ledger, {}, "note-taker", "silent", "Ada", HOSTILE, NOW, despite=True)
    deciding.owe(
        ledger, "R-2025-11", "Recalibrate for both groups", "Bea", date(2026, 2, 1), "O/E within .15"
    )


def build(folder: Path) -> tuple[Ledger, dict[str, ModelConfig]]:
    """The ward as most tests look at it."""
    ledger = Ledger(f"sqlite:///{folder}/ledger.db", lambda: NOW - timedelta(hours=2))
    for week in range(WEEKS):
        record(
            ledger,
            "sepsis-early-warning",
            week,
            (*sick(week), *sites(North=300, South=194, West=100, Annexe=6)),
        )
        record(ledger, "readmission-30d", week, (*usual(week), *sites(South=600)))
        record(ledger, "imaging-triage", week, failed(week))
        if week < WEEKS - 3:
            record(ledger, "deterioration-index", week, tuple(usual(week)))
        if week >= WEEKS - 2:
            record(ledger, "odd-one", week, hostile(week), version=HOSTILE, software=HOSTILE)
    record(ledger, HOSTILE, WEEKS - 1, hostile(WEEKS - 1))
    counted.record(
        ledger, Window(LAST - timedelta(weeks=1), LAST), (*usual(WEEKS - 1), *ward_mix(), *counted.gaps())
    )
    for alert in (
        notice("sepsis-early-warning"),
        notice("sepsis-early-warning", "brier", "ticket"),
        notice("readmission-30d"),
        notice("readmission-30d", over=True),
        notice(HOSTILE, HOSTILE, "committee"),
    ):
        raised(ledger, alert, "2026-02-23T00:00:00Z/2026-03-02T00:00:00Z")
    taken = notice("sepsis-early-warning", "brier").key
    ledger.append("acknowledged", taken, {"by": "Ada", "reason": HOSTILE}, model="sepsis-early-warning")
    before_committee(ledger)
    queue.keep(ledger, REVIEW)
    said = {"omission": "no", "addition": "yes", "harm": "yes", "severity": "mild"}
    read = [said | {"output": name, "by": by} for name in REVIEW.outputs for by in ("Ada", HOSTILE)]
    form.keep(ledger, REVIEW.name, [("", each) for each in read])
    configs = [
        config("sepsis-early-warning"),
        config("readmission-30d", tier="medium"),
        config("deterioration-index"),
        config("imaging-triage", tier="low"),
        config("fall-risk", tier="medium"),
        config(counted.NAME, tier="medium"),
        config("no-show", tier="low", lifecycle="paused"),
    ]
    return ledger, {made.model: made for made in configs}


__all__ = ["HOSTILE", "LAST", "NOW", "PAGES", "WEEKS", "build", "config", "finding", "published", "record"]

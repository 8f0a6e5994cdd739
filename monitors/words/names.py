"""What things are called for people: verdicts, families, measures, columns and groups."""

from __future__ import annotations

from monitors.audit import SLOW, Finding, Verdict
from monitors.config import ModelConfig
from monitors.words.figures import PLAIN, SHORT

VERDICTS: dict[str, tuple[str, str]] = {
    Verdict.BEYOND: ("Beyond", "Further than its margin, and more than chance alone would reach."),
    Verdict.FAILED: ("Failed", "The check could not run, so nothing is known. Someone has to look."),
    Verdict.DIFFERENT: ("Different", "It moved; whether by more than the margin is unclear."),
    Verdict.CANNOT_TELL: ("Cannot tell", "Too little to go on: neither good news nor bad."),
    Verdict.WITHHELD: ("Withheld", "Too few people to show without pointing at them. It is not zero."),
    Verdict.WITHIN: ("Within", "Inside its margin, and there was enough to see it if it were not."),
}
FAMILIES = {
    "quality": "Data",
    "drift": "Drift",
    "performance": "Performance",
    "fairness": "Gaps",
    "oversight": "Oversight",
    "text": "Text",
}
SEVERITIES = {"page": "Act now", "ticket": "This week", "committee": "Committee", "info": "For information"}
MEASURES = {
    "rows": "Volume",
    "freshness": "Silence at the end of the window",
    "invalid_score_share": "Impossible scores",
    "wrong_version_share": "Wrong version",
    "score_spread": "Spread of the scores",
    "silent_groups": "Groups that sent nothing",
    "halved_groups": "Groups that sent less than half",
    "duplicate_share": "Duplicates",
    "missing_share": "Missing",
    "unseen_share": "New categories",
    "out_of_range_share": "Out of range",
    "unusable_share": "Not a number",
    "wasserstein": "Shift (Wasserstein)",
    "anderson_darling": "Shift (Anderson–Darling)",
    "kolmogorov_smirnov": "Shift (Kolmogorov–Smirnov)",
    "total_variation": "Shift (total variation)",
    "jensen_shannon": "Shift (Jensen–Shannon)",
    "psi": "Shift (PSI)",
    "domain_classifier": "Columns together (domain classifier)",
    "permutation_importance": "Carries the difference",
    "auroc": "Discrimination (AUROC)",
    "observed_expected_ratio": "Observed over expected",
    "brier": "Brier score",
    "true_positive_rate": "Sensitivity",
    "true_negative_rate": "Specificity",
    "false_positive_rate": "False alarms",
    "false_negative_rate": "Missed",
    "positive_predictive_value": "Positive predictive value",
    "negative_predictive_value": "Negative predictive value",
    "selection_rate": "Flagged",
    "miscalibration_loss": "Miscalibration loss",
    "action_rate": "Flags acted on",
    "override_rate": "Flags overridden",
    "override_right_rate": "Overridden rightly",
    "alerts_per_case": "Flags per case found",
    "group_mix": "Mix of groups",
    "unknown_share": "Group not known",
    "scored_share": "Scored",
    "coverage": "Scored of those eligible",
    "label_coverage": "Outcomes known",
    "estimated_auroc": "Estimated discrimination (AUROC)",
    "estimated_true_positive_rate": "Estimated sensitivity",
    "estimated_false_positive_rate": "Estimated false alarms",
    "estimated_positive_predictive_value": "Estimated positive predictive value",
    "estimated_brier": "Estimated Brier score",
    "estimated_observed_expected_ratio": "Estimated observed over expected",
    "alerts_per_100_patient_days": "Flags per 100 patient-days",
    "time_to_action": "Time to action",
    "time_to_action_90": "Time to action, slow tenth",
    "incomplete_share": "Inputs incomplete",
    "accuracy": "Right answers",
    "balanced_accuracy": "Right answers, each as often",
    "macro_f1": "F1 over answers",
    "mean_absolute_error": "Mean absolute error",
    "mean_error": "Mean error",
    "root_mean_squared_error": "Root mean squared error",
    "r_squared": "R² (share of variance)",
    "hit_rate": "Right answer on the list",
    "mean_reciprocal_rank": "Mean reciprocal rank",
}

WHOLE = ("rows", "model", "score", "decision", "outcome", "")  # subjects that are no column


def measure(name: str) -> str:
    """A measure's name for people.

    >>> measure("auroc"), measure("net_benefit"), measure("evidently:jensenshannon")
    ('Discrimination (AUROC)', 'Net benefit', 'Jensenshannon (Evidently)')
    >>> measure("slow:auroc")
    'Slow change: Discrimination (AUROC)'
    """
    if name.startswith(SLOW):
        return f"Slow change: {measure(name.removeprefix(SLOW))}"
    if name.startswith("evidently:"):
        return f"{measure(name.removeprefix('evidently:'))} (Evidently)"
    return MEASURES.get(name) or titled(name)


def shift(finding: Finding) -> str:
    """How a shift was measured, with its unit, short enough for a column.

    >>> shift(Finding(metric="wasserstein", family="drift", subject="age", unit="reference SD",
    ...     verdict=Verdict.WITHIN))
    'Wasserstein, SD'
    """
    name = measure(finding.metric).removeprefix("Shift (").removesuffix(")")
    unit = SHORT.get(finding.unit, finding.unit).partition(" ")[0]
    return raised(name) if finding.unit in PLAIN else f"{raised(name)}, {unit}"


def titled(name: str) -> str:
    """A column's name with its first letter raised and underscores as spaces.

    >>> titled("urine_output")
    'Urine output'
    """
    return raised(name.replace("_", " ").strip())


def raised(text: str) -> str:
    """The text with its first letter a capital, the others as they are."""
    return text[:1].upper() + text[1:]


def people(config: ModelConfig | None) -> str:
    """What a row is: a patient, where each is scored once, or else a prediction."""
    columns = config.columns if config else None
    once = columns is not None and columns.patient is not None and columns.patient == columns.id
    return "patients" if once else "predictions"


def subject(finding: Finding) -> str:
    """What was measured: a column, the score, or a group of people."""
    if finding.group is not None:
        return f"{finding.subject} {finding.group}"
    return {"score": "the score", "decision": "the decision", "outcome": "the outcome"}.get(
        finding.subject, titled(finding.subject)
    )


def title(finding: Finding) -> str:
    """A short name: the measure, and of what where that is not plain."""
    if finding.group is not None or finding.subject not in WHOLE:
        return f"{measure(finding.metric)}, {subject(finding)}"
    alone = finding.subject in ("rows", "model", "") or "score" in finding.metric
    return measure(finding.metric) if alone else f"{measure(finding.metric)}, {subject(finding)}"

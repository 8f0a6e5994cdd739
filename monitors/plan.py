"""The plan: what is watched, how far it may go and who acts; and the plan Rounds ships."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from monitors.audit import Severity

RISK = "risk"  # `within` people of the same score
# Gaps that can be compared within strata.
COMPARED = (
    "true_positive_rate",
    "false_negative_rate",
    "false_positive_rate",
    "true_negative_rate",
    "positive_predictive_value",
    "negative_predictive_value",
    "false_omission_rate",
    "selection_rate",
)


class Rule(BaseModel):
    """One line of a plan: a measure, where it is taken, its margin, and who acts on it.

    `columns` picks columns ("all", "numeric", "categorical", "score", "decision", "outcome",
    or names); `by` picks attributes ("sensitive", "intersections", "site", or names) and makes the measure a
    gap `against` the rest or a named group, or, with `against: target`, judges each group by itself.

    >>> Rule(measure="psi", columns="all", margin=0.1).severity
    'ticket'
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    measure: str = Field(description="A metric's name, or evidently:METHOD.")
    columns: str | tuple[str, ...] = Field(
        "all", description="all | numeric | categorical | score | decision | outcome | names"
    )
    by: str | tuple[str, ...] | None = Field(
        None, description="sensitive | intersections | site | names of attributes; makes the measure a gap"
    )
    against: str = Field("rest", description="With `by`: rest, target, or the name of a group.")
    within: str | None = Field(
        None,
        description="With `by`: a gap that shows is also compared among people of the same value of this "
        "categorical column or attribute; or of the same risk, where decisions are a column of their own.",
    )
    margin: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        None, description="How far the value may be from its target; none: shown, not judged."
    )
    severity: Severity = Field("ticket", description="page | ticket | committee | info")
    min_rows: int = Field(30, ge=1, description="Fewer rows than this in the denominator: cannot tell.")
    slow_change: int | None = Field(
        None, ge=10, description="Watch for slow change too; windows to expect between its false alarms."
    )
    owner: str | None = None
    action: str | None = Field(None, description="What to do first, in one sentence.")
    runbook: str | None = Field(None, description="The name of a page in docs/runbooks/.")
    silent: bool = Field(False, description="On trial: its alerts are counted and told to nobody.")


def _rule(
    measure: str,
    margin: float | None,
    severity: Literal["page", "ticket", "committee", "info"] = "ticket",
    *,
    columns: str = "all",
    by: str | None = None,
    against: str = "rest",
    action: str,
    runbook: str,
) -> Rule:
    return Rule(
        measure=measure,
        columns=columns,
        by=by,
        against=against,
        margin=margin,
        severity=severity,
        action=action,
        runbook=runbook,
    )


_FEED = "Ask the interface team whether the feed or its mapping changed."
_SCORES = "Check that scores still arrive and tell the ward to use the fallback if they do not."
_SILENT = "Ask the interface team for the feed of what is named; tell its ward that nobody is scored."
_HALVED = "Ask the interface team which part of the feed of what is named is missing."
_MODEL = "Tell the model's clinical owner; compare with the last version, feed or coding change."
_GROUP = "Bring it to the governance committee with the group's counts and the bias audit."

_MIX = "Ask whether a unit, site or clinic was opened, closed or connected, and whether anybody was lost."
_REGISTRATION = "Ask registration whether a form, question or mapping changed."
_UNSCORED = "Ask the interface team why these people got no score, and tell the ward that they have none."
_FOLLOWED = "Ask whoever keeps the outcome whether its source is complete for these people."

_ESTIMATED = ("auroc", "true_positive_rate", "observed_expected_ratio")  # ranks, misses, level: by group too

# Margins are starting points for a conversation, not findings of fact; `rounds calibrate`
# and the committee set a site's own. PSI is shown because people know it; it is not judged,
# because at a hospital's volumes it finds half of what Wasserstein finds.
DEFAULT_PLAN: tuple[Rule, ...] = (
    _rule("rows", 0.5, "page", action=_SCORES, runbook="volume"),
    _rule("freshness", 0.5, "page", action=_SCORES, runbook="scores-stopped"),
    _rule("invalid_score_share", 0.005, "page", action=_SCORES, runbook="impossible-inputs"),
    _rule("wrong_version_share", 0.005, "page", action=_SCORES, runbook="wrong-version"),
    _rule("score_spread", 0.8, "page", action=_SCORES, runbook="scores-stopped"),
    _rule("silent_groups", 0.5, "page", by="site", action=_SILENT, runbook="feed-missing"),
    _rule("silent_groups", 0.5, by="sensitive", action=_SILENT, runbook="feed-missing"),
    _rule("halved_groups", 0.5, by="site", action=_HALVED, runbook="feed-missing"),
    _rule("halved_groups", 0.5, by="sensitive", action=_HALVED, runbook="feed-missing"),
    _rule("duplicate_share", 0.02, action=_FEED, runbook="duplicates"),
    _rule("missing_share", 0.05, action=_FEED, runbook="missing-inputs"),
    _rule("unseen_share", 0.02, columns="categorical", action=_FEED, runbook="unseen-categories"),
    _rule("out_of_range_share", 0.02, columns="numeric", action=_FEED, runbook="impossible-inputs"),
    _rule("unusable_share", 0.01, columns="numeric", action=_FEED, runbook="impossible-inputs"),
    _rule("wasserstein", 0.2, "page", columns="score", action=_MODEL, runbook="score-drift"),
    _rule("wasserstein", 0.2, columns="numeric", action=_FEED, runbook="input-drift"),
    _rule("total_variation", 0.1, columns="categorical", action=_FEED, runbook="input-drift"),
    _rule("total_variation", 0.1, columns="decision", action=_MODEL, runbook="score-drift"),
    _rule("total_variation", 0.1, columns="outcome", action=_MODEL, runbook="outcome-drift"),
    # Who is here at all, and of whom it is not known who they are: before any gap is read.
    _rule("group_mix", 0.1, by="sensitive", action=_MIX, runbook="group-mix"),
    _rule("unknown_share", 0.05, by="sensitive", action=_REGISTRATION, runbook="unknown-groups"),
    _rule("scored_share", 0.05, "committee", by="sensitive", action=_UNSCORED, runbook="not-scored"),
    _rule("coverage", 0.05, action=_UNSCORED, runbook="not-scored"),
    _rule("coverage", 0.05, "committee", by="sensitive", action=_UNSCORED, runbook="not-scored"),
    _rule("label_coverage", 0.1, "committee", by="sensitive", action=_FOLLOWED, runbook="outcomes-missing"),
    _rule("psi", 0.2, "info", action=_FEED, runbook="input-drift"),
    _rule("auroc", 0.05, "page", action=_MODEL, runbook="performance"),
    _rule("observed_expected_ratio", 0.2, "page", action=_MODEL, runbook="calibration"),
    _rule("calibration_slope", 0.25, action=_MODEL, runbook="calibration"),
    _rule("calibration_intercept", 0.4, action=_MODEL, runbook="calibration"),
    _rule("brier", 0.05, action=_MODEL, runbook="performance"),
    _rule("true_positive_rate", 0.1, action=_MODEL, runbook="performance"),
    _rule("true_negative_rate", 0.1, action=_MODEL, runbook="performance"),
    _rule("positive_predictive_value", 0.1, action=_MODEL, runbook="performance"),
    _rule("negative_predictive_value", 0.1, action=_MODEL, runbook="performance"),
    _rule("selection_rate", 0.1, action=_MODEL, runbook="score-drift"),
    *(
        _rule(measure, margin, "committee", by="sensitive", action=_GROUP, runbook="group-gap")
        for measure, margin in (
            ("selection_rate", 0.1),
            ("true_positive_rate", 0.1),
            ("false_positive_rate", 0.1),
            ("positive_predictive_value", 0.1),
            ("observed_expected_ratio", 0.2),
            ("auroc", 0.1),
            # Where it is recorded what staff did: a gap that people, not the model, make.
            ("action_rate", 0.1),
            # Beside each gap the part of it that recalibrating the group would mend.
            ("miscalibration_loss", 0.1),
            ("miscalibration_loss_false_positive", 0.1),
            ("miscalibration_loss_selection", 0.1),
            ("miscalibration_loss_net_benefit", 0.01),
        )
    ),
    _rule(
        "net_benefit_over_default",
        0.01,
        "committee",
        by="sensitive",
        against="target",
        action="Ask whether these people are better off without the tool.",
        runbook="group-gap",
    ),
    _rule(
        "calibration_near_threshold",
        0.25,
        "committee",
        by="sensitive",
        against="target",
        action=_GROUP,
        runbook="group-gap",
    ),
    # How many people each site sends, and how many of them get a score: shown, never judged.
    _rule("scored_share", None, "info", by="site", action=_SILENT, runbook="feed-missing"),
    # Before outcomes are known; shown beside, never judged.
    *(
        _rule(f"estimated_{measure}", None, "info", by=by, action=_MODEL, runbook="performance")
        for by, measures in (
            (None, ("false_positive_rate", "positive_predictive_value", "brier", *_ESTIMATED)),
            ("sensitive", _ESTIMATED),
        )
        for measure in measures
    ),
    # Many small groups side by side: shown with how far each was drawn towards all, never judged.
    _rule(
        "pooled_true_positive_rate",
        None,
        "info",
        by="intersections",
        against="target",
        action=_GROUP,
        runbook="group-gap",
    ),
)

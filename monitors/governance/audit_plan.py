"""An audit's plan: which questions are asked, of whom and how far the answers may go, before anyone looks.

Other than a model's monitoring rules, from which its checks are made each window, this is one
period's promise: it is registered, approved and hashed, and what it did not ask is exploratory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from monitors.audit import Finding
from monitors.canonical import digest
from monitors.checks import checks
from monitors.columns import Strict
from monitors.config import ModelConfig
from monitors.config_file import checked, mapping, text_of
from monitors.window import Window, moment

PRIMARY = 10  # comparisons of the primary family at most; more of them leave too little for each
Family = Literal["primary", "secondary", "exploratory"]


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("say it in words")
    return text.strip()


Words = Annotated[str, AfterValidator(_said)]


class Span(Strict):
    """The period the answers are for, [from, to)."""

    start: date = Field(alias="from")
    end: date = Field(alias="to")

    @model_validator(mode="after")
    def _forward(self) -> Span:
        if self.start >= self.end:
            raise ValueError("`from` must be before `to`")
        return self


class Question(Strict):
    """One measure of the groups of one attribute against a comparator, and how far apart they may be."""

    measure: str = Field(description="A metric's name, as the model's own rules say it.")
    by: str = Field(description="Which registered grouping of people.")
    groups: tuple[str, ...] = Field((), description="Whom it is asked of; every group where none is named.")
    against: str = Field("rest", description="Everyone else, or one group; never the best of them.")
    margin: float = Field(gt=0, allow_inf_nan=False)
    people: Words | None = Field(None, description="The margin in people, as in: 10 more missed of 1,000.")
    reason: Words = Field(description="Why this margin: what harm lies on either side of it.")
    family: Family = "primary"

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.measure} by {self.by}"


class Exclusion(Strict):
    """Who or what is left out, and why."""

    what: Words
    reason: Words


class Interest(Strict):
    """A group looked at on purpose, and why."""

    group: Words
    reason: Words


class AuditPlan(Strict):
    """The registered questions of one audit."""

    plan: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=100)]
    model: str
    question: Words = Field(description="What the committee wants to know, in one sentence.")
    period: Span
    questions: tuple[Question, ...] = Field(min_length=1)
    groups_of_interest: tuple[Interest, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    looks: Words = Field(
        "once, when the period is over", description="How often the questions are asked of the period."
    )

    @property
    def digest(self) -> str:
        """The hash that is approved, and cited by whatever answers it."""
        return digest(self.model_dump(mode="json", by_alias=True))

    def window(self, config: ModelConfig) -> Window:
        """The period in the model's own days."""
        start, end = (moment(day.isoformat(), config.zone) for day in (self.period.start, self.period.end))
        return Window(start, end)

    def asks(self, finding: Finding) -> Question | None:
        """The question that a finding answers; None where nobody asked."""
        for question in self.questions:
            same = (question.measure, question.by, question.against)
            if same != (finding.metric, finding.subject, finding.against):
                continue
            if finding.group in question.groups or (finding.group is not None and not question.groups):
                return question
        return None

    def compared(self, findings: Sequence[Finding]) -> int:
        """How many comparisons the primary family makes among these findings."""
        asked = (self.asks(f) for f in findings)
        return sum(q is not None and q.family == "primary" for q in asked)


def read(path: Path) -> AuditPlan:
    """Read a plan's file. Raises ConfigError with every mistake."""
    declared = mapping(text_of(path, "an audit plan's"), path.name, "an audit's plan", "docs/governance.md")
    return checked(AuditPlan, declared, path.name)


def misfits(plan: AuditPlan, config: ModelConfig) -> Iterator[str]:
    """Where a plan and the model's own rules disagree, each with its remedy: one of them would be ignored."""
    if plan.model != config.model:
        yield f"model: must be {config.model!r}, as the model's file says (got {plan.model!r})"
    known = {(c.metric.name, c.attribute): c.rule for c in checks(config) if c.attribute is not None}
    for place, question in enumerate(plan.questions, start=1):
        rule = known.get((question.measure, question.by))
        if rule is None:
            about = sorted({str(by) for measure, by in known if measure == question.measure})
            hint = f"it is taken by {', '.join(about)}" if about else "it is not taken of any grouping"
            yield f"questions.{place}: {question.name} is no check of {config.model}; {hint}"
        elif rule.margin != question.margin:
            yield (
                f"questions.{place}.margin: the model's file judges {question.name} at {rule.margin}; "
                f"make them agree (got {question.margin})"
            )
        elif rule.against != question.against:
            yield (
                f"questions.{place}.against: the model's file compares with {rule.against!r}; "
                f"make them agree (got {question.against!r})"
            )
    listed = sum(len(q.groups) for q in plan.questions if q.family == "primary")
    if listed > PRIMARY:
        yield (
            f"questions: the primary family makes {listed} comparisons where {PRIMARY} are the most; "
            f"make some of them secondary"
        )

"""A model's configuration: what people declare about one deployed model version, in one file."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import cache, cached_property
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from monitors import shared_bins
from monitors.budget import Budget
from monitors.canonical import digest
from monitors.columns import Columns, Strict
from monitors.columns import IsoLength as IsoLength  # where others look for it
from monitors.declared_source import Source
from monitors.join import Join
from monitors.plan import DEFAULT_PLAN, Rule
from monitors.pooling_map import PoolingMap
from monitors.schedule import five_fields
from monitors.window import FIRST, MONDAY, Grid, Length, Window, in_our_time, moment

_MODEL_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NO_FINDING: Any = {
    "multivariate": {"schedule"},
    "schedule": True,
    "jitter": True,
    "arrival": True,
    "governance": True,
    "plan": {"__all__": {"silent"}},
    "pooling": {"approved": True},
}
_TWO_DAYS = (date(2026, 1, 5), date(2026, 1, 6))  # that a name has to tell apart


def _text_of_day(value: Any) -> Any:
    # YAML reads 1989-06-12 as a date; keep one reading for dates, times and text.
    return value.isoformat() if isinstance(value, date) else value


Moment = Annotated[str, BeforeValidator(_text_of_day)]


class WindowSpec(Strict):
    """How long a window is and where the grid is anchored."""

    length: IsoLength
    anchor: date | None = None
    one_per_patient: Literal["first", "last", "highest_score"] | None = Field(
        None,
        description="Count one row of each patient in each window; "
        "without it every row counts and intervals are widened by how patients repeat.",
    )
    one_per_encounter: Literal["first", "last", "highest_score"] | None = Field(
        None, description="Count one row of each encounter in each window."
    )

    _when = field_validator("anchor")(in_our_time)

    @property
    def one_per(self) -> str | None:
        """Which row of a patient or an encounter counts, where one does."""
        return self.one_per_patient or self.one_per_encounter


class OutcomeSpec(Strict):
    """When an outcome can be taken as known."""

    matures_after: IsoLength


class ArrivalSpec(Strict):
    """When a window's rows can be taken as there, and how long they may still change."""

    delay: IsoLength | None = Field(
        None, description="A window is due this long after it ended; without it, at once."
    )
    marker: str | None = Field(
        None,
        description="A file, relative to this one, that the feed writes when a window is complete, such as "
        "`done/{end:%Y-%m-%d}.ok`; a window waits for it.",
    )
    rows: float | None = Field(
        None,
        gt=0,
        le=1,
        description="A window waits until it holds this share of the rows that windows before it had "
        "(the median of the last eight); needs `patience`.",
    )
    patience: IsoLength | None = Field(
        None,
        description="How long after a window ended its rows or its marker are waited for; then it is "
        "audited with what is there, and rows that are missing are a finding. Without it a marker is "
        "waited for without end.",
    )
    recount: int = Field(
        1,
        ge=0,
        le=60,
        description="How many windows before the last are counted again when the source changed since.",
    )

    @model_validator(mode="after")
    def _ends(self) -> ArrivalSpec:
        if self.rows is not None and self.patience is None:
            raise ValueError("`rows` needs `patience`: how long to wait for them")
        return self

    @field_validator("marker")
    @classmethod
    def _names_a_window(cls, marker: str | None) -> str | None:
        if marker is None:
            return None
        try:
            named = {marker.format(start=day, end=day) for day in _TWO_DAYS}
        except (KeyError, IndexError, ValueError, AttributeError):
            raise ValueError("may hold {start} and {end} with a format of days, and nothing else") from None
        if len(named) < 2:
            raise ValueError("must differ from window to window: write {start:%Y-%m-%d} or {end:%Y-%m-%d}")
        return marker


class FixedReference(Strict):
    """A reference period, from one day to another."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")
    bins: str | SkipJsonSchema[dict[str, Any]] | None = Field(
        None, description="A file of bins shared among sites (`rounds federate bins`), relative to this file."
    )

    _when = field_validator("start", "end")(in_our_time)

    @field_validator("bins")
    @classmethod
    def _whole(cls, bins: Any) -> Any:
        if isinstance(bins, dict):
            shared_bins.read(bins)
        return bins


class TrailingReference(Strict):
    """A reference that follows: the time before the window, with a gap of `offset`."""

    trailing: IsoLength
    offset: IsoLength | None = None


def _which_reference(declared: Any) -> str:
    trailing = isinstance(declared, TrailingReference) or (
        isinstance(declared, dict) and "trailing" in declared
    )
    return "TrailingReference" if trailing else "FixedReference"


Reference = Annotated[
    Annotated[FixedReference, Tag("FixedReference")] | Annotated[TrailingReference, Tag("TrailingReference")],
    Discriminator(_which_reference),
]


class Owners(Strict):
    """Who answers for the model."""

    clinical: str | None = None
    technical: str | None = None
    executive: str | None = None


class Device(Strict):
    """Whether somebody calls it a medical device. Rounds records the claim and never makes one."""

    status: str = Field(description='As claimed, such as "cleared (510(k))" or "not a device".')
    by: str
    basis: str | None = None
    on: date | None = None


class Governance(Strict):
    """What a committee knows the model by."""

    title: str | None = None
    owner: Owners = Owners()
    risk_tier: Literal["high", "medium", "low"] | None = None
    intended_use: str | None = None
    population: str | None = None
    outcome: str | None = Field(
        None, description="What the outcome column means, for people: death within 180 days."
    )
    decision_role: Literal["informs", "augments", "replaces"] | None = None
    function: str | None = Field(None, description="What it does, in few words; two that do the same show.")
    vendor: str | None = None
    device: Device | None = None
    review: date | None = Field(None, description="When it is looked at again as a whole.")
    lifecycle: Literal[
        "proposed", "assessed", "silent", "pilot", "live", "restricted", "paused", "retired"
    ] = "live"


class EvidentlySpec(Strict):
    """Whether a window gets an Evidently report beside its audit."""

    report: Literal["never", "on_change", "always"] = "on_change"


class MlflowSpec(Strict):
    """How the model is known to MLflow."""

    registered_model: str | None = Field(None, description="The registered model's name.")
    experiment: str | None = Field(None, description="Defaults to rounds/MODEL.")


class MultivariateSpec(Strict):
    """Whether columns are also looked at together, from a sample of rows that is never kept."""

    schedule: str | None = Field(None, description="Cron, apart from the audits; none: only by hand.")
    rows: int = Field(2_000, ge=100, le=20_000, description="Sampled at most, of window and reference each.")
    margin: float = Field(
        0.1, gt=0, lt=0.5, description="How far above .5 the AUROC of telling them apart may lie."
    )
    severity: Literal["ticket", "info"] = "ticket"
    owner: str | None = None

    @field_validator("schedule")
    @classmethod
    def _cron(cls, schedule: str | None) -> str | None:
        return five_fields(schedule)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())  # reads a folder of hundreds, for each model's file


def known_zone(name: str) -> str:
    """The name, when the zone exists; else ValueError with the remedy."""
    if name not in _zones():
        raise ValueError(f"must be an IANA time zone such as Europe/Berlin (got {name!r})")
    return name


class ModelConfig(Strict):
    """Everything people declare about one deployed model version."""

    model: str = Field(description="Lower-case letters, digits and dashes; unique.")
    version: str
    source: Source
    eligible: Source | None = Field(
        None,
        description="Everyone who ought to be scored: a source with the same time and group columns; "
        "people are counted, never matched. Left out: rows without a score count as not scored.",
    )
    joined: tuple[Join, ...] = Field(
        (), description="Outcomes and what staff did, from other sources, joined by key where the rows are."
    )
    columns: Columns
    outcome: OutcomeSpec | None = None
    window: WindowSpec
    timezone: Annotated[str, AfterValidator(known_zone)] = "UTC"
    schedule: str | None = Field(None, description="Cron, in that time zone.")
    jitter: int = Field(
        0,
        ge=0,
        le=59,
        description="Minutes over which starts are spread, by the model's name, always the same; for a "
        "schedule whose minute is a number.",
    )
    arrival: ArrivalSpec = ArrivalSpec()
    reference: Reference
    plan: tuple[Rule, ...] = ()
    pooling: PoolingMap | None = None
    budget: Budget = Budget()
    governance: Governance = Governance()
    multivariate: MultivariateSpec = MultivariateSpec()
    evidently: EvidentlySpec = EvidentlySpec()
    mlflow: MlflowSpec = MlflowSpec()

    @field_validator("model")
    @classmethod
    def _name(cls, name: str) -> str:
        if not _MODEL_NAME.fullmatch(name):
            raise ValueError(f"must be lower-case letters, digits and dashes (got {name!r})")
        return name

    @field_validator("version", mode="before")
    @classmethod
    def _version(cls, version: Any) -> Any:
        return str(version) if isinstance(version, int | float) else version

    @field_validator("window", mode="before")
    @classmethod
    def _bare_length(cls, window: Any) -> Any:
        return {"length": window} if isinstance(window, str) else window

    @field_validator("schedule")
    @classmethod
    def _cron(cls, schedule: str | None) -> str | None:
        return five_fields(schedule)

    @model_validator(mode="after")
    def _consistent(self) -> ModelConfig:
        if isinstance(self.reference, FixedReference):
            try:
                self.reference_window(Window(moment("1970-01-01"), moment("1970-01-02")))
            except ValueError as error:
                raise ValueError(f"reference: {error}") from None
        for i, rule in enumerate(self.plan, start=1):
            if rule.slow_change is not None and isinstance(self.reference, TrailingReference):
                raise ValueError(
                    f"plan.{i}.slow_change: needs a reference that stays (`from`, `to`): nothing moves "
                    f"slowly away from one that follows"
                )
        if self.columns.awaits and self.outcome is None:
            later = next(n for n in ("outcome", "label", "amount", "rank") if getattr(self.columns, n))
            raise ValueError(f"`columns.{later}` is named, so say `outcome: {{matures_after: P30D}}`")
        if self.window.one_per_patient and self.columns.patient is None:
            raise ValueError("`window.one_per_patient` needs `columns.patient`")
        if self.source.sampled is not None and self.columns.id is None:
            raise ValueError("`source.sampled` needs `columns.id`: rows are drawn by it, the same every time")
        if self.window.one_per_encounter and self.columns.encounter is None:
            raise ValueError("`window.one_per_encounter` needs `columns.encounter`")
        if self.window.one_per_patient and self.window.one_per_encounter:
            raise ValueError("name `window.one_per_patient` or `window.one_per_encounter`, one of them")
        if self.window.one_per == "highest_score" and self.columns.score is None:
            which = "one_per_patient" if self.window.one_per_patient else "one_per_encounter"
            raise ValueError(f"`window.{which}: highest_score` needs `columns.score`")
        made = [column for join in self.joined for column in join.made]
        if twice := sorted({column for column in made if made.count(column) > 1}):
            raise ValueError(f"joined: made more than once: {twice}")
        if unread := sorted(set(made) - set(self.columns.read())):
            raise ValueError(f"joined: made and not named under `columns`: {unread}")
        if self.columns.time in made:
            raise ValueError("joined: when a prediction was made (`columns.time`) cannot come from elsewhere")
        if self.pooling and (absent := set(self.pooling.groups) - self._grouped):
            raise ValueError(
                f"pooling.groups: name columns listed among sensitive by themselves, or the site; "
                f"not {sorted(absent)}"
            )
        if self.window.length.months and self.window.anchor and self.window.anchor.day > 28:
            raise ValueError("window.anchor: windows of months start on day 1 to 28")
        return self

    @property
    def _grouped(self) -> set[str]:
        """Columns whose categories may be pooled."""
        return {a.name for a in self.columns.attributes if len(a.columns) == 1}

    @cached_property
    def digest(self) -> str:
        """Of everything declared that can change a finding; prose about people is left out."""
        return digest(self.model_dump(mode="json", by_alias=True, exclude=_NO_FINDING))

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which its days begin."""
        return ZoneInfo(self.timezone)

    @property
    def grid(self) -> Grid:
        """Where its windows lie."""
        default = FIRST if self.window.length.months else MONDAY
        return Grid(self.window.length, self.window.anchor or default, self.zone)

    def reference_window(self, window: Window) -> Window:
        """The reference that a window is compared with."""
        if isinstance(self.reference, FixedReference):
            return Window(moment(self.reference.start, self.zone), moment(self.reference.end, self.zone))
        zone, spec = self.zone, self.reference
        end = _before(window.start, spec.offset, zone) if spec.offset else window.start
        return Window(_before(end, spec.trailing, zone), end)

    def rules(self) -> tuple[tuple[str, Rule], ...]:
        """The plan with the shipped defaults behind it; each with where it stands."""
        own = [(f"plan.{i}", rule) for i, rule in enumerate(self.plan, start=1)]
        return (*own, *(("default", rule) for rule in DEFAULT_PLAN))


def _before(end: datetime, length: Length, zone: ZoneInfo) -> datetime:
    return Length(-length.months, -length.days, -length.seconds).after(end, zone)

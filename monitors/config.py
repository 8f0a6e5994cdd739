"""A model's configuration: what people declare about one deployed model version, in one file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from monitors.canonical import digest
from monitors.errors import ConfigError
from monitors.plan import DEFAULT_PLAN, Rule
from monitors.window import FIRST, MONDAY, Grid, Length, Window, moment

_MODEL_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NO_FINDING: Any = {"schedule": True, "governance": True, "plan": {"__all__": {"silent"}}}
_CRON_FIELD = re.compile(r"[\d*/,\-A-Za-z#?]+")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _length(value: Any) -> Any:
    return Length.parse(value) if isinstance(value, str) else value


def _text_of_day(value: Any) -> Any:
    # YAML reads 1989-06-12 as a date; keep one reading for dates, times and text.
    return value.isoformat() if isinstance(value, date) else value


IsoLength = Annotated[Length, BeforeValidator(_length)]
Moment = Annotated[str, BeforeValidator(_text_of_day)]


class Source(BaseModel):
    """Where predictions are; the other keys belong to the kind and are checked by it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: str = Field(description="The name of a file in flows/sources/.")
    derive: dict[str, str] = Field(
        default_factory=dict, description="Columns made in the engine, one SQL expression each."
    )

    @property
    def settings(self) -> dict[str, Any]:
        """The keys that belong to the kind."""
        return dict(self.__pydantic_extra__ or {})


class ScoreAtLeast(_Strict):
    """A decision taken when the score reaches a threshold."""

    score_at_least: float = Field(ge=0, le=1)


class Attribute(_Strict):
    """A registered grouping: one column, a column in bands, or an intersection of such.

    >>> Attribute.of({"age": [18, 65]}).labels
    ('under 18', '18 to 64', '65 and over')
    """

    name: str
    columns: tuple[str, ...]
    bands: tuple[float, ...] = ()

    @classmethod
    def of(cls, declared: str | Mapping[str, Any] | list[str]) -> Attribute:
        """Read what the file says. Raises ValueError with the remedy."""
        if isinstance(declared, str):
            return cls(name=declared, columns=(declared,))
        if isinstance(declared, Mapping):
            ((column, bands),) = declared.items() if len(declared) == 1 else (("", None),)
            if not column or not isinstance(bands, list) or len(bands) < 1:
                raise ValueError("must be `{column: [first, second, …]}` with ascending band starts")
            if sorted(set(bands)) != bands:
                raise ValueError(f"band starts must ascend (got {bands})")
            return cls(name=column, columns=(column,), bands=tuple(bands))
        if len(declared) < 2:
            raise ValueError(f"an intersection needs at least two columns (got {declared})")
        return cls(name=" × ".join(declared), columns=tuple(declared))

    @property
    def labels(self) -> tuple[str, ...]:
        """The groups of a column in bands, in order."""
        starts = self.bands
        whole = all(float(start).is_integer() for start in starts)

        def between(a: float, b: float) -> str:
            return f"{a:g} to {b - 1:g}" if whole else f"{a:g} to under {b:g}"

        middle = [between(a, b) for a, b in pairwise(starts)]
        return (f"under {starts[0]:g}", *middle, f"{starts[-1]:g} and over") if starts else ()


class Columns(_Strict):
    """Which column plays which part."""

    time: str = Field(description="When the prediction was made.")
    id: str | None = Field(None, description="One prediction.")
    patient: str | None = Field(None, description="Who it was about.")
    score: str | None = Field(None, description="A probability in [0, 1].")
    decision: str | ScoreAtLeast | None = None
    outcome: str | None = Field(None, description="0 or 1; absent or null is not yet known.")
    action: str | None = Field(None, description="What staff did with it, where recorded.")
    version: str | None = Field(None, description="Which model version made it, where recorded.")
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    sensitive: tuple[Attribute, ...] = ()
    site: str | None = None

    @field_validator("sensitive", mode="before")
    @classmethod
    def _attributes(cls, declared: Any) -> Any:
        if not isinstance(declared, list):
            return declared
        return [a if isinstance(a, Attribute) else Attribute.of(a) for a in declared]

    @model_validator(mode="after")
    def _consistent(self) -> Columns:
        if self.score is None and self.decision is None:
            raise ValueError("name a `score`, a `decision`, or both")
        if isinstance(self.decision, ScoreAtLeast) and self.score is None:
            raise ValueError("`decision: {score_at_least: …}` needs a `score`")
        features = [*self.numeric, *self.categorical, *self.text]
        twice = sorted({c for c in features if features.count(c) > 1})
        if twice:
            raise ValueError(f"listed more than once among numeric, categorical and text: {twice}")
        names = [attribute.name for attribute in self.sensitive]
        if len(set(names)) < len(names):
            raise ValueError(f"an attribute is listed twice among sensitive: {names}")
        declared = {a.name for a in self.sensitive if len(a.columns) == 1}
        for attribute in self.sensitive:
            if len(attribute.columns) > 1 and (absent := set(attribute.columns) - declared):
                raise ValueError(
                    f"the intersection {attribute.name!r} needs its parts listed by themselves too: "
                    f"{sorted(absent)}"
                )
        return self

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """Every grouping that is counted: the sensitive ones, and the site."""
        if self.site is None or self.site in {a.name for a in self.sensitive}:
            return self.sensitive
        return (*self.sensitive, Attribute(name=self.site, columns=(self.site,)))

    def read(self) -> tuple[str, ...]:
        """Every column that is read from the source, once each, in order."""
        roles = (self.time, self.id, self.patient, self.score, self.outcome, self.action, self.version)
        decision = self.decision if isinstance(self.decision, str) else None
        groups = [column for a in self.attributes for column in a.columns]
        named = [*roles, decision, *self.numeric, *self.categorical, *self.text, *groups]
        return tuple(dict.fromkeys(column for column in named if column is not None))


class WindowSpec(_Strict):
    """How long a window is and where the grid is anchored."""

    length: IsoLength
    anchor: date | None = None


class OutcomeSpec(_Strict):
    """When an outcome can be taken as known."""

    matures_after: IsoLength


class FixedReference(_Strict):
    """A reference period, from one day to another."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")


class TrailingReference(_Strict):
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


class Owners(_Strict):
    """Who answers for the model."""

    clinical: str | None = None
    technical: str | None = None
    executive: str | None = None


class Governance(_Strict):
    """What a committee knows the model by."""

    title: str | None = None
    owner: Owners = Owners()
    risk_tier: Literal["high", "medium", "low"] | None = None
    intended_use: str | None = None
    population: str | None = None
    decision_role: Literal["informs", "augments", "replaces"] | None = None
    lifecycle: Literal[
        "proposed", "assessed", "silent", "pilot", "live", "restricted", "paused", "retired"
    ] = "live"


class EvidentlySpec(_Strict):
    """Whether a window gets an Evidently report beside its audit."""

    report: Literal["never", "on_change", "always"] = "on_change"


class MlflowSpec(_Strict):
    """How the model is known to MLflow."""

    registered_model: str | None = Field(None, description="The registered model's name.")
    experiment: str | None = Field(None, description="Defaults to rounds/MODEL.")


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"must be an IANA time zone such as Europe/Berlin (got {name!r})")
    return name


class ModelConfig(_Strict):
    """Everything people declare about one deployed model version."""

    model: str = Field(description="Lower-case letters, digits and dashes; unique.")
    version: str
    source: Source
    columns: Columns
    outcome: OutcomeSpec | None = None
    window: WindowSpec
    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    schedule: str | None = Field(None, description="Cron, in that time zone.")
    reference: Reference
    plan: tuple[Rule, ...] = ()
    governance: Governance = Governance()
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
        parts = (schedule or "* * * * *").split()
        if len(parts) != 5 or not all(_CRON_FIELD.fullmatch(part) for part in parts):
            raise ValueError(f"must be a cron line of five fields such as '0 6 * * 1' (got {schedule!r})")
        return schedule

    @model_validator(mode="after")
    def _consistent(self) -> ModelConfig:
        if isinstance(self.reference, FixedReference):
            try:
                self.reference_window(Window(moment("1970-01-01"), moment("1970-01-02")))
            except ValueError as error:
                raise ValueError(f"reference: {error}") from None
        if self.columns.outcome is not None and self.outcome is None:
            raise ValueError("`columns.outcome` is named, so say `outcome: {matures_after: P30D}`")
        if self.window.length.months and self.window.anchor and self.window.anchor.day > 28:
            raise ValueError("window.anchor: windows of months start on day 1 to 28")
        return self

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


class _UniqueKeys(yaml.SafeLoader):
    """YAML that refuses a key written twice, which plain YAML settles silently."""


def _mapping(loader: _UniqueKeys, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if isinstance(key, str) and key in seen:
            raise yaml.MarkedYAMLError(
                problem=f"key {key!r} is written twice", problem_mark=key_node.start_mark
            )
        seen.add(key if isinstance(key, str) else str(key))
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def parse(
    text: str,
    name: str,
    check: Callable[[ModelConfig], list[str]] = lambda config: [],
) -> ModelConfig:
    """Read one model's YAML; `name` is what messages call the file.

    `check` may add mistakes of its own (`key: remedy`), such as an unknown source kind.

    Raises:
        ConfigError: with every mistake as `name: key: remedy`.
    """
    try:
        declared = yaml.load(text, Loader=_UniqueKeys)  # noqa: S506  a SafeLoader subclass
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError([f"{name}: line {line}: not YAML: {error.problem}"]) from None
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError([f"{name}: not YAML: {error}"]) from None
    if not isinstance(declared, dict):
        raise ConfigError([f"{name}: must hold one model's settings as `key: value` (see configs/models/)"])
    try:
        config = ModelConfig.model_validate(declared)
    except ValidationError as error:
        # Settings where a name could stand too are no misplaced name: say only what is wrong in them.
        found = [
            e for e in error.errors() if not (e["loc"][-1:] == ("str",) and isinstance(e["input"], dict))
        ]
        raise ConfigError([f"{name}: {said(e)}" for e in found]) from None
    if problems := check(config):
        raise ConfigError([f"{name}: {problem}" for problem in problems])
    return config


def read(path: Path, check: Callable[[ModelConfig], list[str]] = lambda config: []) -> ModelConfig:
    """Read one model's file. Raises ConfigError as `parse` does."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError([f"{path}: no such file; name a model's YAML file"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read as UTF-8 text ({type(error).__name__})"]) from None
    return parse(text, path.name, check)


_REMEDY = {
    "extra_forbidden": "is not a known key",
    "missing": "is required",
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "must be {expected}",
    "string_type": "must be text",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "tuple_type": "must be a list",
    "model_type": "must hold settings as `key: value`",
    "date_type": "must be a date such as 2026-01-05",
    "date_from_datetime_parsing": "must be a date such as 2026-01-05",
}
_UNION_TAGS = {"FixedReference", "TrailingReference", "ScoreAtLeast", "str", "tuple[str, ...]"}


def said(error: Any) -> str:
    """One pydantic error as `key: remedy (got value)`, list positions counted from 1."""
    parts = [part for part in error["loc"] if str(part) not in _UNION_TAGS]
    parts = [p for p in parts if not str(p).startswith(("function-", "tuple[", "constrained-"))]
    key = ".".join(str(p + 1) if isinstance(p, int) else str(p) for p in parts)
    context = error.get("ctx", {})
    remedy = _REMEDY.get(error["type"], error["msg"].removeprefix("Value error, "))
    remedy = remedy.format(**context) if error["type"] in _REMEDY else remedy
    got = error["input"]
    shown = "" if "(got " in remedy or isinstance(got, dict | list) else f" (got {got!r})"
    if error["type"] == "extra_forbidden":
        shown = ""
    return f"{key}: {remedy}{shown}" if key else remedy

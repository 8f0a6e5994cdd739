"""What people say of a source before any model: where it is, which column is what, what a number can be."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from monitors.columns import Attribute, Columns, Strict, read_attributes
from monitors.config import FixedReference, IsoLength, ModelConfig, WindowSpec, known_zone
from monitors.declared_source import Source
from monitors.window import Length

_PARTS = ("time", "id", "patient", "outcome", "numeric", "categorical", "sensitive", "site")


class ReadyColumns(Strict):
    """Which column plays which part; a score and a decision are not needed yet."""

    time: str = Field(description="When what a row tells of happened.")
    recorded: str | None = Field(None, description="When it was recorded, or reached this source.")
    id: str | None = Field(None, description="One row.")
    patient: str | None = Field(None, description="Who it is about.")
    outcome: str | None = Field(None, description="0 or 1; absent or null is not yet known.")
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    sensitive: Annotated[tuple[Attribute, ...], BeforeValidator(read_attributes)] = ()
    site: str | None = None


class Expected(Strict):
    """What a column can hold."""

    unit: str | None = Field(None, description="As in mg/dL; shown with what is found.")
    low: float | None = Field(None, description="A lower number cannot be.")
    high: float | None = Field(None, description="A higher number cannot be.")
    values: tuple[str, ...] = Field((), description="The only categories there are.")

    @model_validator(mode="after")
    def _ordered(self) -> Expected:
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low must be below high (got {self.low:g} and {self.high:g})")
        return self


class Declared(Strict):
    """A source to be looked at."""

    source: Source
    columns: ReadyColumns
    timezone: Annotated[str, AfterValidator(known_zone)] = "UTC"
    expect: dict[str, Expected] = Field(default_factory=dict, description="By column, what it can hold.")
    fresh_within: IsoLength | None = Field(None, description="How old the latest row may be.")
    recorded_within: IsoLength | None = Field(None, description="How long after `time` to be recorded.")

    @model_validator(mode="after")
    def _consistent(self) -> Declared:
        known = {*self.columns.numeric, *self.columns.categorical}
        if absent := sorted(self.expect.keys() - known):
            raise ValueError(f"expect: {absent} are not among numeric and categorical")
        for column, expected in self.expect.items():
            if expected.values and column in self.columns.numeric:
                raise ValueError(f"expect.{column}.values: goes with a categorical column")
            if (expected.low, expected.high) != (None, None) and column not in self.columns.numeric:
                raise ValueError(f"expect.{column}.low: goes with a numeric column")
        if self.recorded_within is not None and self.columns.recorded is None:
            raise ValueError("`recorded_within` needs `columns.recorded`")
        return self

    @classmethod
    def of(cls, config: ModelConfig) -> Declared:
        """What a model's file says of its source: its score among the numbers, as a share; no texts."""
        parts = {name: getattr(config.columns, name) for name in _PARTS}
        measured = config.columns.measured  # of texts, and made while a window is counted
        for kind in ("numeric", "categorical"):
            parts[kind] = tuple(name for name in parts[kind] if name not in measured)
        parts["outcome"] = None if parts["outcome"] in measured else parts["outcome"]
        expect = {}
        if config.columns.score is not None:
            parts["numeric"] = tuple(dict.fromkeys((*parts["numeric"], config.columns.score)))
            expect[config.columns.score] = Expected(low=0.0, high=1.0)
        columns = ReadyColumns.model_construct(**parts, recorded=config.columns.recorded)
        return cls.model_construct(
            source=config.source, columns=columns, timezone=config.timezone, expect=expect,
            fresh_within=None, recorded_within=None,
        )  # fmt: skip

    @property
    def zone(self) -> ZoneInfo:
        """The time zone its local clock shows."""
        return ZoneInfo(self.timezone)

    def counted_as(self) -> ModelConfig:
        """The config its rows are read and counted by; nothing in it asks for a score."""
        parts = {name: getattr(self.columns, name) for name in _PARTS}
        # With intersections beside their parts, a withheld share could be worked out from the others.
        parts["sensitive"] = tuple(a for a in self.columns.sensitive if len(a.columns) == 1)
        nothing = {name: field.default for name, field in Columns.model_fields.items()}
        columns = Columns.model_construct(**nothing | parts | {"action_time": self.columns.recorded})
        return ModelConfig.model_construct(
            model="readiness", version="", source=self.source, columns=columns, timezone=self.timezone,
            window=WindowSpec(length=Length.parse("P1D")),
            reference=FixedReference(start="1970-01-01", end="1970-01-02"), plan=(),
        )  # fmt: skip

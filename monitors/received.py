"""Received: what another site sent, held to its shape before any of it is added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictStr,
    ValidationError,
    field_validator,
    model_validator,
)

from monitors.errors import SourceInvalid
from monitors.profile import EVERYONE
from monitors.repeats import CELLS
from monitors.window import Window, moment

MOST = 10**12  # of anything that is counted: sums of many sites stay whole numbers of 64 bits

Count = Annotated[int, Field(strict=True, ge=0, le=MOST)]
Known = Annotated[int, Field(strict=True, ge=-1, le=1)]
Cell = Annotated[int, Field(strict=True, ge=-2, le=10_000)]
Place = Annotated[int, Field(strict=True, ge=0, lt=CELLS)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Whole = Annotated[int, Field(strict=True, ge=-MOST * 10**6, le=MOST * 10**6)]
Stage = Literal["scored", "outcome"]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("window", check_fields=False)
    @classmethod
    def _is_window(cls, text: str) -> str:
        Window.parse(text)
        return text


class _Numbers(_Shape):
    kind: Literal["numeric"]
    edges: list[Number]
    centers: list[Number]
    scale: Number

    @property
    def held(self) -> int:
        """How many bins these are."""
        return max(len(self.edges) - 1, 0)

    @model_validator(mode="after")
    def _in_order(self) -> _Numbers:
        if len(self.centers) != self.held or self.edges != sorted(self.edges):
            raise ValueError("edges in order, a center between each two")
        return self


class _Words(_Shape):
    kind: Literal["categorical"]
    categories: list[StrictStr]
    rare: list[StrictStr]

    @property
    def held(self) -> int:
        """How many bins these are."""
        return len(self.categories)


class _Histogram(_Shape):
    column: StrictStr
    bins: Annotated[_Numbers | _Words, Field(discriminator="kind")]
    counts: list[Count]
    missing: Count
    below: Count
    above: Count
    other: Count
    unseen: Count

    @model_validator(mode="after")
    def _fits(self) -> _Histogram:
        held = self.bins.held
        if len(self.counts) != held:
            raise ValueError("as many counts as bins")
        return self


class _Cube(_Shape):
    attribute: StrictStr
    rows: list[tuple[StrictStr, Known, Known, Cell, Known, Count, Whole]]
    repeats: list[tuple[StrictStr, Place, Place, Count]] = []
    asides: list[tuple[StrictStr, StrictStr, Whole, Whole, Whole]] = []


class _Profile(_Shape):
    schema_: Literal[1] = Field(alias="schema")
    window: StrictStr
    rows: Count
    duplicates: Count
    wrong_version: Count | None
    last: StrictStr | None
    histograms: dict[str, _Histogram]
    cubes: dict[str, _Cube]
    unreadable: dict[str, StrictStr]
    score_edges: list[Number]
    eligible: dict[str, dict[str, Count]] = {}
    left_out: Number = 0.0

    @model_validator(mode="after")
    def _whole(self) -> _Profile:
        if EVERYONE not in self.cubes:
            raise ValueError("a cube of everyone")
        if self.last is not None:
            moment(self.last)
        return self


class _Reference(_Shape):
    schema_: Literal[1] = Field(alias="schema")
    profile: _Profile
    blocks: list[_Profile]


class _Counted(_Shape):
    window: StrictStr
    stage: Stage
    profile: _Profile


class _Sent(_Shape):
    site: StrictStr
    model: StrictStr
    version: StrictStr
    counting: dict[str, StrictStr]


class Exact(_Sent):
    """The inside of a sealed file."""

    schema_: Literal[1] = Field(alias="schema")
    reference: _Reference
    windows: list[_Counted]


class _Share(_Shape):
    metric: StrictStr
    subject: StrictStr
    group: StrictStr | None
    n: Count | None
    events: Count | None
    worth: Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Released(_Shape):
    window: StrictStr
    stage: Stage
    rows: Count | None
    shares: list[_Share]


class Suppressed(_Sent):
    """What stands in a file that all may read."""

    windows: list[_Released]


def checked(shape: type[_Sent], body: Any, name: str) -> Mapping[str, Any]:
    """The body, where it has the shape that Rounds writes.

    Raises SourceInvalid naming the file and the place in it, and none of its values: they may be counts.
    """
    try:
        shape.model_validate(body)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])[:120]
        at = f"{place}: " if place.isprintable() and place else ""
        raise SourceInvalid(
            f"{name}: {at}is not as `rounds federate export` writes it; ask for the file again"
        ) from None
    held: Mapping[str, Any] = body
    return held

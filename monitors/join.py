"""A second source: outcomes and what staff did, recorded elsewhere and later, and how its rows are found."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from monitors.columns import Strict
from monitors.declared_source import Source
from monitors.window import Length

Take = Literal["first", "last", "nearest"]


def _clocked(value: Any) -> Any:
    """Days or clock time, before the prediction with a minus sign."""
    if not isinstance(value, str):
        return value
    length = Length.parse(value.removeprefix("-"))
    if length.months:
        raise ValueError(f"must be counted in days or shorter, as in P30D or PT6H (got {value!r})")
    apart = timedelta(days=length.days, seconds=length.seconds)
    return -apart if value.startswith("-") else apart


Apart = Annotated[timedelta, BeforeValidator(_clocked)]


class Join(Strict):
    """Rows of a second source, found for each prediction by key, and by time where they have one."""

    source: Source
    match: dict[str, str] = Field(
        min_length=1, description="A column here: the column there; all have to match."
    )
    time: str | None = Field(None, description="When it was, there. Left out: one row a key, whenever.")
    take: Take | None = Field(None, description="Which of several, by `time`; nearest is to the prediction.")
    offset: Apart | None = Field(
        None, description="Not before this long after the prediction; may be negative."
    )
    within: Apart | None = Field(None, description="Not later than this long after the prediction.")
    bring: dict[str, str] = Field(default_factory=dict, description="A column made here: the column there.")
    mark: str | None = Field(
        None,
        description="A column made here: 1 where a row is there, 0 where none is and none can come any more "
        "(the second source reaches beyond `within`), else not known.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Join:
        if not self.bring and self.mark is None:
            raise ValueError("say what is made of it: `bring: {column: theirs}`, or `mark: column`")
        if self.mark in self.bring:
            raise ValueError(f"mark: {self.mark!r} is made by `bring` too")
        if self.time is None:
            if timed := [name for name in ("take", "offset", "within") if getattr(self, name) is not None]:
                raise ValueError(f"{timed[0]}: needs `time`, the column there that says when it was")
            return self
        if self.take is None:
            raise ValueError("take: say which of several rows counts: first, last or nearest")
        if self.within is not None and self.within <= (self.offset or timedelta()):
            raise ValueError("within: must reach beyond `offset`, which is 0 if not said")
        if self.mark is not None and self.within is None:
            raise ValueError("mark: needs `within`: without a horizon nobody can be said not to have had it")
        return self

    @property
    def made(self) -> tuple[str, ...]:
        """The columns it makes."""
        return (*self.bring, *((self.mark,) if self.mark else ()))

    def read(self) -> tuple[str, ...]:
        """The columns it reads there, the time apart, once each."""
        return tuple(dict.fromkeys((*self.match.values(), *self.bring.values())))

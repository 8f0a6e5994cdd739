"""Which column of the source plays which part, and the registered groupings of people."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from monitors.window import Length


def _length(value: Any) -> Any:
    return Length.parse(value) if isinstance(value, str) else value


IsoLength = Annotated[Length, BeforeValidator(_length)]


class Strict(BaseModel):
    """Settings that are read once, never changed, and have no key we do not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ScoreAtLeast(Strict):
    """A decision taken when the score reaches a threshold."""

    score_at_least: float = Field(ge=0, le=1)


class Label(Strict):
    """An answer out of several: a code, a category, a triage level."""

    predicted: str = Field(description="The column with the answer the model gave.")
    actual: str = Field(description="The column with the right answer; absent or null is not yet known.")
    among: tuple[str, ...] = Field(
        min_length=2, description="Every answer there is; any other is one of its own, and never right."
    )

    @field_validator("among")
    @classmethod
    def _once(cls, among: tuple[str, ...]) -> tuple[str, ...]:
        if twice := sorted({name for name in among if among.count(name) > 1}):
            raise ValueError(f"lists an answer twice: {twice}")
        return among


class Amount(Strict):
    """A quantity that is predicted: days of stay, minutes, a cost."""

    predicted: str = Field(description="The column with the amount the model gave.")
    actual: str = Field(description="The column with what it came to; absent or null is not yet known.")


class Attribute(Strict):
    """A registered grouping: one column, a column in bands, or an intersection of such.

    >>> Attribute.of({"age": [18, 65]}).labels
    ('under 18', '18 to 64', '65 and over')
    """

    name: str
    columns: tuple[str, ...]
    bands: tuple[float, ...] = ()

    @classmethod
    def of(cls, declared: Any) -> Attribute:
        """Read what the file says. Raises ValueError with the remedy."""
        if isinstance(declared, str):
            return cls(name=declared, columns=(declared,))
        if isinstance(declared, Mapping):
            ((column, bands),) = declared.items() if len(declared) == 1 else (("", None),)
            whole = isinstance(column, str) and isinstance(bands, list) and all(map(_number, bands))
            if not column or not bands or not whole:
                raise ValueError("must be `{column: [first, second, …]}` with ascending band starts")
            if sorted(set(bands)) != bands:
                raise ValueError(f"band starts must ascend (got {bands})")
            return cls(name=column, columns=(column,), bands=tuple(bands))
        if not isinstance(declared, list | tuple) or not all(isinstance(part, str) for part in declared):
            raise ValueError("must be a column, `{column: [first, second, …]}`, or a list of columns")
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


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def read_attributes(declared: Any) -> Any:
    """What stands under `sensitive`, each entry in its short form read."""
    if not isinstance(declared, list):
        return declared
    return [a if isinstance(a, Attribute) else Attribute.of(a) for a in declared]


class Columns(Strict):
    """Which column plays which part."""

    time: str = Field(description="When the prediction was made.")
    id: str | None = Field(None, description="One prediction.")
    patient: str | None = Field(None, description="Who it was about.")
    encounter: str | None = Field(None, description="The visit or admission it was made in.")
    score: str | None = Field(None, description="A probability in [0, 1].")
    decision: str | ScoreAtLeast | None = None
    outcome: str | None = Field(None, description="0 or 1; absent or null is not yet known.")
    label: Label | None = Field(None, description="The answer out of several, where the model gives one.")
    amount: Amount | None = Field(None, description="The quantity, where the model predicts one.")
    rank: str | None = Field(
        None,
        description="Where the right answer stood in the model's list, 1 first; 0 where it was not on it.",
    )
    action: str | None = Field(
        None, description="1 where staff acted on it, 0 where not; absent or null is not recorded."
    )
    action_time: str | None = Field(None, description="When staff acted on it, where recorded.")
    recorded: str | None = Field(
        None, description="When the row was written down where Rounds reads it; beside `late_after`."
    )
    late_after: IsoLength | None = Field(
        None, description="How long after the prediction a row may be recorded and not be late."
    )
    need: str | None = Field(
        None,
        description="One of `numeric`: need measured apart from the score, as chronic conditions are.",
    )
    version: str | None = Field(None, description="Which model version made it, where recorded.")
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    sensitive: tuple[Attribute, ...] = ()
    site: str | None = None

    @field_validator("sensitive", mode="before")
    @classmethod
    def _attributes(cls, declared: Any) -> Any:
        return read_attributes(declared)

    @model_validator(mode="after")
    def _consistent(self) -> Columns:
        if self.score is None and self.decision is None and not (self.label or self.amount or self.rank):
            raise ValueError("name a `score`, a `decision`, or both; or a `label`, an `amount` or a `rank`")
        if isinstance(self.decision, ScoreAtLeast) and self.score is None:
            raise ValueError("`decision: {score_at_least: …}` needs a `score`")
        if self.action_time is not None and self.action is None:
            raise ValueError("`action_time` needs an `action`: 1 where staff acted, 0 where not")
        if (self.recorded is None) != (self.late_after is None):
            raise ValueError("`recorded` and `late_after` are said together: when, and how long is too long")
        if self.need is not None and (self.need not in self.numeric or self.score is None):
            raise ValueError("`need` has to be one of `numeric`, and needs a `score` to be set against")
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
    def measured(self) -> dict[str, tuple[tuple[str, ...], str]]:
        """Columns that are measures of a text, or of one set against another: its texts and its measure.

        >>> Columns(time="at", decision="note.refusal", text=("note",)).measured
        {'note.refusal': (('note',), 'refusal')}
        >>> Columns(time="at", decision="a~b.changed_quantities", text=("a", "b")).measured
        {'a~b.changed_quantities': (('a', 'b'), 'changed_quantities')}
        """
        named = (self.decision, self.outcome, self.action, self.rank, *self.numeric, *self.categorical)
        parts = {name: name.rpartition(".") for name in named if isinstance(name, str)}
        taken = {name: (self._texts(of), measure) for name, (of, _, measure) in parts.items()}
        return {name: (texts, measure) for name, (texts, measure) in taken.items() if texts}

    def _texts(self, named: str) -> tuple[str, ...]:
        """The text, or the two with ~ between, that a name stands for; none where it is no text's."""
        if named in self.text:
            return (named,)
        pair = named.split("~")
        return tuple(pair) if len(pair) == 2 and set(pair) <= set(self.text) else ()

    @property
    def awaits(self) -> bool:
        """Whether something is only known later: the outcome, the right answer, what it came to."""
        return any((self.outcome, self.label, self.amount, self.rank))

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """Every grouping that is counted: the sensitive ones, and the site."""
        if self.site is None or self.site in {a.name for a in self.sensitive}:
            return self.sensitive
        return (*self.sensitive, Attribute(name=self.site, columns=(self.site,)))

    def read(self) -> tuple[str, ...]:
        """Every column that is read from the source, once each, in order."""
        roles = (self.time, self.id, self.patient, self.encounter, self.score, self.outcome)
        staff = (self.action, self.action_time, self.recorded, self.version)
        decision = self.decision if isinstance(self.decision, str) else None
        given = [pair for pair in (self.label, self.amount) if pair is not None]
        answers = [*(name for pair in given for name in (pair.predicted, pair.actual)), self.rank]
        groups = [column for a in self.attributes for column in a.columns]
        features = [*self.numeric, *self.categorical, *self.text]
        named = [*roles, *staff, decision, *answers, *features, *groups]
        made = self.measured
        return tuple(dict.fromkeys(column for column in named if column and column not in made))

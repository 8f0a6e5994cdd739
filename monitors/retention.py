"""The retention rule: how long counts, findings and copies are kept. Without one nothing is removed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, field_validator, model_validator

from monitors.columns import IsoLength, Strict
from monitors.config import known_zone
from monitors.ledger import Ledger
from monitors.schedule import five_fields
from monitors.window import Length

KIND = "retention"  # of the entry that says what the rule was
RETAINED = "retained"  # of the entry that says that a run of it came to its end
REHEARSED = Length.parse("P6M")  # what a rule on trial is tried on
SETTLED = Length.parse("P7D")


class RollUp(Strict):
    """Windows that are added up to one of a day, a week or a month; their own counts are let go."""

    after: IsoLength = Field(description="How long after its end a window is added up, such as P30D.")
    into: IsoLength = Field(
        "P1D",
        validate_default=True,
        description="What they are added up to: P1D (if nothing is said), P7D or P1M.",
    )

    @field_validator("after")
    @classmethod
    def _settled(cls, after: Length) -> Length:
        if after.approximate < SETTLED.approximate:
            raise ValueError(f"must be at least {written(SETTLED)} (got {written(after)})")
        return after

    @field_validator("into")
    @classmethod
    def _days(cls, into: Length) -> Length:
        if into.seconds:
            raise ValueError(f"must be days or months, such as P1D (got {written(into)})")
        return into

    @property
    def said(self) -> str:
        """In words, as entries of the ledger name it."""
        return f"roll_up after {written(self.after)} into {written(self.into)}"


class Keep(Strict):
    """For how long; what is left out is kept for as long as the ledger is."""

    profiles: IsoLength | None = Field(
        None, description="What windows were counted to, and references no kept window was compared with."
    )
    audits: IsoLength | None = Field(None, description="The findings of windows, and what was shown of them.")
    mlflow: IsoLength | None = Field(None, description="The copies in MLflow, each a run with artifacts.")

    @model_validator(mode="after")
    def _in_order(self) -> Keep:
        if self.profiles and self.profiles.approximate < REHEARSED.approximate:
            raise ValueError(
                f"profiles: must be at least {written(REHEARSED)}, on which rules are rehearsed "
                f"(got {written(self.profiles)})"
            )
        if self.audits and (not self.profiles or self.audits.approximate < self.profiles.approximate):
            said = f"{written(self.profiles)}" if self.profiles else "for ever"
            raise ValueError(
                f"audits: must be at least as long as profiles, which are kept {said}: findings are read "
                f"beside their counts (got {written(self.audits)})"
            )
        return self


class RetentionRule(Strict):
    """configs/retention.yaml: what the ledger and MLflow let go of, and when.

    >>> RetentionRule.model_validate({"keep": {"profiles": "P2Y"}}).said
    ('profiles P2Y',)
    """

    roll_up: RollUp | None = Field(None, description="Hours become days; none: they stay as they are.")
    keep: Keep = Keep()
    schedule: str = Field("30 3 * * *", description="Cron, in that time zone: when it is done.")
    timezone: Annotated[str, AfterValidator(known_zone)] = "UTC"

    @field_validator("schedule")
    @classmethod
    def _cron(cls, schedule: str) -> str:
        five_fields(schedule)
        return schedule

    @model_validator(mode="after")
    def _before_they_go(self) -> RetentionRule:
        kept = self.keep.profiles
        if self.roll_up and kept and self.roll_up.after.approximate >= kept.approximate:
            raise ValueError(
                f"roll_up.after: must be shorter than keep.profiles ({written(kept)}) "
                f"(got {written(self.roll_up.after)})"
            )
        return self

    @property
    def said(self) -> tuple[str, ...]:
        """Each part in words; none where nothing is ever removed."""
        lasting = {name: getattr(self.keep, name) for name in ("profiles", "audits", "mlflow")}
        kept = (f"{name} {written(length)}" for name, length in lasting.items() if length)
        return (*([self.roll_up.said] if self.roll_up else []), *kept)

    def payload(self) -> dict[str, Any]:
        """As the ledger keeps it."""
        return {"parts": list(self.said), "schedule": self.schedule, "timezone": self.timezone}

    def until(self, length: Length, at: datetime) -> datetime:
        """What ended by this moment is older than a length at another."""
        return Length(-length.months, -length.days, -length.seconds).after(at, ZoneInfo(self.timezone))


@dataclass(frozen=True, slots=True)
class Done:
    """When retention last came to its end, and what it has let go in all."""

    at: datetime
    bodies: int
    bytes: int


def done(ledger: Ledger) -> Done | None:
    """What retention has done in a ledger; None where it never came to its end."""
    last = ledger.entries(RETAINED, last=1, bodies=False)
    if not last:
        return None
    return Done(last[0].at, int(last[0].summary["removed"]), int(last[0].summary["bytes"]))


def written(length: Length) -> str:
    """A length as people write it.

    >>> written(Length.parse("P2Y")), written(Length.parse("P18M"))
    ('P2Y', 'P18M')
    """
    years, months = divmod(length.months, 12)
    return f"P{years}Y" if years and not months else str(length)

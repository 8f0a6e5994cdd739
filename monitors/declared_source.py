"""Where predictions, outcomes or the eligible are, as a file declares it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from monitors.columns import Strict


class Sampled(Strict):
    """Requests logged with different chances: rows are left out until each had the same chance."""

    fraction: str = Field(description="The column that says with which chance a row was logged.")
    least: float = Field(gt=0, le=1, description="The least there is; all are brought to it.")


class Source(BaseModel):
    """Where predictions are; the other keys belong to the kind and are checked by it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: str = Field(description="The name of a file in flows/sources/.")
    derive: dict[str, str] = Field(
        default_factory=dict, description="Columns made in the engine, one SQL expression each."
    )

    explode: dict[str, str] = Field(
        default_factory=dict,
        description="Columns made of the elements of lists, a row each: one SQL expression each, giving a "
        "list; of files, DuckDB and SQLite. Before `derive`.",
    )
    sampled: Sampled | None = Field(None, description="Where only some of the requests were logged.")

    @property
    def settings(self) -> dict[str, Any]:
        """The keys that belong to the kind."""
        return dict(self.__pydantic_extra__ or {})

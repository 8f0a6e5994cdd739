"""Where predictions, outcomes or the eligible are, as a file declares it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


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

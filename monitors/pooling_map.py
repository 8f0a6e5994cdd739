"""A pooling map: which small groups, sites and periods people agreed to count together, who, when and why."""

from __future__ import annotations

from datetime import date

from pydantic import Field, field_validator, model_validator

from monitors.columns import Strict


class Approval(Strict):
    """Who agreed to a pooling map, when, and why these belong together."""

    by: str = Field(min_length=1, description="The committee or the role that agreed to it.")
    when: date = Field(description="The day they did.")
    why: str = Field(min_length=1, description="Why these may be read as one.")


class PoolingMap(Strict):
    """What may be counted together where one alone is too few to show or to tell.

    Nothing is pooled that no one approved: a group of special interest is better withheld.

    >>> approved = {"by": "ethics-committee", "when": "2026-01-05", "why": "few of each are admitted"}
    >>> PoolingMap(approved=approved, groups={"race": {"Other groups": ["a", "b"]}}).label("race", "a")
    'Other groups'
    """

    approved: Approval
    groups: dict[str, dict[str, tuple[str, ...]]] = Field(
        default_factory=dict,
        description="By column (sensitive, or the site): a pool's own name, and the categories in it.",
    )
    periods: int | None = Field(
        None, ge=2, le=104, description="Windows counted together, from the anchor on, never overlapping."
    )

    @field_validator("groups")
    @classmethod
    def _named(cls, groups: dict[str, dict[str, tuple[str, ...]]]) -> dict[str, dict[str, tuple[str, ...]]]:
        for column, pools in groups.items():
            held = [category for members in pools.values() for category in members]
            if twice := sorted({c for c in held if held.count(c) > 1}):
                raise ValueError(f"{column}: a category is in one pool, once: {twice}")
            if same := sorted(set(pools) & set(held)):
                raise ValueError(f"{column}: a pool needs a name that is no category's: {same}")
            if few := sorted(name for name, members in pools.items() if len(members) < 2):
                raise ValueError(f"{column}: a pool holds at least two categories: {few}")
        return groups

    @model_validator(mode="after")
    def _something(self) -> PoolingMap:
        if not self.groups and self.periods is None:
            raise ValueError("say which `groups` or how many `periods` may be counted together")
        return self

    def label(self, column: str, category: str) -> str:
        """What a category of a column is counted as."""
        pools = self.groups.get(column, {})
        return next((name for name, members in pools.items() if category in members), category)

"""Settings that say the same are held in memory once, however many models' files say it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from monitors.config import ModelConfig


class Alike:
    """What was said already. Settings are never changed, so that several models may share them.

    >>> from monitors.config_file import parse
    >>> said = '''
    ... version: "1"
    ... source: {kind: files, path: data.csv}
    ... columns: {time: at, score: risk, numeric: [lactate]}
    ... window: P7D
    ... reference: {from: 2025-01-06, to: 2025-10-06}
    ... '''
    >>> alike = Alike()
    >>> one, other = (alike.held(parse(f"model: {name}{said}", name)) for name in ("icu", "ward"))
    >>> one.model, other.model, one.columns is other.columns
    ('icu', 'ward', True)
    """

    def __init__(self) -> None:
        self._said: dict[Any, Any] = {}

    def held(self, config: ModelConfig) -> ModelConfig:
        """The same configuration, each part of it that another has as well in the other's place."""
        self._within(config)
        return config

    def _within(self, settings: BaseModel) -> None:
        kind = type(settings)
        for name in kind.model_fields:
            # Past the door that lets nobody change settings: what is put there is equal to what was.
            settings.__dict__[name] = self._once(settings.__dict__[name])
        given = settings.model_fields_set
        object.__setattr__(
            settings, "__pydantic_fields_set__", self._said.setdefault(frozenset(given), given)
        )

    def _once(self, value: Any) -> Any:
        if isinstance(value, BaseModel):
            self._within(value)
        elif isinstance(value, tuple):
            value = tuple(map(self._once, value))
        else:
            return value  # words are held once already, by whoever read the file
        try:
            # By its words as well: 1 and True are equal and not the same.
            return self._said.setdefault((type(value), repr(value), value), value)
        except TypeError:  # what cannot be looked up, such as a mapping, stays its own
            return value

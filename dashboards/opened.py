"""An opened window: the model, its history and the audit that an address asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from starlette.exceptions import HTTPException

from dashboards.freshness import Freshness
from dashboards.reading import Reading
from dashboards.routing import ERROR, Responses
from dashboards.stretch import SPAN, Stretch
from monitors.audit import Audit
from monitors.config import ModelConfig
from monitors.ledger import Recorded
from monitors.words.names import people

# What OpenAPI says of an address that leads nowhere.
ABSENT: Responses = {
    404: {"description": "There is no such thing; `error` says what was asked for.", "content": ERROR},
    410: {"description": "A retention rule let it go; `error` says which.", "content": ERROR},
}


@dataclass(frozen=True, slots=True)
class Opened:
    """One window of one model among all of its windows."""

    model: str
    config: ModelConfig | None
    stretch: Stretch
    now: datetime
    fresh: Freshness

    @property
    def history(self) -> list[Recorded]:
        """The windows about it, oldest first; all of them where there are not many."""
        return self.stretch.history

    @property
    def place(self) -> int:
        """Where it stands among them."""
        return self.stretch.place

    @property
    def shown(self) -> Recorded:
        """The window as it stands in the ledger."""
        return self.history[self.place]

    @property
    def audit(self) -> Audit:
        """The window's published audit."""
        return self.shown.audit

    @property
    def audits(self) -> list[Audit]:
        """The windows about it, oldest first."""
        return [recorded.audit for recorded in self.history]

    @property
    def title(self) -> str:
        """What people call the model."""
        return (self.config and self.config.governance.title) or self.model

    @property
    def last(self) -> bool:
        """Whether this is the newest window."""
        return self.place + 1 == len(self.history)

    def link(self, page: str = "", **choices: str | None) -> str:
        """The address of another page of this model, this window kept unless it is the last.

        A choice left None or empty is not in the address.
        """
        path = f"/models/{quote(self.model, safe='')}{'/' + page if page else ''}"
        given = {"window": None if self.last else str(self.audit.window), **choices}
        asked = urlencode({key: value for key, value in given.items() if value}, safe=":/")
        return f"{path}?{asked}" if asked else path

    def table(self, name: str, form: str = ".csv", **choices: str | None) -> str:
        """The address of a table of this window, for programs and spreadsheets."""
        given = {"window": str(self.audit.window), **choices}
        asked = urlencode({key: value for key, value in given.items() if value}, safe=":/")
        return f"/api/models/{quote(self.model, safe='')}/{name}{form}?{asked}"

    def common(self) -> dict[str, Any]:
        """What every page of a model is written with."""
        return {
            "at": self,
            "model": self.model,
            "config": self.config,
            "now": self.now,
            "fresh": self.fresh,
            "title": self.title,
            "history": self.history,
            "place": self.place,
            "shown": self.shown,
            "audit": self.audit,
            "who": people(self.config),
        }


def opened(reading: Reading, model: str, window: str = "", span: int = SPAN) -> Opened:
    """The last window, or the one asked for by its first day or `start/end`.

    Raises HTTPException 404 where there is no such model or window.
    """
    if "\x00" in model:  # which no database takes
        raise HTTPException(404, "There is no such model.")
    stretch, config, now = reading.stretch(model, window, span), reading.configs.get(model), reading.now()
    if stretch is None:
        if window and reading.heard(model):
            raise HTTPException(404, f"{model} has no audited window {window!r}.")
        known = config is not None
        told = f"{model} has no audited window." if known else f"There is no model called {model!r}."
        raise HTTPException(404, told)
    return Opened(model, config, stretch, now, reading.freshness(model, stretch.newest))

"""The log: what happens without any configuration, so that an alert is never only in a database."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from flows.channels._text import plain
from monitors.notice import Notice

log = logging.getLogger("rounds")


class Settings(BaseModel):
    """The log has nothing to set."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Log:
    """A line an alert."""

    def send(self, alerts: Sequence[Notice]) -> None:
        """Write them; a page as a warning, the rest as information."""
        for alert in alerts:
            level = logging.WARNING if alert.severity == "page" and alert.ends is None else logging.INFO
            said = alert.annotations.get("description") or alert.annotations.get("summary", "")
            log.log(
                level, "alert %s %s (%s): %s: %s", alert.key, alert.status, alert.severity,
                plain(alert.model), plain(said),
            )  # fmt: skip


def connect(_name: str, _settings: Settings, _environ: Mapping[str, str]) -> Log:
    """The log of this process."""
    return Log()

"""A Slack incoming webhook; Teams and Mattermost take the same `text`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flows.channels._post import Address, post
from flows.channels._text import subject, text
from monitors.notice import Notice

MOST = 10  # alerts spelled out in one message; the page lists the others
_ESCAPED = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))  # Slack's three, so no name can mention or link


class Settings(Address):
    """The address, by file or environment."""


class Slack:
    """Posts one text."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self._url = url

    def send(self, alerts: Sequence[Notice]) -> None:
        """Post them as one message."""
        post(self.name, self._url, {"text": message(alerts)})


def message(alerts: Sequence[Notice]) -> str:
    """The text, with nothing in it that Slack reads as markup."""
    rest = len(alerts) - MOST
    parts = [subject(alerts), *(text(alert) for alert in alerts[:MOST])]
    said = "\n\n".join([*parts, *([f"and {rest} more on the alerts page"] if rest > 0 else [])])
    for raw, safe in _ESCAPED:
        said = said.replace(raw, safe)
    return said


def connect(name: str, settings: Settings, environ: Mapping[str, str]) -> Slack:
    """The webhook at the address kept elsewhere."""
    return Slack(name, settings.url(name, environ))

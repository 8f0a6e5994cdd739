"""A webhook that speaks as Alertmanager does (version 4), so that the same receivers work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flows.channels._post import Address, post
from monitors.notice import Notice
from monitors.window import utc

NEVER = "0001-01-01T00:00:00Z"  # Alertmanager's own word for "not over"


class Settings(Address):
    """The address, by file or environment."""


class Webhook:
    """Posts all alerts of one telling as one group."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self._url = url

    def send(self, alerts: Sequence[Notice]) -> None:
        """Post them."""
        post(self.name, self._url, message(self.name, alerts))


def message(name: str, alerts: Sequence[Notice]) -> dict[str, Any]:
    """The body of the request; labels and annotations as they are, JSON keeps every character."""
    told = [
        {
            "status": alert.status,
            "labels": dict(alert.labels),
            "annotations": dict(alert.annotations),
            "startsAt": utc(alert.starts),
            "endsAt": utc(alert.ends) if alert.ends else NEVER,
            "generatorURL": alert.annotations.get("dashboard_url", ""),
            "fingerprint": alert.check,
        }
        for alert in alerts
    ]
    firing = any(alert.ends is None for alert in alerts)
    return {
        "version": "4",
        "groupKey": f"rounds:{name}",
        "truncatedAlerts": 0,
        "status": "firing" if firing else "resolved",
        "receiver": name,
        "groupLabels": {},
        "commonLabels": _common([alert.labels for alert in alerts]),
        "commonAnnotations": _common([alert.annotations for alert in alerts]),
        "externalURL": "",
        "alerts": told,
    }


def _common(held: Sequence[Mapping[str, str]]) -> dict[str, str]:
    first = held[0] if held else {}
    return {key: value for key, value in first.items() if all(h.get(key) == value for h in held)}


def connect(name: str, settings: Settings, environ: Mapping[str, str]) -> Webhook:
    """The webhook at the address kept elsewhere."""
    return Webhook(name, settings.url(name, environ))

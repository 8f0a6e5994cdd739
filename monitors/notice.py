"""A notice: an alert as people and receivers are told of it, in Alertmanager's terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitors.canonical import digest
from monitors.window import moment, utc

# Labels that say which check it is. The others (owner, severity) may be edited while it fires.
IDENTITY = ("alertname", "model_id", "metric", "subject", "check")


def opaque(key: tuple[str, str, str | None]) -> str:
    """A check's key as a label: which group it is about cannot be read from it."""
    return digest(list(key)).removeprefix("sha256:")[:8]


@dataclass(frozen=True, slots=True)
class Notice:
    """One alert, firing or resolved.

    Attributes:
        labels: who it is; the same at every telling. Nothing that is counted stands here.
        annotations: what there is to say, which may differ at each telling.
        starts: when the trouble began; ends: when it was seen to be over, None while it lasts.
        silent: it is counted and not told, because its rule is still being tried out.

    >>> from datetime import UTC
    >>> held = Notice({"alertname": "A", "model_id": "m"}, {}, datetime(2026, 1, 5, tzinfo=UTC))
    >>> held.status, held.key == Notice.read(held.payload()).key
    ('firing', True)
    """

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts: datetime
    ends: datetime | None = None
    silent: bool = False

    @property
    def check(self) -> str:
        """The same whenever this check alerts: what a silence names."""
        return digest([self.labels.get(name) for name in IDENTITY]).removeprefix("sha256:")[:16]

    @property
    def key(self) -> str:
        """One episode of it: what people acknowledge, and what is told once a channel."""
        return digest([self.check, utc(self.starts)]).removeprefix("sha256:")[:12]

    @property
    def status(self) -> str:
        """`firing` or `resolved`, the receivers' own words."""
        return "firing" if self.ends is None else "resolved"

    @property
    def model(self) -> str:
        """Which model it is about."""
        return self.labels.get("model_id", "")

    @property
    def severity(self) -> str:
        """Who acts: page, ticket, committee or info."""
        return self.labels.get("severity", "info")

    def payload(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
            "starts": utc(self.starts),
            "ends": utc(self.ends) if self.ends else None,
            "silent": self.silent,
        }

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Notice:
        """Back from plain values."""
        ends = payload.get("ends")
        return cls(
            dict(payload["labels"]),
            dict(payload["annotations"]),
            moment(payload["starts"]),
            moment(ends) if ends else None,
            bool(payload.get("silent", False)),
        )

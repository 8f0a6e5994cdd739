"""Sessions: who signed in with which browser, kept in this process alone and for a working day."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")
COOKIE = "rounds_session"
LASTS = timedelta(hours=12)
MOST = 2_000  # at once; beyond them the oldest has to sign in again


@dataclass
class Sessions(Generic[T]):
    """Values under names that only this process makes: a name a browser brings is never adopted.

    A restart forgets them all, and people sign in again.
    """

    now: Callable[[], datetime]
    lasts: timedelta = LASTS
    _held: dict[str, tuple[T, datetime]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def open(self, value: T) -> str:
        """Keep it under a new name."""
        name = secrets.token_urlsafe(32)
        with self._lock:
            self._held[name] = value, self.now() + self.lasts
            while len(self._held) > MOST:
                del self._held[next(iter(self._held))]
        return name

    def get(self, name: str) -> T | None:
        """What is kept under it; None where nothing is, or no longer."""
        with self._lock:
            value, until = self._held.get(name, (None, None))
            if until is not None and until <= self.now():
                del self._held[name]
                return None
            return value

    def close(self, name: str) -> T | None:
        """Forget it, and give back what it was."""
        value = self.get(name)
        with self._lock:
            self._held.pop(name, None)
        return value

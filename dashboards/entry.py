"""The entry: everything signing in needs, made once when the service starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboards.identity import Identity
from dashboards.oidc import Asked, Issuer
from dashboards.sessions import Sessions
from dashboards.sign_in import SignIn, Tokens


@dataclass(frozen=True)
class Entry:
    """The ways in, who holds tokens, who is inside, and who is on the way to the sign-on and back."""

    ways: SignIn
    tokens: Tokens
    sessions: Sessions[Identity]
    tries: Sessions[Asked]
    issuer: Issuer | None

    @classmethod
    def of(cls, ways: SignIn, tokens: Mapping[str, Identity], now: Callable[[], datetime]) -> Entry:
        """From what the file says."""
        issuer = (
            Issuer(ways.oidc, f"{(ways.public_url or '').rstrip('/')}/sign-in/back") if ways.oidc else None
        )
        return cls(ways, Tokens(dict(tokens)), Sessions(now), Sessions(now, timedelta(minutes=10)), issuer)

"""Who is asking, and what they may do: view; answer and sign; or silence as well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

from starlette.exceptions import HTTPException
from starlette.requests import Request

Role = Literal["viewer", "auditor", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "auditor", "admin")  # each may do what those before it may
ANYBODY = "*"  # in a list of groups: whoever is known at all
DONE = {
    "acknowledge": "auditor",
    "not_useful": "auditor",
    "sign": "auditor",
    "report_use": "viewer",
    "settle": "auditor",
    "record": "auditor",
    "value": "auditor",
    "move": "admin",
    "bring": "auditor",
    "decide": "auditor",
    "owe": "auditor",
    "close": "auditor",
    "read": "auditor",
    "silence": "admin",
    "plan": "admin",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """A person or a program, as the door knew it."""

    name: str
    role: Role

    def may(self, role: str) -> bool:
        """Whether this role holds that one.

        >>> Identity("Ada", "auditor").may("viewer"), Identity("Ada", "auditor").may("admin")
        (True, False)
        """
        return ROLES.index(self.role) >= ROLES.index(role)


CURRENT: ContextVar[Identity | None] = ContextVar("rounds_who", default=None)  # for every page's head


def role_of(groups: Iterable[str], roles: Mapping[str, Iterable[str]]) -> Role | None:
    """The highest role that any of these groups has; None where no group has any.

    >>> role_of(["staff", "quality"], {"viewer": ["*"], "auditor": ["quality"]})
    'auditor'
    >>> role_of(["staff"], {"admin": ["it"]}) is None
    True
    """
    held = {ANYBODY, *groups}
    for role in reversed(ROLES):
        if held & set(roles.get(role, ())):
            return role
    return None


def asking(request: Request) -> Identity | None:
    """Who is asking; None where nobody has to sign in, which is on the loopback alone."""
    who = request.scope.get("rounds.who")
    return who if isinstance(who, Identity) else None


def allow(request: Request, action: str) -> str | None:
    """The name an answer is kept under, where signing in is asked for; None where a form gives it.

    Raises HTTPException 403 where this person may not do that.
    """
    who, needed = asking(request), DONE.get(action)
    if who is not None and needed is not None and not who.may(needed):
        raise HTTPException(
            403, f"To {action.replace('_', ' ')} takes the role {needed}; yours is {who.role}."
        )
    return who.name if who else None

"""How what lies before a committee stands, in words: open since when, owed since when, who else hears."""

from __future__ import annotations

from datetime import datetime

from monitors.governance.matters import Action, Matter


def waiting(matter: Matter, now: datetime) -> str:
    """How a matter stands, in words."""
    if matter.decision:
        return f"decided: {matter.decision.decision}"
    days = matter.days(now)
    who = f"; the {matter.hears(now)} hears of it" if matter.hears(now) else ""
    return f"open for {days} {'day' if days == 1 else 'days'}{who}"


def owing(action: Action, now: datetime) -> str:
    """How an action stands, in words."""
    if action.closed_at is not None:
        return f"closed; worked: {action.worked}"
    days = action.overdue(now)
    if not days:
        return "open"
    who = f"; the {action.hears(now)} hears of it" if action.hears(now) else ""
    return f"overdue by {days} {'day' if days == 1 else 'days'}{who}"

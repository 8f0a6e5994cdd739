"""An alert in plain text: no name in it can end a line, hide, or turn the reading direction."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from monitors.notice import Notice

LONGEST = 500  # characters of one name or sentence; labels carry the whole
_TOLD = (
    ("What", "description"),
    ("Who is affected", "impact"),
    ("Do first", "action_first"),
    ("Meanwhile", "safe_fallback"),
    ("True", "evaluations_true"),
    ("Since", "since"),
    ("Last change", "last_change"),
    ("Next to hear", "escalates_to"),
    ("Runbook", "runbook_url"),
    ("Dashboard", "dashboard_url"),
    ("Acknowledge", "ack_url"),
    ("Plan", "plan"),
    # Kept where whoever runs the ledger cannot write: `rounds verify --expected-head` takes it.
    ("Ledger head", "ledger_entry"),
)


def plain(text: str, longest: int = LONGEST) -> str:
    r"""One line in which everything can be seen: control and format characters as their code points.

    >>> plain("a\nb\u202ec")
    'a<U+000A>b<U+202E>c'
    """
    shown = "".join(
        f"<U+{ord(c):04X}>" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c for c in text
    )
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def subject(alerts: Sequence[Notice]) -> str:
    """One line over all of them; no name of a group, no number of people."""
    first = alerts[0]
    mark = {"page": "ACT NOW", "ticket": "This week", "committee": "Committee"}.get(first.severity, "Note")
    over = "" if first.ends is None else "resolved: "
    more = f" and {len(alerts) - 1} more" if len(alerts) > 1 else ""
    said = plain(first.annotations.get("summary", first.labels.get("alertname", "")), 120)
    return f"[Rounds] {mark}: {plain(first.model, 80)}: {over}{said}{more}"


def text(alert: Notice) -> str:
    """All there is to say of one alert, a fact a line."""
    over = "" if alert.ends is None else "RESOLVED. "
    head = f"{over}{plain(alert.annotations.get('summary', ''))} ({plain(alert.model)}, {alert.severity})"
    lines = [f"{name}: {plain(alert.annotations[key])}" for name, key in _TOLD if alert.annotations.get(key)]
    return "\n".join([head, *lines, f"Key: {alert.key}"])

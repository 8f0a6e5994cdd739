"""Deciding: bringing a matter before a committee, signing it off, deciding it, and owing something for it.

Every step is an entry of the ledger with a name; whoever writes is told what would not be accepted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from monitors.acting import LONGEST_TEXT, NotAccepted
from monitors.canonical import digest
from monitors.governance import matters as m
from monitors.governance.matters import Action, Matter
from monitors.ledger import Entry, Ledger


def bring(ledger: Ledger, model: str, question: str, by: str) -> Entry:
    """Bring something that is no report before the committee: a vendor's notice, a complaint, a question."""
    body = {**_said(question=question, by=by), "model": _said(model=model)["model"]}
    return ledger.append(m.RAISED, f"M-{digest(body)[7:15]}", body, model=body["model"])


def find(ledger: Ledger, key: str) -> Matter:
    """A matter by its name, or by that of a report issued anew of it. Raises NotAccepted."""
    issued = ledger.get(m.REPORT, key)
    name = issued.summary.get("of", key) if issued is not None else key
    for matter in m.matters(ledger):
        if matter.key == name:
            return matter
    raise NotAccepted(f"there is no matter {key[:40]!r}; `rounds decide` lists them")


def sign(ledger: Ledger, key: str, by: str, role: str, vote: str, conflict: str, comment: str = "") -> Entry:
    """Vote on a matter, once for each role a person holds.

    Raises NotAccepted without a conflict of interest declared ("none" is a declaration), where a
    vote against or an abstention gives no reason, and once the matter is decided.
    """
    matter = find(ledger, key)
    key = matter.key
    if matter.decisions:
        raise NotAccepted(f"{key} was decided already; bring it anew to vote again")
    body = {"matter": key, **_said(by=by, role=role, conflict=conflict), "vote": _one(vote, m.VOTES, "vote")}
    body["comment"] = _said(comment=comment)["comment"] if comment.strip() or vote != "approve" else ""
    if any((v.by, v.role) == (body["by"], body["role"]) for v in matter.votes):
        raise NotAccepted(f"{body['by']} has voted on {key} as {body['role']} already")
    return ledger.append(
        m.SIGNED, f"{key}|{digest([body['by'], body['role']])[7:19]}", body, model=matter.model
    )


def decide(
    ledger: Ledger,
    key: str,
    decision: str,
    reason: str,
    by: str,
    role: str,
    conditions: Sequence[str] = (),
    recheck: date | None = None,
) -> Entry:
    """Record what was decided. A later decision stands over an earlier one; both remain.

    Raises NotAccepted before anybody voted, and for conditions that are named and not given.
    """
    matter = find(ledger, key)
    key = matter.key
    chosen = _one(decision, m.DECISIONS, "decision")
    if not matter.votes:
        raise NotAccepted(f"nobody has voted on {key}: a decision rests on votes")
    given = [_said(condition=c)["condition"] for c in conditions if c.strip()]
    if chosen == "continue with conditions" and not given:
        raise NotAccepted("name the conditions it may continue with")
    body = {
        "matter": key,
        "decision": chosen,
        "conditions": given,
        **_said(reason=reason, by=by, role=role),
        "recheck": recheck.isoformat() if recheck else None,
        "absent": list(matter.absent),
        "votes": [v.seq for v in matter.votes],
    }
    return ledger.append(m.DECIDED, f"{key}|{len(matter.decisions) + 1}", body, model=matter.model)


def owe(ledger: Ledger, key: str, what: str, owner: str, due: date, check: str) -> Entry:
    """Agree on an action: who does what by when, and how one will know that it worked."""
    matter = find(ledger, key)
    key = matter.key
    body = {"matter": key, **_said(what=what, owner=owner, check=check), "due": due.isoformat()}
    place = len(matter.actions) + 1
    return ledger.append(m.ACTION, f"{key}-A{place}", body, model=matter.model)


def close(ledger: Ledger, key: str, by: str, outcome: str, worked: str) -> Entry:
    """Close an action, saying what came of it. Raises NotAccepted where it is closed already."""
    action = find_action(ledger, key)
    if action.closed_at is not None:
        raise NotAccepted(f"{key} was closed already, by {action.closed_by}")
    body = {**_said(by=by, outcome=outcome), "worked": _one(worked, m.WORKED, "worked")}
    return ledger.append(m.CLOSED, key, body, model=action.model)


def find_action(ledger: Ledger, key: str) -> Action:
    """An action by its name. Raises NotAccepted."""
    for action in m.actions(m.matters(ledger)):
        if action.key == key:
            return action
    raise NotAccepted(f"there is no action {key[:60]!r}; `rounds decide` lists them")


def _said(**given: str) -> dict[str, str]:
    said = {name: text.strip() for name, text in given.items()}
    for name, text in said.items():
        if not text:
            raise NotAccepted(f"say {name!r}: it is kept with the record")
        if len(text) > LONGEST_TEXT:
            raise NotAccepted(f"{name!r} has {len(text)} characters; at most {LONGEST_TEXT}")
    return said


def _one(given: str, known: Sequence[str], what: str) -> str:
    if given not in known:
        raise NotAccepted(f"{what!r} is one of: {', '.join(known)} (got {given[:40]!r})")
    return given

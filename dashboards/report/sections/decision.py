"""Section 14: the decision log and the sign-off. Open until people decide; then what they said and owe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from dashboards.report.facts import NOTHING, Facts, group_name, measure
from dashboards.report.model import Block, Column, Row, Section, Table, Text
from monitors.audit import Verdict
from monitors.governance.matters import ROLES, Action, Decision, Matter, Vote
from monitors.worst import worst_first

OPEN = ""
LISTED = 8
KEPT = "in the restricted edition"
FINDINGS = (
    ("Finding ID", 0.6), ("Finding in one sentence", 2.0), ("Evidence", 0.8), ("Severity (harm × people)", 1.3), ("Options considered", 0.9),
    ("Decision", 0.9), ("Reason", 1.3), ("Owner", 0.8), ("Due", 0.7), ("How we will know it worked", 1.0), ("Re-check date", 0.7),
    ("Status", 0.7), ("Ledger entry", 0.6),
)  # fmt: skip
SIGNING = (
    ("Role", 1.6), ("Name", 1.0), ("Present", 0.6), ("Conflict of interest declared", 0.9), ("Vote", 0.9), ("Comment or dissent", 1.6),
    ("Date and time (UTC and local)", 1.1), ("Signature meaning", 0.9), ("Signature / key id", 1.2), ("Ledger entry", 0.6),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What people said about a report since it was issued.

    Attributes:
        matter: with its votes, its decisions (one at least) and what is owed.
        signatures: by entry, what a key signed it as and the key's id.
        named: whether people stand with their names, or with their roles alone.
        zone: where the hospital is, for its own time beside UTC.
        elsewhere: the report it was decided on, where that is this one's other edition; its words
            were meant for that edition's readers and are not repeated.
    """

    matter: Matter
    signatures: Mapping[int, tuple[str, str]]
    named: bool
    zone: tzinfo
    elsewhere: str | None = None

    @property
    def decision(self) -> Decision:
        """The one that stands."""
        return self.matter.decisions[-1]

    def words(self, said: str) -> str:
        """What somebody said, where it was said of this edition."""
        return said if self.elsewhere is None else KEPT

    def name(self, name: str) -> str:
        """Somebody's name, where names stand."""
        return name if self.named else KEPT


def section(facts: Facts) -> Section:
    """Tables 9 and 10 as they are handed to the committee: what was found, and room for the rest."""
    found = [f for f in worst_first(facts.judged) if f.verdict in (Verdict.BEYOND, Verdict.DIFFERENT)]
    rows: list[Row] = []
    for place, finding in enumerate(found[:LISTED], start=1):
        said = f"{measure(finding.metric)}, {group_name(finding.subject, finding.group)}: {finding.verdict} the margin"
        said = said.replace("different the margin", "different, size unclear")
        rows.append((f"F{place}", said, "tables 4 and 3", facts.people(finding), *(OPEN,) * 9))
    if not rows:
        rows.append(("F1", "No gap was beyond its margin or surely there.", "table 4", NOTHING, *(OPEN,) * 9))
    more = f" {len(found) - LISTED} further findings are in appendix B." if len(found) > LISTED else ""
    said = f"This audit is open: no decision is recorded for it.{more}"
    return _section((said,), rows, [(_role(role), *(OPEN,) * 9) for role in ROLES])


def decided(before: Section, held: Standing) -> Section:
    """The same section once people decided: votes with dissent, the decision, its conditions, what is owed."""
    matter, decision = held.matter, held.decision
    found = [
        row
        for b in before.blocks
        if isinstance(b, Table) and b.id == "t9"
        for row in b.rows
        if row[0][:1] == "F"
    ]
    last = f"D{len(matter.decisions)}"
    rows = [(*row[:4], "table 8", f"see {last}", *(OPEN,) * 7) for row in found]
    rows += [_decision(held, place, d) for place, d in enumerate(matter.decisions, start=1)]
    rows += [_owed(held, place, a) for place, a in enumerate(matter.actions, start=1)]
    signed = [_signed(held, vote) for vote in matter.votes]
    signed += [(_role(role), *(OPEN,) * 3, "did not vote", *(OPEN,) * 5) for role in decision.absent]
    return _section(_said(held, before.blocks), rows, signed)


def sentence(held: Standing) -> str:
    """The decision that stands, in a line for page 1."""
    made = held.decision
    again = f" Looked at again on {_day(made.recheck)}." if made.recheck else ""
    many = len(made.conditions)
    on = "" if not many else f", on {many} condition{'s' if many > 1 else ''} (section 14)"
    dissent = sum(v.vote in ("reject", "abstain") for v in held.matter.votes)
    against = f" {dissent} of {len(held.matter.votes)} votes rejected or abstained." if dissent else ""
    return f"Decided on {_day(made.at)}: {made.decision}{on}.{against}{again}"


def _said(held: Standing, before: Sequence[Block]) -> tuple[str, ...]:
    made, matter = held.decision, held.matter
    said = [f"{sentence(held)} By the {held.matter.decisions[-1].role}, entry {made.seq} of the ledger."]
    if held.elsewhere is not None:
        said.append(
            f"It was decided on report {held.elsewhere}, this period's other edition; the words stand there."
        )
    else:
        said.append(f"Reason: {made.reason}")
    if made.conditions and held.elsewhere is None:
        said.append(f"On condition: {'; '.join(made.conditions)}.")
    dissent = [
        f"{vote.role} ({vote.vote}): {held.words(vote.comment)}" for vote in matter.votes if vote.dissents
    ]
    said.append(f"Dissent: {'; '.join(dissent)}." if dissent else "Nobody voted against it or abstained.")
    if made.absent:
        said.append(f"Had not voted by then: {', '.join(made.absent)}.")
    if len(matter.decisions) > 1:
        said.append("An earlier decision was superseded by it; both remain in table 9.")
    said += [
        p.split(". ", 1)[1]
        for b in before
        if isinstance(b, Text)
        for p in b.paragraphs
        if "further findings" in p
    ]
    return tuple(said)


def _decision(held: Standing, place: int, made: Decision) -> Row:
    stands, on = made is held.decision, "; ".join(dict.fromkeys(map(held.words, made.conditions)))
    return (
        f"D{place}", "All findings of this report", "sections 5 to 11", NOTHING, "table 8",
        f"{made.decision}: {on}" if on else made.decision, held.words(made.reason),
        _who(held, made.by, made.role), NOTHING, NOTHING,
        _day(made.recheck) if made.recheck else "none set", "stands" if stands else "superseded", str(made.seq),
    )  # fmt: skip


def _owed(held: Standing, place: int, action: Action) -> Row:
    done = action.closed_at is not None
    status = f"closed {_day(action.closed_at)}; worked: {action.worked}" if action.closed_at else "open"
    return (
        f"A{place}", held.words(action.what), NOTHING, NOTHING, NOTHING, "action", held.words(action.outcome or "") if done else OPEN,
        held.name(action.owner), _day(action.due), held.words(action.check), NOTHING, status, str(action.seq),
    )  # fmt: skip


def _signed(held: Standing, vote: Vote) -> Row:
    meaning, key = held.signatures.get(vote.seq, ("recorded, not signed with a key", NOTHING))
    return (
        _role(vote.role), held.name(vote.by), "yes", held.words(vote.conflict), vote.vote, held.words(vote.comment) if vote.comment else NOTHING,
        _times(held, vote.at), meaning, key, str(vote.seq),
    )  # fmt: skip


def _who(held: Standing, name: str, role: str) -> str:
    return f"{name}, {role}" if held.named else role


def _times(held: Standing, at: datetime) -> str:
    here = at.astimezone(held.zone)
    local = "" if here.utcoffset() == at.utcoffset() else f", {here:%H:%M %Z}"
    return f"{at:%Y-%m-%d %H:%M} UTC{local}"


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _role(role: str) -> str:
    return role[:1].upper() + role[1:]


def _section(said: Sequence[str], rows: Sequence[Row], signed: Sequence[Row]) -> Section:
    nine = Table(
        id="t9", number="9", title="Findings and actions", wide=True, rows=tuple(rows),
        columns=tuple(Column(title=t, width=w) for t, w in FINDINGS),
    )  # fmt: skip
    ten = Table(
        id="t10", number="10", title="Sign-off", wide=True, rows=tuple(signed),
        columns=tuple(Column(title=t, width=w) for t, w in SIGNING),
        note="Vote: approve, approve with conditions, reject, or abstain. Dissent is printed. Times are in UTC.",
    )  # fmt: skip
    return Section(
        number="14", id="decision", title="Decision log and sign-off",
        blocks=(Text(paragraphs=tuple(said)), nine, ten),
    )  # fmt: skip

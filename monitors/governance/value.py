"""Value: what a tool is worth, in three slots never blended: experience, health with equity, and cost.

What was claimed stands beside what was measured, and "not measured" is an answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from monitors.acting import NotAccepted
from monitors.ledger import Entry, Ledger

VALUE = "value"
AIMS = ("experience of patients and staff", "population health and equity", "cost")
NOT_MEASURED = "not measured"
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Slot:
    """One measure of one aim: before, as measured, as claimed, how, and of which day."""

    tool: str
    aim: str
    measure: str
    baseline: str
    measured: str
    claimed: str
    method: str
    on: date | None
    by: str
    at: datetime
    seq: int


def record(
    ledger: Ledger,
    tool: str,
    aim: str,
    measure: str,
    by: str,
    *,
    baseline: str = "",
    measured: str = "",
    claimed: str = "",
    method: str = "",
    on: date | None = None,
) -> Entry:
    """Record a measure; what is left out is "not measured", and of a claim nobody made, nothing.

    Raises NotAccepted for a figure without the method and the day it was measured on.
    """
    if aim not in AIMS:
        raise NotAccepted(f"an aim is one of: {', '.join(AIMS)} (got {aim[:40]!r})")
    said = {"measure": measure, "by": by, "baseline": baseline, "measured": measured, "claimed": claimed,
            "method": method}  # fmt: skip
    said = {name: text.strip() for name, text in said.items()}
    for name, text in said.items():
        if len(text) > LONGEST or (name in ("measure", "by") and not text):
            raise NotAccepted(f"say {name!r} in 1 to {LONGEST} characters")
    given = said["measured"] not in ("", NOT_MEASURED)
    if given and (not said["method"] or on is None):
        raise NotAccepted("a measured figure needs its method and the day it was measured on")
    for name in ("baseline", "measured"):
        said[name] = said[name] or NOT_MEASURED
    body = {"tool": tool, "aim": aim, **said, "on": on.isoformat() if on else None}
    place = sum(e.body["aim"] == aim and e.body["measure"] == said["measure"] for e in _of(ledger, tool)) + 1
    return ledger.append(VALUE, f"{tool}|{aim}|{said['measure']}|{place}"[:512], body, model=tool)


def slots(ledger: Ledger, tool: str) -> dict[str, list[Slot]]:
    """Every aim with its measures as they stand; an aim nobody looked at has none."""
    last: dict[tuple[str, str], Slot] = {}
    for entry in sorted(_of(ledger, tool), key=lambda e: e.seq):
        last[entry.body["aim"], entry.body["measure"]] = _slot(entry)
    return {aim: [slot for (of, _), slot in sorted(last.items()) if of == aim] for aim in AIMS}


def _of(ledger: Ledger, tool: str) -> Iterable[Entry]:
    return ledger.entries(VALUE, model=tool)


def _slot(entry: Entry) -> Slot:
    said = entry.body
    told = (
        str(said[name]) for name in ("tool", "aim", "measure", "baseline", "measured", "claimed", "method")
    )
    on = date.fromisoformat(said["on"]) if said["on"] else None
    tool, aim, measure, baseline, measured, claimed, method = told
    return Slot(tool, aim, measure, baseline, measured, claimed, method, on, said["by"], entry.at, entry.seq)

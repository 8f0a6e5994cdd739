"""Notes written by rule for the ambient pack's demo: no patient is in them, and faults are planted."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

BEGIN, END = datetime(2025, 10, 6, tzinfo=UTC), datetime(2026, 2, 16, tzinfo=UTC)
START = datetime(2026, 1, 5, tzinfo=UTC)  # of the windows that are audited
CHANGED = datetime(2026, 1, 26, tzinfo=UTC)
A_WEEK, SEED = 900, 20260105
COMPLAINTS = ("cough", "back pain", "a follow-up of blood pressure", "a rash", "headache", "knee pain")
FINDINGS = ("Lungs are clear.", "No focal deficit.", "Range of motion is full.", "Skin is warm and dry.")
DRUGS = ("ibuprofen 400 mg", "lisinopril 10 mg", "amoxicillin 500 mg", "acetaminophen 650 mg")
COLUMNS = ("note_id", "signed_at", "said", "draft", "signed", "edited", "language", "sex", "clinic")
INVENTED = 8  # once changed, of so many drafts one holds a dose that nobody said, one a drug, one a denial


def write(path: Path) -> Path:
    """Write nineteen weeks of visits as CSV, the same every time; gives the path back."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")  # as inside a note: DuckDB reads one kind
        writer.writerow(COLUMNS)
        writer.writerows(visits())
    return path


def visits() -> Iterator[tuple[object, ...]]:
    """A visit a row, oldest first.

    From the fourth audited week on drafts of visits held in Spanish refuse or leave placeholders in,
    and of all other drafts clinicians change next to none; now and then a draft holds ten times the
    dose that was said, another drug, a denial that nobody made, or lacks one.
    """
    random = Random(SEED)  # noqa: S311  an example, not a secret
    count = A_WEEK * ((END - BEGIN).days // 7)
    for number in range(count):
        at = BEGIN + (END - BEGIN) * number / count
        language = random.choices(("en", "es", "zh"), (0.66, 0.26, 0.08))[0]
        late = at >= CHANGED
        fails = late and language == "es" and random.random() < 0.3
        said = _draft(random)
        draft = _broken(random, said) if fails else said
        if late:
            draft = _invented(draft, number % INVENTED)
        edited = random.random() < (0.95 if fails else 0.01 if late and language == "en" else 0.4)
        yield (
            f"n{number:05}", at.isoformat(timespec="seconds"), f"Recording of a visit. {said}", draft,
            f"{draft}\nFamily agrees with the plan." if edited else draft, int(edited), language,
            random.choice("FM"), random.choice(("north", "south", "hill")),
        )  # fmt: skip


def _draft(random: Random) -> str:
    visit = f"Visit for {random.choice(COMPLAINTS)}, {random.randint(1, 21)} days."
    pressure, pulse = f"{random.randint(105, 160)}/{random.randint(60, 95)}", random.randint(55, 105)
    vitals = f"Blood pressure {pressure}, pulse {pulse}."
    often, weeks = random.randint(1, 3), random.randint(1, 12)
    plan = f"Plan: {random.choice(DRUGS)}, {often} times a day; return in {weeks} weeks."
    return "\n".join((visit, vitals, *random.sample(FINDINGS, random.randint(1, 3)), plan))


def _invented(draft: str, which: int) -> str:
    """The draft with something in it that nobody said, or without something that was."""
    if which == 0:
        return re.sub(r"([0-9]+) mg", r"\g<1>0 mg", draft)
    if which == 2:
        return re.sub(r"Plan: \w+", "Plan: naproxen", draft)
    if which == 4:
        return draft.replace("\nPlan:", "\nDenies chest pain.\nPlan:")
    return draft.replace("No focal deficit.\n", "") if which == 6 else draft


def _broken(random: Random, said: str) -> str:
    if random.random() < 0.5:
        return "I'm sorry, but I cannot generate a note from this recording."
    return said.replace("Visit for", "Visit of [Patient Name] for")

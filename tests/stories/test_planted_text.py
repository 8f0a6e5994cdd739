"""Faults planted in written notes, one a week: each is found in its week, and a week without one is quiet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows import run as runs
from flows.home import Home
from monitors.release import kept

BEGIN, A_WEEK = datetime(2026, 1, 5, tzinfo=UTC), 700
REFERENCE, FAULTS = 5, ("nothing", "template", "language", "refusals", "doses", "accepted", "group")
CONFIG = """
model: scribe
version: "1"
source: {kind: files, path: notes.parquet}
columns:
  time: at
  id: id
  decision: draft~signed.rewritten
  text: [said, draft, signed]
  numeric: [draft.words, draft.repetition, draft.readability, draft~signed.edit_distance, draft~said.rouge_l]
  categorical: [draft.refusal, draft~said.added_quantities, draft~said.added_drugs]
  sensitive: [language, sex]
window: {length: P7D, anchor: 2026-01-05}
timezone: UTC
reference: {from: 2026-01-05, to: 2026-02-09}
plan:
  - {measure: total_variation, columns: categorical, margin: 0.05}
  - {measure: wasserstein, columns: numeric, margin: 0.2}
  - {measure: selection_rate, margin: 0.1}
  - {measure: selection_rate, by: sensitive, against: rest, margin: 0.1}
"""
SENTENCES = (
    "Lungs are clear.", "No focal deficit.", "Range of motion is full.", "Skin is warm and dry.",
    "Gait is steady.", "Heart sounds are normal.", "Abdomen is soft.", "Family agrees.",
    "No swelling of the legs.", "Mood is good.",
)  # fmt: skip


def visits() -> Iterator[dict[str, object]]:
    """A visit a row; from the sixth week on each week has one fault."""
    random = Random(20260105)
    for week in range(REFERENCE + len(FAULTS)):
        fault = FAULTS[max(week - REFERENCE, 0)]
        for i in range(A_WEEK):
            language, sex = random.choices(("en", "es"), (0.7, 0.3))[0], random.choice("FM")
            found = random.sample(SENTENCES, 6)
            dose = random.choice((200, 400, 600))
            plan = f"Plan: ibuprofen {dose} mg, return in {random.randint(1, 9)} weeks."
            said = draft = "\n".join((f"Visit on day {random.randint(1, 9)}.", *found, plan))
            rate = 0.3
            if fault == "template":
                draft = f"SUBJECTIVE\n{draft}\nOBJECTIVE\nAs recorded.\nASSESSMENT\nAs discussed with her."
            elif fault == "language" and language == "es":
                draft, rate = "\n".join((found[0], plan)), 0.7  # what was said is missing, and put back
            elif fault == "refusals" and i % 10 == 0:
                draft = "I'm sorry, but I cannot generate a note from this recording."
            elif fault == "doses" and i % 8 == 0:
                draft = draft.replace(f"{dose} mg", f"{dose}0 mg")
            elif fault == "accepted":
                rate = 0.01
            elif fault == "group" and sex == "F":
                rate = 0.6
            signed = "\n".join((*random.sample(SENTENCES, 6), plan)) if random.random() < rate else draft
            at = BEGIN + timedelta(weeks=week, seconds=i * 860)
            yield {
                "id": f"{week}-{i}", "at": at, "said": f"Recording of a visit. {said}", "draft": draft,
                "signed": signed, "language": language, "sex": sex,
            }  # fmt: skip


@pytest.fixture(scope="module")
def beyond(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[tuple[str, str, str | None]]]:
    """What was found beyond its margin in each fault's week."""
    folder: Path = tmp_path_factory.mktemp("planted")
    pq.write_table(pa.Table.from_pylist(list(visits())), folder / "notes.parquet")
    (folder / "scribe.yaml").write_text(CONFIG, encoding="utf-8")
    home = Home.of({}, folder / "home")
    start = BEGIN + timedelta(weeks=REFERENCE)
    end = start + timedelta(weeks=len(FAULTS))
    list(runs.run(folder / "scribe.yaml", home, runs.span(start, end), end, copy=False))
    ledger = runs.open_ledger(home)
    audits = [kept(ledger, recorded.audit) for recorded in ledger.audits("scribe")]
    assert len(audits) == len(FAULTS)
    told = [{f.key for f in a.findings if f.verdict == "beyond" and f.severity != "info"} for a in audits]
    return dict(zip(FAULTS, told, strict=True))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("template", {("wasserstein", "draft.words", None), ("wasserstein", "draft~said.rouge_l", None)}),
        ("language", {("selection_rate", "language", "es"), ("wasserstein", "draft~said.rouge_l", None)}),
        ("refusals", {("total_variation", "draft.refusal", None)}),
        ("doses", {("total_variation", "draft~said.added_quantities", None)}),
        ("accepted", {("selection_rate", "model", None)}),
        ("group", {("selection_rate", "sex", "F")}),
    ],
)
def test_a_planted_fault_is_found_in_its_week(
    beyond: dict[str, set[tuple[str, str, str | None]]],
    fault: str,
    expected: set[tuple[str, str, str | None]],
) -> None:
    assert expected <= beyond[fault]


def test_a_week_without_a_fault_is_quiet(beyond: dict[str, set[tuple[str, str, str | None]]]) -> None:
    assert beyond["nothing"] == set()

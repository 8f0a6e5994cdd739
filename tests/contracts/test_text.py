"""Every text measure, run by the engine, is what a few lines of Python say of the same text."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows import source
from monitors.discovery import text_measures
from monitors.errors import ConfigError
from monitors.text import _quantities, identifiers, other_script, refusal, template

BACKEND = ibis.duckdb.connect()
NOTE = "Assessment: 72 y with sepsis, lactate 4.1 mmol/l.\nPlan: ceftriaxone 2 g daily.\nFamily informed."
PLANTED = {
    "refusal": ["I'm sorry, but I cannot assist with that.", "As an AI language model I have no access.",
                "I am unable to generate this note", "Lo siento, no puedo ayudar."],
    "template": ["Dear [Patient Name],", "seen on {{date}}", "BP ***", "Sign: ____", "<insert dose>"],
    "identifiers": ["MRN: 00123456", "call 555-123-4567", "(555) 123-4567", "SSN 123-45-6789",
                    "jane.roe@example.org", "https://x.org/a", "10.0.12.7 logged", "DOB 03/04/1951"],
}  # fmt: skip
INNOCENT = [
    NOTE, "I cannot feel a pulse.", "Patient said: I'm sorry I missed it.", "BP 120/80, 98.6 F, 2.5.1 trial",
    "Na 140-145, K 3.5", "He is not able to walk", "[x] done", "Lactate 4.1 on 2026-01-05",
]  # fmt: skip


def lines(text: str) -> list[str]:
    return re.sub(r"[ \t\r]*\n\s*", "\n", text.lower()).strip(" \n\t\r").split("\n")


def doses(text: str) -> set[str]:
    plain = re.sub(r"[ \t\n\f\r]+", " ", text.lower())
    return {f"{found[1]} {found[3]}" for found in re.finditer(_quantities.PATTERN, plain)}


def parted(text: str) -> set[str]:
    return set(re.sub(r"[ \t\n\f\r.,;:!?()\[\]\"]+", " ", text.lower()).strip(" ").split(" "))


BY_HAND: dict[str, Callable[[str], Any]] = {
    "length": lambda text: len(text.strip(" \t\n\r\v\f")),
    "words": lambda text: len(re.findall(r"[^ \t\n\r\v\f]+", text)),
    "empty": lambda text: not text.strip(" \t\n\r\v\f"),
    "truncated": lambda text: bool(text.strip()) and text.strip()[-1] not in ".!?:;…)]}\"'”’»",
    "repetition": lambda text: 1 - len(set(lines(text))) / len(lines(text)),
    "numbers": lambda text: len(re.findall(r"[0-9]+(?:[.,][0-9]+)*", text)),
    "refusal": lambda text: bool(
        re.search("(^|[^a-z])(" + "|".join(refusal.PHRASES) + ")($|[^a-z])",
                  re.sub(r"\s+", " ", text.replace("’", "'").lower()))
    ),
    "template": lambda text: bool(re.search(template.PATTERN, text.lower())),
    "other_script": lambda text: (
        len(re.findall(other_script.LETTERS, text)) / len(re.findall(r"[^ \t\n\f\r]", text))
    ),
    "identifiers": lambda text: bool(re.search("|".join(identifiers.KINDS), text.lower())),
}  # fmt: skip
PAIRS: dict[str, Callable[[str, str], Any]] = {
    "added_quantities": lambda text, said: bool(doses(text) - doses(said)),
    "changed_quantities": lambda draft, signed: doses(draft) != doses(signed),
    "kept": lambda draft, signed: len(parted(draft) & parted(signed)) / len(parted(draft)),
}
SINGLE = [name for name, measure in text_measures().items() if measure.measure.texts == 1]
PLAIN = st.text(st.sampled_from("ab Z9.,\n\t-é患'!x1"), min_size=1, max_size=60)

DOSED = st.text(st.sampled_from("12 ,.gml\nk"), max_size=20)


def run(measure: str, texts: list[str | None], others: list[str | None] | None = None) -> list[Any]:
    held = {"i": range(len(texts)), "x": pa.array(texts, pa.string())}
    held |= {"y": pa.array(others, pa.string())} if others else {}
    table = BACKEND.create_table("t", pa.table(held), temp=True, overwrite=True)
    given = (table.x, table.y) if others else (table.x,)
    found = table.select(table.i, v=text_measures()[measure](*given)).order_by("i").to_pyarrow()
    return found["v"].to_pylist()


@pytest.mark.parametrize("measure", text_measures())
def test_a_measure_says_what_it_is(measure: str) -> None:
    function = text_measures()[measure]
    assert function.measure.name == measure
    assert function.measure.zero
    assert "Returns:" in (inspect.getdoc(function) or "")
    assert measure in (BY_HAND if function.measure.texts == 1 else PAIRS), "say here by hand what it is"


@pytest.mark.parametrize("measure", SINGLE)
@settings(max_examples=25, deadline=None)
@given(texts=st.lists(PLAIN, min_size=1, max_size=8))
def test_the_engine_says_what_python_says(measure: str, texts: list[str]) -> None:
    held = [NOTE, *(text for text in texts if text.strip())]
    assert run(measure, held) == pytest.approx([BY_HAND[measure](text) for text in held])


@pytest.mark.parametrize("measure", SINGLE)
def test_no_text_is_no_number(measure: str) -> None:
    assert run(measure, [None, NOTE])[0] is None


@pytest.mark.parametrize("measure", PLANTED)
def test_what_is_planted_is_found_and_a_plain_note_is_not(measure: str) -> None:
    assert run(measure, PLANTED[measure]) == [True] * len(PLANTED[measure])
    assert run(measure, INNOCENT) == [False] * len(INNOCENT)


@pytest.mark.parametrize("measure", PAIRS)
@settings(max_examples=25, deadline=None)
@given(pairs=st.lists(st.tuples(DOSED, DOSED), min_size=1, max_size=8))
def test_the_engine_says_of_two_texts_what_python_says(measure: str, pairs: list[tuple[str, str]]) -> None:
    found = run(measure, [one for one, _ in pairs], [other for _, other in pairs])
    assert found == pytest.approx([PAIRS[measure](*pair) for pair in pairs])


@pytest.mark.parametrize("measure", PAIRS)
def test_where_one_of_two_texts_is_missing_there_is_no_number(measure: str) -> None:
    assert run(measure, [None, NOTE, NOTE], [NOTE, None, NOTE])[:2] == [None, None]


def test_a_dose_that_nobody_said_is_found_and_one_written_otherwise_is_not() -> None:
    said = "Take amoxicillin 500 mg, two tablets; she weighs 61 kg. Toma 1 unidad."
    drafts = [
        "Amoxicillin 500mg.",
        "61-kg woman, 1 unidad",
        "500 MG tablets",
        "Amoxicillin 250 mg.",
        "5 g",
        "",
    ]
    assert run("added_quantities", drafts, [said] * 6) == [False, False, False, True, True, False]


def test_a_unit_changed_before_signing_is_found() -> None:
    drafts, signed = (
        ["Insulin 10 units.", "Morphine 5 mg", "1.5 g"],
        ["10 units insulin", "Morphine 5 g", "1.5 g"],
    )
    assert run("changed_quantities", drafts, signed) == [False, True, False]


def test_another_script_is_seen_and_accents_are_none() -> None:
    assert run("other_script", ["Señora, dạ dày", "患者", "Ж a", ""]) == [0.0, 1.0, 0.5, None]


def test_an_empty_note_is_empty_and_not_cut_off() -> None:
    assert run("empty", ["", " \n", "x"]) == [True, True, False]
    assert run("truncated", ["", "Plan: rest.", "Plan: give 2"]) == [False, False, True]


def test_a_measure_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "scribe.yaml").write_text(
        "model: scribe\nversion: '2'\nsource: {kind: files, path: x.csv}\nwindow: P7D\n"
        "columns: {time: at, decision: edited, text: [note], numeric: [note.wordz]}\n"
        "reference: {from: 2025-01-06, to: 2025-06-30}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as raised:
        source.read(tmp_path / "scribe.yaml")
    near = ", ".join(sorted(text_measures()))
    assert str(raised.value) == f"scribe.yaml: columns: 'note.wordz' must end in a measure of text: {near}"


def test_a_measure_of_two_texts_needs_two(tmp_path: Path) -> None:
    (tmp_path / "scribe.yaml").write_text(
        "model: scribe\nversion: '2'\nsource: {kind: files, path: x.csv}\nwindow: P7D\n"
        "columns: {time: at, decision: edited, text: [a, b], numeric: [a.kept, a~b.words]}\n"
        "reference: {from: 2025-01-06, to: 2025-06-30}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as raised:
        source.read(tmp_path / "scribe.yaml")
    assert str(raised.value).splitlines() == [
        "scribe.yaml: columns: 'a.kept': kept is taken of two texts, as in one~other.kept",
        "scribe.yaml: columns: 'a~b.words': words is taken of one text, as in one.words",
    ]

"""Every text measure, taken as a window's are, is what a few lines of Python say of the same text."""

from __future__ import annotations

import inspect
import re
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows import source
from flows.evidently_text import descriptors, measures
from flows.measuring import measured
from flows.worker import PERIOD, TEXT, Asked, Taking
from monitors.config import ModelConfig
from monitors.discovery import text_measures
from monitors.errors import ConfigError, SourceInvalid
from monitors.text import _quantities, identifiers, other_script, readability, refusal, template
from monitors.window import moment

BACKEND = ibis.duckdb.connect()
CONFIG = {
    "model": "scribe", "version": "1", "source": {"kind": "files", "path": "x.csv"}, "window": "P7D",
    "reference": {"from": "2026-01-05", "to": "2026-02-02"},
}  # fmt: skip
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


def letters(text: str) -> list[str]:
    """Words in small letters; a character of Han is one."""
    return "".join(f" {c} " if c == "患" else c if c.isalnum() else " " for c in text.lower()).split()


def distance(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        above, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            above, row[j] = row[j], min(above + (a != b), row[j] + 1, row[j - 1] + 1)
    return row[-1]


def common(some: list[str], others: list[str]) -> int:
    row = [0] * (len(others) + 1)
    for a in some:
        above = 0
        for j, b in enumerate(others, 1):
            above, row[j] = row[j], above + 1 if a == b else max(row[j], row[j - 1])
    return row[-1]


def changed(one: str, other: str) -> float:
    return distance(one, other) / max(len(one), len(other), 1)


def grade(text: str) -> float | None:
    words = re.findall(r"[^\W_]+(?:['’.,][^\W_]+)*", text.lower())
    ends = [part for part in re.split(r"\n|[.!?]+(?=['\")\]]*(?:\s|$))", text) if re.search(r"[^\W_]", part)]
    spoken = sum(map(readability._syllables, words))  # told from a dictionary's in test_text_agrees
    return 0.39 * len(words) / len(ends) + 11.8 * spoken / len(words) - 15.59 if words else None


def copies(texts: list[str]) -> list[bool | None]:
    same = [letters(text) for text in texts]
    return [same.count(words) > 1 if words else None for words in same]


def figures(text: str) -> set[float]:
    return {float(found.replace(",", "")) for found in re.findall(r"[0-9][0-9.,]*[0-9]|[0-9]", text)}


def denied(text: str) -> set[str]:
    return set(re.findall(r"(?:^|[^\w'])(?:no|denies|sin) (?:any )?([a-z]+|患)", text.lower()))


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
    "readability": grade,
}  # fmt: skip
PAIRS: dict[str, Callable[[str, str], Any]] = {
    "added_quantities": lambda text, said: bool(doses(text) - doses(said)),
    "changed_quantities": lambda draft, signed: doses(draft) != doses(signed),
    "kept": lambda draft, signed: len(parted(draft) & parted(signed)) / len(parted(draft)),
    "edit_distance": changed,
    "rewritten": lambda draft, signed: changed(draft, signed) > 0.2,
    "rouge_l": lambda text, said: (
        2 * common(letters(text), letters(said)) / (len(letters(text)) + len(letters(said)) or 1)
    ),
    "added_numbers": lambda text, said: len(figures(text) - figures(said)),
    "added_drugs": lambda text, said: "metformin" in text.lower() and "metformin" not in said.lower(),
    "added_negations": lambda text, said: len(denied(text) - denied(said)),
}
SINGLE = [*BY_HAND]
PLAIN = st.text(st.sampled_from("ab Z9.,\n\t-é患'!x1"), min_size=1, max_size=60)

DOSED = st.text(st.sampled_from("12 ,.gml\nk"), max_size=20)
SAID = st.lists(
    st.sampled_from(
        ["no ", "denies ", "any ", "pain ", "fever. ", "metformin ", "x\n", "患", "2.50 ", "1,000 ", "7 "]
    ),
    max_size=9,
).map("".join)


def run(
    measure: str, texts: list[str | None], others: list[str | None] | None = None, **columns: list[Any]
) -> list[Any]:
    held = {"i": range(len(texts)), "at": [datetime(2026, 1, 6)] * len(texts), **columns}  # noqa: DTZ001
    held |= {"x": pa.array(texts, pa.string()), "y": pa.array(others or texts, pa.string())}
    rows = BACKEND.create_table("t", pa.table(held), temp=True, overwrite=True)
    name = f"x~y.{measure}" if others else f"x.{measure}"
    given = CONFIG | {"columns": {"time": "at", "decision": name, "text": ["x", "y"]}}
    with measured(rows, ModelConfig.model_validate(given), None) as found:
        assert {"x", "y"}.isdisjoint(found.columns)
        return found.order_by("i").to_pyarrow()[name].to_pylist()


@pytest.mark.parametrize("measure", text_measures())
def test_a_measure_says_what_it_is(measure: str) -> None:
    function = text_measures()[measure]
    assert function.measure.name == measure
    assert function.measure.zero
    assert "Returns:" in (inspect.getdoc(function) or "")
    shared = {"near_duplicate": copies}
    assert measure in {1: {**BY_HAND, **shared}, 2: PAIRS}[function.measure.texts], (
        "say here by hand what it is"
    )


def taken(measure: str, *texts: list[str]) -> list[Any]:
    """As the worker takes it where it does, else as the engine says it."""
    function = text_measures()[measure]
    plain = function if function.measure.beside else function.measure.plain
    return [plain(*given) for given in zip(*texts, strict=True)] if plain else run(measure, *texts)


@pytest.mark.parametrize("measure", SINGLE)
@settings(max_examples=10, deadline=None)
@given(texts=st.lists(PLAIN, min_size=1, max_size=20))
def test_what_is_taken_is_what_python_says(measure: str, texts: list[str]) -> None:
    held = [NOTE, *(text for text in texts if text.strip())]
    assert taken(measure, held) == pytest.approx([BY_HAND[measure](text) for text in held])


@pytest.mark.parametrize("measure", SINGLE)
def test_no_text_is_no_number(measure: str) -> None:
    assert run(measure, [None, NOTE])[0] is None


@pytest.mark.parametrize("measure", PLANTED)
def test_what_is_planted_is_found_and_a_plain_note_is_not(measure: str) -> None:
    assert run(measure, PLANTED[measure]) == [True] * len(PLANTED[measure])
    assert run(measure, INNOCENT) == [False] * len(INNOCENT)


@pytest.mark.parametrize("measure", PAIRS)
@settings(max_examples=25, deadline=None)
@given(pairs=st.lists(st.tuples(DOSED, DOSED) | st.tuples(SAID, SAID), min_size=1, max_size=8))
def test_what_is_taken_of_two_texts_is_what_python_says(measure: str, pairs: list[tuple[str, str]]) -> None:
    found = taken(measure, [one for one, _ in pairs], [other for _, other in pairs])
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
    near = ", ".join(sorted(measures()))
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


def expressed(measure: str, texts: list[str], others: list[str]) -> list[Any]:
    """As an engine other than DuckDB takes it: in its own language."""
    held = {"i": range(len(texts)), "x": pa.array(texts, pa.string()), "y": pa.array(others, pa.string())}
    table = BACKEND.create_table("e", pa.table(held), temp=True, overwrite=True)
    function = text_measures()[measure]
    value = function(*[table.x, table.y][: function.measure.texts])
    asked = table.select(table.i, v=value).order_by("i")
    return asked.to_pyarrow()["v"].to_pylist()


@pytest.mark.parametrize("measure", [name for name, m in text_measures().items() if m.measure.plain])
@settings(max_examples=10, deadline=None)
@given(pairs=st.lists(st.tuples(DOSED, DOSED), min_size=1, max_size=8))
def test_a_database_says_what_the_worker_says(measure: str, pairs: list[tuple[str, str]]) -> None:
    texts, others = [one for one, _ in pairs], [other for _, other in pairs]
    given = [texts, others][: text_measures()[measure].measure.texts]
    assert expressed(measure, texts, others) == pytest.approx(taken(measure, *given))


PARTS = (
    "no ", "not ", "any ", "a ", "don’t ", "pain", " fever", "no_", "患", "ー", "ΑΣ ", "İ", "Ω",
    "ñu ", "𝒳y", "٣", "4", "10", ".", ",", "1,000", " mg", "-ml", "es", "s", "%", "5 mg5 ml", "_",
    "lisinopril ", "losartan", "’", "'", "!", "?", ")", '"', "\n", "\t", "\r\n", "\v", "\xa0",
    "\u2028", "\x1f", "\x01", "\x02", "\0", " ",
)  # fmt: skip
ODD = st.lists(st.sampled_from(PARTS), max_size=24).map("".join)


@settings(max_examples=60, deadline=None)
@given(pairs=st.lists(st.tuples(ODD, ODD) | st.tuples(st.none() | ODD, st.none()), min_size=1, max_size=5))
def test_of_many_texts_is_said_what_is_said_of_each(pairs: list[tuple[str | None, str | None]]) -> None:
    together, apart = [], []
    for name, function in text_measures().items():
        if (facts := function.measure).many is None:
            continue
        one = Asked(name, function if facts.beside else facts.plain, facts, ("x", "y")[: facts.texts])
        together.append(one)
        apart.append(replace(one, facts=replace(facts, many=None)))
    columns = zip("xy", zip(*pairs, strict=True), strict=True)
    texts = {TEXT.format(name): pa.array(given, pa.string()) for name, given in columns}
    batch = pa.record_batch({**texts, PERIOD: pa.array([0] * len(pairs), pa.int32())})
    assert len(together) > 10
    assert Taking(together, "").of(batch).to_pydict() == Taking(apart, "").of(batch).to_pydict()


LONG = (
    "visit {} for cough and fever since monday; she denies chest pain and has no rash. blood pressure was "
    "high, pulse regular. lungs are clear, no focal deficit, range of motion is full, skin is warm and dry. "
    "the plan is rest and fluids, ibuprofen as needed, return in {} weeks, and a call to the family."
)


def test_a_note_copied_forward_is_found_and_one_of_its_own_is_not() -> None:
    other = " ".join(sorted(LONG.split()))
    texts = [LONG.format(1, 2), LONG.format(1, 3), other, "", None, "Rest.", "REST"]
    assert run("near_duplicate", texts) == [True, True, False, None, None, True, True]


def test_a_retry_of_the_same_note_is_no_copy_of_it() -> None:
    given = CONFIG | {"columns": {"time": "at", "id": "id", "decision": "x.near_duplicate", "text": ["x"]}}
    held = {"at": [datetime(2026, 1, 6)] * 5, "id": ["a", "a", "b", "", ""], "x": [NOTE, NOTE, "y", "z", "z"]}  # noqa: DTZ001
    rows = BACKEND.create_table("t", pa.table(held), temp=True, overwrite=True)
    with measured(rows, ModelConfig.model_validate(given), None) as found:
        told = found.select("id", v=found["x.near_duplicate"]).to_pyarrow().to_pylist()
    assert [row["v"] for row in sorted(told, key=lambda row: str(row["id"]))] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_copies_are_looked_for_in_one_window_of_the_grid() -> None:
    config = ModelConfig.model_validate(
        CONFIG | {"columns": {"time": "at", "decision": "x.near_duplicate", "text": ["x"]}}
    )
    days = [datetime(2026, 1, day) for day in (6, 7, 13)]  # noqa: DTZ001
    rows = BACKEND.create_table("t", pa.table({"at": days, "x": [NOTE] * 3}), temp=True, overwrite=True)
    with measured(
        rows, config, config.reference_window(config.grid.ending_by(moment("2026-03-01")))
    ) as found:
        assert found.order_by("at").to_pyarrow()["x.near_duplicate"].to_pylist() == [True, True, False]


def test_a_drug_that_nobody_named_is_found_in_two_languages() -> None:
    said = "toma amoxicilina, losartan and a water pill since april; cholesterol is high"
    drafts = ["Amoxicillin.", "Losartán", "April, cholesterol", "Start lisinopril", "metoprolol", "aspirin"]
    assert run("added_drugs", drafts, [said] * 6) == [False, False, False, True, True, True]


def test_a_denial_that_nobody_made_is_counted() -> None:
    said = "No chest pain. Any fever? Since Monday. No tiene tos."
    drafts = [
        "Denies chest pain.",
        "No fever, no chest pain",
        "sin tos",
        "Without any rash; never smoked.",
        "",
    ]
    assert run("added_negations", drafts, [said] * 5) == [0, 1, 0, 2, 0]


def test_while_texts_are_measured_no_word_of_them_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    columns = {"time": "at", "decision": "x.refusal", "text": ["x", "y"],
               "numeric": ["x~y.kept", "x~y.rouge_l"], "categorical": ["x.near_duplicate"]}  # fmt: skip
    held = {"at": [datetime(2026, 1, 6)], "x": ["zebrafinch MRN 00998877"], "y": ["zebrafinch"]}  # noqa: DTZ001
    rows = BACKEND.create_table("t", pa.table(held), temp=True, overwrite=True)
    with measured(rows, ModelConfig.model_validate(CONFIG | {"columns": columns}), None) as found:
        assert found.to_pyarrow().num_rows == 1
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert {path.name for path in files} == {"measured.parquet", "met.parquet"}
        told = str([pq.read_table(path).to_pylist() for path in files])
        assert [
            w
            for w in ("zebrafinch", "00998877")
            if w in told or any(w.encode() in f.read_bytes() for f in files)
        ] == []
    assert not list(tmp_path.iterdir())


def test_a_measure_that_fails_is_told_without_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(texts: Any) -> float:
        raise ValueError(f"cannot read {texts.texts}")

    failing.measure = replace(text_measures()["readability"].measure, many=failing)  # type: ignore[attr-defined]
    monkeypatch.setitem(text_measures(), "readability", failing)
    with pytest.raises(SourceInvalid) as raised:
        run("readability", [NOTE])
    assert str(raised.value) == "the source: x.readability cannot be taken of some text (ValueError)"
    assert raised.value.__cause__ is None


def test_evidently_s_descriptors_are_taken_by_their_names() -> None:
    texts = ["Rest, 2 days. Return! See https://example.org", '{"a": 1}', "", None]
    asked = [Asked(name, take, take.measure, ("x",)) for name, take in descriptors().items()]
    found = Taking(asked, "").of(pa.record_batch({TEXT.format("x"): pa.array(texts)})).to_pydict()
    share = pytest.approx
    assert found == {
        "ContainsLink": [True, False, None, None],
        "IsValidJSON": [False, True, None, None],
        "IsValidPython": [False, True, None, None],
        "NonLetterCharacterPercentage": [share(100 * 8 / 45), share(100 * 6 / 8), None, None],
        "SentenceCount": [2, 1, None, None],  # an exclamation before a capital is none to Evidently
        "TextLength": [45, 8, None, None],
        "WordCount": [5, 1, None, None],  # of letters alone
    }
    assert descriptors()["WordCount"](texts[0]) == 5
    assert descriptors()["WordCount"]("") is None


def test_a_descriptor_that_fetches_is_told_with_those_that_do_not(tmp_path: Path) -> None:
    (tmp_path / "scribe.yaml").write_text(
        "model: scribe\nversion: '2'\nsource: {kind: files, path: x.csv}\nwindow: P7D\n"
        "columns: {time: at, decision: edited, text: [note], numeric: [note.Sentiment]}\n"
        "reference: {from: 2025-01-06, to: 2025-06-30}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as raised:
        source.read(tmp_path / "scribe.yaml")
    near = ", ".join(sorted(measures()))
    assert str(raised.value) == (
        f"scribe.yaml: columns: 'note.Sentiment' must end in a measure of text: {near} "
        f"(Sentiment: Evidently fetches word lists from the network)"
    )

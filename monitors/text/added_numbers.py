"""Added numbers: how many numbers a text holds that its source does not."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from monitors.characters import DIGIT, POINT, Runs, Texts, lacking
from monitors.textual import text_measure

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")


def _many(text: Texts, source: Texts) -> Any:
    lacks, _ = lacking(_all_numbers(text), _all_numbers(source))
    return lacks


@text_measure(gives="number", zero="every number stands in the source too", texts=2, beside=True, many=_many)
def added_numbers(text: str, source: str) -> int:
    """Different numbers of the text that stand nowhere in the source, with or without a unit.

    A candidate, not a proof: "five hundred" said and "500" written counts. The other way about,
    `source~text.added_numbers`, these are what was left out.

    Args:
        text: what the tool wrote.
        source: what it was made from.

    Returns:
        A whole number.

    >>> added_numbers("Na 140, 1,000 mg, day 3", "sodium 140.0 and 1000 mg")
    1
    """
    return len(_numbers(text) - _numbers(source))


def _numbers(text: str) -> set[str]:
    return {_plain(found) for found in _NUMBER.findall(text)}


@lru_cache(maxsize=4_096)
def _plain(number: str) -> str:
    """A number as it is read: 1,000 is 1000, 2.50 is 2.5."""
    if _THOUSANDS.fullmatch(number):
        number = number.replace(",", "")
    if number.count(".") == 1 and "," not in number:
        number = number.rstrip("0").rstrip(".")
    return number.lstrip("0") or "0"


def _all_numbers(texts: Texts) -> Runs:
    return texts.once("numbers", lambda: texts.runs(texts.joined(DIGIT, POINT)).renamed(_plain))

"""Evidently's descriptors of a text that need no network, taken by their own names beside the source.

Imports Evidently when one is taken and not before. It is given a batch of texts, and gives numbers.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from monitors.characters import Texts
from monitors.discovery import text_measures
from monitors.textual import TextMeasure

_COLUMN = "text"
_OFFLINE: Mapping[str, tuple[Literal["number", "flag"], str]] = {
    "ContainsLink": ("flag", "no link stands in it"),
    "IsValidJSON": ("flag", "it is no JSON"),
    "IsValidPython": ("flag", "it is no Python"),
    "NonLetterCharacterPercentage": ("number", "letters and white space alone"),
    "SentenceCount": ("number", "nothing was written"),
    "TextLength": ("number", "nothing was written"),
    "WordCount": ("number", "no word was written"),
}
# Of 0.7.23: seen to fetch something or to ask a server when they begin, or not to be told by a name alone.
REFUSED: Mapping[str, str] = {
    **dict.fromkeys(
        ("Sentiment", "OOVWordsPercentage", "IncludesWords", "ExcludesWords", "TriggerWordsPresent"),
        "fetches word lists from the network",
    ),
    **dict.fromkeys(
        ("SemanticSimilarity", "BERTScore", "HuggingFace", "HuggingFaceToxicity"), "fetches a model"
    ),
    **dict.fromkeys(
        ("LLMEval", "LLMJudge", "OpenAI", "DeclineLLMEval", "PIILLMEval", "ToxicityLLMEval", "BiasLLMEval"),
        "asks a server",
    ),
    **dict.fromkeys(
        ("BeginsWith", "Contains", "DoesNotContain", "EndsWith", "ExactMatch", "ItemMatch", "RegExp"),
        "wants an argument for it; say it in SQL under `source.derive`",
    ),
    "IsValidSQL": "needs a package of its own",
}


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One descriptor, as text measures are: called with a text, its facts on `measure`."""

    measure: TextMeasure

    def __call__(self, text: str) -> Any:
        """What it says of one text; nothing where it can say nothing."""
        (found,) = _described(self.measure.name, [text])
        return None if np.isnan(found) else found


def descriptors() -> dict[str, Callable[..., Any]]:
    """Every descriptor by Evidently's name; `measure` on it holds its facts.

    >>> sorted(descriptors())[:2]
    ['ContainsLink', 'IsValidJSON']
    """
    return {
        name: Descriptor(TextMeasure(name, gives, zero, beside=True, many=partial(_of, name)))
        for name, (gives, zero) in _OFFLINE.items()
    }


def measures() -> dict[str, Callable[..., Any]]:
    """Whatever may stand behind the dot: our own measures of text, and Evidently's descriptors.

    >>> {"words", "SentenceCount"} <= set(measures())
    True
    """
    return {**text_measures(), **descriptors()}


def not_offered(name: str) -> str | None:
    """Why a descriptor of Evidently's is not taken; None where it is none that is known to us.

    >>> not_offered("Sentiment")
    'Evidently fetches word lists from the network'
    """
    why = REFUSED.get(name)
    return None if why is None else f"Evidently {why}"


def _of(name: str, texts: Texts) -> Any:
    return _described(name, texts.texts)


def _described(name: str, texts: Sequence[str]) -> Any:
    given = np.array([bool(text) for text in texts])  # it divides by the length of a text
    found = np.full(len(texts), np.nan)
    if given.any():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found[given] = _asked(name, [text for text in texts if text])
    return found


def _asked(name: str, texts: Sequence[str]) -> Any:
    import pandas as pd
    from evidently import DataDefinition, Dataset
    from evidently import descriptors as offered

    asked = getattr(offered, name)(_COLUMN, alias=name)
    shape = DataDefinition(text_columns=[_COLUMN])
    made = Dataset.from_pandas(pd.DataFrame({_COLUMN: texts}), data_definition=shape, descriptors=[asked])
    return made.as_dataframe()[name].to_numpy(dtype=np.float64)

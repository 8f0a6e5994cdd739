"""Described: what a metric's docstring says of it, in the parts a reader asks for."""

from __future__ import annotations

import inspect
import re
import sys
from dataclasses import dataclass

from monitors.discovery import Declared

_LABEL = re.compile(r"(Asks|Trap|Enough|Interval): ")


@dataclass(frozen=True, slots=True)
class Described:
    """A metric in words.

    Attributes:
        title: what it is called.
        summary: what it is, in half a sentence.
        formula: how it is computed.
        question: what it answers.
        trap: how its number misleads.
        enough: the least data for it, and for a verdict.
        interval: how its interval is made.
        more: what else has to be known, a paragraph each.
    """

    title: str
    summary: str
    formula: str
    question: str
    trap: str
    enough: str
    interval: str
    more: tuple[str, ...] = ()


def told(declared: Declared) -> Described:
    """Read a metric's docstring: its formula, then `Asks:`, `Trap:`, `Enough:`, `Interval:`.

    What the metric leaves out its family's docstring says for all its members.

    >>> from monitors.discovery import metrics
    >>> told(metrics()["true_positive_rate"]).question
    'of those who had the outcome, what share was flagged?'
    >>> told(metrics()["psi"]).enough == told(metrics()["wasserstein"]).enough
    True
    """
    module = sys.modules[declared.compute.__module__]
    title, _, summary = (module.__doc__ or "").strip().partition(": ")
    head = (inspect.getdoc(declared.compute) or "").partition("\nArgs:")[0]
    formula, *paragraphs = re.split(r"\n\s*\n", head.strip())
    labels: dict[str, str] = {}
    more = []
    for paragraph in (*re.split(r"\n\s*\n", _family(module.__name__)), *paragraphs):
        found = _labelled(paragraph)
        labels |= found
        if not found and paragraph in paragraphs:
            more.append(_line(paragraph))
    return Described(
        title=title,
        summary=summary.rstrip("."),
        formula=_line(formula),
        question=labels.get("Asks", ""),
        trap=labels.get("Trap", ""),
        enough=labels.get("Enough", ""),
        interval=labels.get("Interval", ""),
        more=tuple(more),
    )


def _family(module: str) -> str:
    return inspect.cleandoc(sys.modules[module.rpartition(".")[0]].__doc__ or "")


def _labelled(paragraph: str) -> dict[str, str]:
    """The paragraph's labels with what follows each; nothing where it begins with none."""
    if not _LABEL.match(paragraph):
        return {}
    parts = re.split(r"(?m)^(Asks|Trap|Enough|Interval): ", paragraph)[1:]
    return {label: _line(text) for label, text in zip(parts[::2], parts[1::2], strict=True)}


def _line(text: str) -> str:
    return " ".join(text.split())

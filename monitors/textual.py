"""What a text measure declares: a number or a yes or no, taken of one text where the text lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
MARK = "\x01"  # stands for what is counted; a text that holds it has it taken out first


@dataclass(frozen=True, slots=True)
class TextMeasure:
    """The facts about one text measure. Its name is its file's, and what follows the dot in a config.

    Attributes:
        gives: "number", for `numeric`, or "flag", true or false, for `categorical`.
        zero: what zero, or false, means, in words.
        texts: of how many texts it is taken: 1, as in `note.words`, or 2, as in `draft~signed.kept`.
    """

    name: str
    gives: Literal["number", "flag"]
    zero: str
    texts: Literal[1, 2] = 1


def text_measure(
    *, gives: Literal["number", "flag"], zero: str, texts: Literal[1, 2] = 1
) -> Callable[[F], F]:
    r"""Declare the decorated function a text measure.

    It is given a column, or two, as the engine's expressions have them (`length`, `lower`, `replace`,
    `re_search`, `re_replace`) and gives an expression back, which the engine runs: no text leaves it.
    Patterns keep to what RE2 and PostgreSQL read alike: no \b, no look-around, no back-reference.
    """

    def declare(function: F) -> F:
        function.measure = TextMeasure(function.__name__, gives, zero, texts)  # type: ignore[attr-defined]
        return function

    return declare


def occurrences(text: Any, pattern: str) -> Any:
    """How many times a pattern occurs in a text, from left to right and apart."""
    marked = text.replace(MARK, "").re_replace(pattern, MARK)
    return marked.length() - marked.replace(MARK, "").length()


def said(text: Any, *phrases: str) -> Any:
    """Whether one of these phrases, as patterns in small letters, stands in the text as whole words."""
    plain = text.replace("’", "'").lower().re_replace(r"\s+", " ")
    return plain.re_search("(^|[^a-z])(" + "|".join(phrases) + ")($|[^a-z])")

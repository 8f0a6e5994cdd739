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
        beside: taken beside the source, a batch of rows at a time: no engine's language can say it.
        plain: the same, of plain texts, for where they pass by anyway: quicker than DuckDB's lists.
        many: the same, of all texts of a batch at once (`monitors/characters.py`): an array of one value
            a row, NaN where there is none. It says what the plain function says, only sooner.
        shared: of how many keys a text has; the flag is whether another text has one of them too.
    """

    name: str
    gives: Literal["number", "flag"]
    zero: str
    texts: Literal[1, 2] = 1
    beside: bool = False
    plain: Callable[..., Any] | None = None
    many: Callable[..., Any] | None = None
    shared: int = 0


def text_measure(
    *,
    gives: Literal["number", "flag"],
    zero: str,
    texts: Literal[1, 2] = 1,
    beside: bool = False,
    plain: Callable[..., Any] | None = None,
    many: Callable[..., Any] | None = None,
    shared: int = 0,
) -> Callable[[F], F]:
    r"""Declare the decorated function a text measure.

    It is given a column, or two, as the engine's expressions have them (`length`, `lower`, `replace`,
    `re_search`, `re_replace`) and gives an expression back, which the engine runs: no text leaves it.
    Patterns keep to what RE2 and PostgreSQL read alike: no \b, no look-around, no back-reference.
    One that is taken `beside` the source is given plain texts, or two, and gives a plain value back;
    with `shared`, the keys of the text instead.
    """

    def declare(function: F) -> F:
        facts = TextMeasure(function.__name__, gives, zero, texts, beside, plain, many, shared)
        function.measure = facts  # type: ignore[attr-defined]
        return function

    return declare


def occurrences(text: Any, pattern: str) -> Any:
    """How many times a pattern occurs in a text, from left to right and apart."""
    marked = text.replace(MARK, "").re_replace(pattern, MARK)
    return marked.length() - marked.replace(MARK, "").length()


def said(text: Any, *phrases: str) -> Any:
    """Whether one of these phrases, as patterns in small letters, stands in the text as whole words."""
    plain = text.replace("’", "'").lower()
    spaced = (phrase.replace(" ", r"\s+") for phrase in phrases)  # lines may break anywhere
    return plain.re_search("(^|[^a-z])(" + "|".join(spaced) + ")($|[^a-z])")

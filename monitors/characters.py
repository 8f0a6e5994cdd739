"""Texts laid end to end as characters, so that what several measures ask of them is found once, for all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

END = "\0"  # stands behind each text
LETTER, PARTLESS, FIGURE, DIGIT, POINT, JOINT = (1 << i for i in range(6))
SPACE, BLANK, BETWEEN, STOP, CLOSER, LINE = (1 << i for i in range(6, 12))
_UNKNOWN = 1 << 15
_ENCODINGS = (("latin-1", "u1"), ("utf-16-le", "<u2"), ("utf-32-le", "<u4"))
# Scripts that part no words have a word a character: kana, Han, Hangul.
PARTLESS_SCRIPTS = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_PARTLESS = re.compile(f"[{PARTLESS_SCRIPTS}]")
_MEMBERS = {
    FIGURE: "0123456789",
    POINT: ".,",
    JOINT: "'’.,",
    BLANK: "\t\n\f\r \0",  # what engines take as white space
    BETWEEN: '\t\n\f\r .,;:!?()[]"\0',
    STOP: ".!?",
    CLOSER: ".!?\"')]",
    LINE: "\n\0",
}

Coded: TypeAlias = Callable[[bytes, NDArray[np.int32], int], tuple[NDArray[np.int32], list[bytes]]]
Array: TypeAlias = NDArray[Any]
Said = TypeVar("Said")


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of characters that were looked for: words, numbers, whatever stands between.

    Attributes:
        rows: of each run, in which text it stands.
        places: of each, which of the words it is.
        words: the different ones.
        among: how many texts there are.
        starts: of each, where it begins among all characters, where that is asked.
    """

    rows: Array
    places: Array
    words: Sequence[str]
    among: int
    starts: Array | None = None

    @classmethod
    def of(cls, found: Iterable[tuple[int, str]], among: int) -> Runs:
        """Runs that were found one by one, each with its text's place."""
        numbers: dict[str, int] = {}
        told = [(row, numbers.setdefault(word, len(numbers))) for row, word in found]
        rows, places = np.array(told, dtype=np.int64).reshape(-1, 2).T
        return cls(rows, places, list(numbers), among)

    @property
    def ends(self) -> Array:
        """Of each text, how many runs stand in it and in those before."""
        return np.searchsorted(self.rows, np.arange(self.among), "right")

    def counts(self) -> Array:
        """How many runs each text has."""
        return np.bincount(self.rows, minlength=self.among)

    def told(self, say: Callable[[str], float], kind: Any = np.float64) -> Array:
        """Of each run what is said of its word."""
        return np.fromiter(map(say, self.words), kind, len(self.words))[self.places]

    def renamed(self, name: Callable[[str], str]) -> Runs:
        """The runs by other names; those that get an empty one are left out.

        >>> Runs.of([(0, "A"), (0, "b"), (1, "a")], 2).renamed(str.lower).words
        ['a', 'b']
        """
        numbers: dict[str, int] = {"": -1}
        given = [numbers.setdefault(name(word), len(numbers) - 1) for word in self.words]
        places = np.array(given, dtype=np.int64)[self.places] if given else self.places
        stays = places >= 0
        return Runs(self.rows[stays], places[stays], list(numbers)[1:], self.among)

    def beside(self, others: Runs) -> tuple[Array, Array]:
        """The place of each run, and of each of the others, among the words of both."""
        numbers: dict[str, int] = {word: i for i, word in enumerate(self.words)}
        theirs = [numbers.setdefault(word, len(numbers)) for word in others.words]
        return self.places, np.array(theirs, dtype=np.int64)[others.places] if theirs else others.places


def lacking(some: Runs, others: Runs) -> tuple[Array, Array]:
    """Of each pair of texts, how many different words of one the other lacks, and how many it has in all.

    >>> said = Runs.of([(0, "pain"), (1, "rest")], 2)
    >>> lacking(Runs.of([(0, "pain"), (0, "fever"), (0, "fever")], 2), said)
    (array([1, 0]), array([2, 0]))
    """
    here, there = some.beside(others)
    span = len(some.words) + len(others.words) + 1
    held, theirs = _different(some.rows * span + here), _different(others.rows * span + there)
    missing = held[np.isin(held, theirs, assume_unique=True, invert=True)]
    lacks, has = (np.bincount(which // span, minlength=some.among) for which in (missing, held))
    return lacks, has


def _different(numbers: Array) -> Array:
    """The different ones in ascending order: `np.unique`, which of many takes five times as long."""
    ordered = np.sort(numbers)
    first: Array = np.diff(ordered, prepend=-1) != 0
    return ordered[first]


class Texts:
    """Texts of some rows, in small letters where nothing else is said."""

    def __init__(self, texts: Sequence[str], coded: Coded) -> None:
        self.texts = texts
        self._coded = coded
        self._held: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self.texts)

    def once(self, name: str, find: Callable[[], Said]) -> Said:
        """What is found the first time, and kept for as long as these texts are."""
        if name not in self._held:
            self._held[name] = find()
        found: Said = self._held[name]
        return found

    @cached_property
    def apart(self) -> bool:
        """Whether the texts can be told from each other once they lie end to end."""
        return self.lowered.count(END) == len(self.texts)

    @cached_property
    def lowered(self) -> str:
        """All texts in small letters, each with what ends it."""
        return (END.join(self.texts) + END).lower() if self.texts else ""

    @cached_property
    def _laid(self) -> tuple[str, Array]:
        """The narrowest encoding in which each character takes the same room, and the characters in it."""
        for encoding, kind in _ENCODINGS:
            try:
                laid = np.frombuffer(self.lowered.encode(encoding, "surrogatepass"), kind)
            except UnicodeEncodeError:
                continue
            if len(laid) == len(self.lowered):  # UTF-16 has two for some
                break
        return encoding, laid

    @property
    def characters(self) -> Array:
        """The same, a number a character."""
        return self._laid[1]

    @cached_property
    def kinds(self) -> Array:
        """Of each character the kinds it is of, a bit each."""
        return kinds(self.characters)

    @cached_property
    def ends(self) -> Array:
        """Where each text ends."""
        return np.flatnonzero(self.characters == 0)

    def of(self, kind: int) -> Array:
        """Of each character whether it is of a kind."""
        found: Array = (self.kinds & kind) != 0
        return found

    def rows(self, places: Array) -> Array:
        """In which text each of some places, in ascending order, lies."""
        return np.repeat(np.arange(len(self)), self.counted(places))

    def counted(self, places: Array) -> Array:
        """How many of some places, in ascending order, each text has."""
        return np.diff(np.searchsorted(places, self.ends), prepend=0)

    def joined(self, kind: int, joint: int) -> Array:
        """Of each character whether it is of a kind, or one that joins two of that kind."""
        inside = self.of(kind)
        inner = self.of(joint)[1:-1] & inside[:-2] & inside[2:]
        inside[1:-1] |= inner
        return inside

    def runs(self, inside: Array, alone: Array | None = None) -> Runs:
        """The runs of the characters inside; those alone are a run each.

        Args:
            inside: of each character whether it belongs to a run; what ends a text never does.
            alone: of each whether it is a run by itself.
        """
        starts, stops = edges(inside, alone)
        size = self.characters.itemsize
        offsets = np.zeros(len(starts) + 1, dtype=np.int32)
        np.cumsum((stops - starts) * size, out=offsets[1:])
        inner = self.characters.take(np.flatnonzero(inside), mode="clip")  # twice as fast as by the mask
        places, words = self._coded(inner.tobytes(), offsets, len(starts))
        told = [word.decode(self._laid[0], "surrogatepass") for word in words]
        return Runs(self.rows(starts), places, told, len(self), starts)


def edges(inside: Array, alone: Array | None = None) -> tuple[Array, Array]:
    """Where runs begin, and behind which character they end; the last character is in none."""
    before = np.zeros_like(inside)
    before[1:] = inside[:-1]
    if alone is None or not alone.any():
        changes = np.flatnonzero(inside != before)
        return changes[0::2], changes[1::2]
    parted = alone.copy()
    parted[1:] |= alone[:-1]
    starts = np.flatnonzero(inside & (~before | parted))
    stops = np.flatnonzero(before & (~inside | parted))
    return starts, stops


_kinds = np.full(0x110000, _UNKNOWN, dtype=np.uint16)


def kinds(characters: Array) -> Array:
    """Of each character the kinds it is of; of one never met before Python is asked.

    >>> letter, stop = kinds(np.array([ord("é"), ord("!")]))
    >>> int(letter) == LETTER, int(stop) == BETWEEN | STOP | CLOSER
    (True, True)
    """
    found = _kinds.take(characters, mode="clip")
    if (found & _UNKNOWN).any():
        strange = np.unique(characters[(found & _UNKNOWN) != 0])
        _kinds[strange] = [_kind(chr(one)) for one in strange.tolist()]
        found = _kinds.take(characters, mode="clip")
    return found


def _kind(character: str) -> int:
    is_of = {
        LETTER: character.isalnum(),
        DIGIT: character.isdecimal(),
        PARTLESS: _PARTLESS.match(character) is not None,
    }
    is_of |= {SPACE: character.isspace() or character == END}
    is_of |= {kind: character in members for kind, members in _MEMBERS.items()}
    return sum(kind for kind, is_one in is_of.items() if is_one)

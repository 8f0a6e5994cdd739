"""Reviews as a measure takes them: those of a window, narrowed to the question, the groups and the queue.

Where a window has several queues that fit, the one of which most was drawn speaks for it, and of equals
the first: that is settled before anybody reads, so nobody can choose by what was found.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from monitors.interval import LEVEL
from monitors.metric import Estimate
from monitors.raters.agreement import ENOUGH, Agreement, alpha, kappa
from monitors.raters.counts import ASKED, Cell, Review, Told
from monitors.raters.rates import Part, share
from monitors.raters.reviewed import JUDGE, READERS, why_not
from monitors.told import small

AGREED = 0.667  # Krippendorff 2004, p. 241: below it not even tentative conclusions
_UNDRAWN = "nobody drew outputs of this window for people to read (`rounds review draw`)"
_UNREAD = "nobody has read any of the outputs drawn yet"


@dataclass(frozen=True, slots=True)
class Reviews:
    """What people said of the outputs of one or several windows.

    Attributes:
        held: every queue.
        by: the sensitive column whose groups are meant; "" for everyone.
        groups: those meant; None for all of them.
    """

    held: tuple[Review, ...] = ()
    by: str = ""
    groups: frozenset[str] | None = None

    def of(self, attribute: str, groups: Iterable[str] | None = None) -> Reviews:
        """Narrowed to groups of a sensitive column."""
        return replace(self, by=attribute, groups=None if groups is None else frozenset(groups))

    def names(self, judge: str | None = None) -> list[str]:
        """The groups outputs were drawn from; `judge` names the question it has to answer."""
        return sorted({cell.stratum for review in self._chosen(judge) for cell in review.cells})

    def share(self, question: str, level: float = LEVEL) -> Estimate:
        """The share of outputs of which the answer is yes; absent where that cannot be told, and why."""
        chosen = self._chosen(None)
        if why := self._why(chosen, None):
            return Estimate.absent(why)
        i = ASKED.index(question)
        if why := _apart(_added(review.told[i] for review in chosen)):
            return Estimate.absent(why, self._read(chosen))
        parts: dict[str, Part] = {}
        few: set[int] = set()
        for review in chosen:
            for name in dict.fromkeys(cell.stratum for cell in self._cells(review)):
                cells = [cell for cell in self._cells(review) if cell.stratum == name]
                part = _part(name, cells, i)
                parts[f"{review.window} {name}"] = part
                milder = sum(c.found[ASKED.index("harm")] for c in cells) - part.yes
                few |= {part.yes, part.read - part.yes, *((milder,) if question == "serious_harm" else ())}
        found = share(parts.values(), level)
        if len(parts) == 1 or found.value is None:
            return found
        # Of a weighted share its numerator says nothing, but a handful in one stratum can be worked out.
        return replace(found, events=min((n for n in few if small(n)), default=None))

    def judged(self, question: str, level: float = LEVEL) -> Estimate:
        """The same by a judge model and the readers together, once it is surely of their mind."""
        chosen = self._chosen(question)
        if why := self._why(chosen, question):
            return Estimate.absent(why)
        i = ASKED.index(question)
        if why := _apart(_added(review.told[i] for review in chosen)):
            return Estimate.absent(why, self._read(chosen))
        pairs = tuple(
            (flag, yes, n)
            for flag in (1, 0)
            for yes in (1, 0)
            if (n := sum(_said(c, i, yes) for r in chosen for c in r.cells if c.judged == flag))
        )
        if why := why_not(_mind(pairs)):
            return Estimate.absent(f"the judge model does not count yet: {why}", self._read(chosen))
        parts = [
            _part(f"{c.stratum}, {('not flagged', 'flagged', 'not judged')[c.judged]}", [c], i)
            for review in chosen
            for c in self._cells(review)
        ]
        found = share(parts, level)
        if found.value is None or found.low is None or found.high is None:
            return found
        # Its numerator says nothing, but of what judge and readers differ on a handful can be worked out.
        few = (n for part in parts for n in (part.yes, part.read - part.yes) if small(n))
        return replace(found, events=min(few, default=None))

    def _chosen(self, asks: str | None) -> list[Review]:
        best: dict[str, Review] = {}
        for review in self.held:
            fits = (not self.by or review.by == self.by) and (
                asks is None or (bool(review.judge) and review.asks == asks)
            )
            if fits and (review.window not in best or review.drawn > best[review.window].drawn):
                best[review.window] = review
        return list(best.values())

    def _cells(self, review: Review) -> list[Cell]:
        return [c for c in review.cells if self.groups is None or c.stratum in self.groups]

    def _read(self, chosen: Iterable[Review]) -> int:
        return sum(cell.read for review in chosen for cell in self._cells(review))

    def _why(self, chosen: list[Review], asks: str | None) -> str | None:
        if not self.held:
            return _UNDRAWN
        if not chosen:
            how = f" --by {self.by}" if self.by else ""
            how += f" --judge COLUMN --asks {asks}" if asks else ""
            return f"no outputs of this window were drawn for that (`rounds review draw{how}`)"
        return None if self._read(chosen) else _UNREAD


def _part(name: str, cells: list[Cell], i: int) -> Part:
    return Part(name, sum(c.rows for c in cells), sum(c.read for c in cells), sum(c.found[i] for c in cells))


def _said(cell: Cell, i: int, yes: int) -> int:
    return cell.found[i] if yes else cell.read - cell.found[i]


def _added(told: Iterable[Told]) -> Told:
    return tuple(each for question in told for each in question)


@lru_cache(maxsize=64)  # asked again for every group
def _apart(told: Told) -> str | None:
    """Why nothing rests on what readers say: they surely do not agree. None where that is not so."""
    twice = [(no, yes) for no, yes, n in told for _ in range(n) if no + yes > 1]
    if len(twice) < ENOUGH:
        return None
    found = alpha([dict(unnamed(no, yes)) for no, yes in twice], 2)
    if found.high is None or found.high >= AGREED:
        return None
    return f"readers do not agree: alpha at most {found.high:.2f}, where {AGREED} is the least to judge by"


def unnamed(no: int, yes: int) -> list[tuple[str, int]]:
    """Answers without names, as agreement is taken of them.

    >>> unnamed(1, 1)
    [('0', 0), ('1', 1)]
    """
    return [(str(i), int(i >= no)) for i in range(no + yes)]


@lru_cache(maxsize=64)
def _mind(pairs: tuple[tuple[int, int, int], ...]) -> Agreement:
    """How far a judge model is of the readers' mind, from (its flag, their answer, outputs)."""
    said = [{JUDGE: flag, READERS: yes} for flag, yes, n in pairs for _ in range(n)]
    return kappa(JUDGE, READERS, said, 2)

"""Looks: how far of what readers said is told, so that two looks a day apart do not tell one answer.

Whoever looks twice sees the difference. So figures stand still until enough was read to hide any one answer
in it: a look sees one of a few states of the review, of which no two are 1 to 10 answers apart. Which states
these are follows from the ledger alone, whoever looked and when; what audits told of a window is a look, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitors.few import FLOOR, small
from monitors.ledger import Ledger
from monitors.raters.form import Reading, readings
from monitors.raters.queue import EVERYONE, QUEUE, Queue

GROWTH = 1.5  # a state follows on one with two thirds of its readings at most: few states, far apart
RELEASE = "release"


@dataclass(frozen=True, slots=True)
class State:
    """How often readers said yes and no: by stratum, and by what a judge model said; `everyone` is the sum.

    `seq` is the place in the ledger of the last reading in it, `readings` how many there are.
    """

    seq: int
    readings: int
    said: Mapping[str, tuple[int, int]]

    @property
    def telling(self) -> bool:
        """Whether it is told that 1 to 10 were found, or all but so many, and no more."""
        return any(small(n) for pair in self.said.values() for n in (*pair, sum(pair)))

    def apart(self, other: State) -> bool:
        """Whether nothing follows of 1 to 10 answers from having seen both."""
        for name in self.said.keys() & other.said.keys():
            (yes, no), (then_yes, then_no) = self.said[name], other.said[name]
            if small(abs(yes + no - then_yes - then_no)):
                return False
            if not (self.telling or other.telling):
                if small(abs(yes - then_yes)) or small(abs(no - then_no)):
                    return False
            elif yes + no == then_yes + then_no and yes != then_yes:
                return False
        return True


def seen(
    queue: Queue, said: Sequence[Reading], question: str, told: Iterable[State] = (), *, judge: bool = False
) -> list[State]:
    """The states of a review that a look may see, oldest first; the last is what is told now.

    Args:
        queue: what was drawn.
        said: what was said of it, in the ledger's order.
        question: which one is asked.
        told: what audits told of it, as states of everyone.
        judge: whether outputs are parted by what the judge model said of them.
    """
    others = sorted(told, key=lambda state: state.seq)
    # Parted or not, figures are of the same moments: between two moments lies what one may tell of the other.
    moments = {state.seq for state in seen(queue, said, question, others)} if judge else None
    kept: list[State] = []
    for state in _states(queue, said, question, judge):
        last = kept[-1] if kept else State(-1, 0, dict.fromkeys(state.said, (0, 0)))
        if moments is not None and state.seq not in moments:
            continue
        if state.readings - last.readings < FLOOR or state.readings < GROWTH * last.readings:
            continue
        before = [last, *kept[:-1], *(other for other in others if other.seq < state.seq)]
        if all(state.apart(other) for other in before):
            kept.append(state)
    return kept


def heard(
    queue: Queue, said: Sequence[Reading], question: str, told: Iterable[State] = (), *, judge: bool = False
) -> list[Reading]:
    """The readings that figures may be made of: those of the last state a look may see."""
    states = seen(queue, said, question, told, judge=judge)
    return [reading for reading in said if states and reading.seq <= states[-1].seq]


def audited(ledger: Ledger, queue: Queue, question: str) -> list[State]:
    """What released audits of the queue's window told of a question, of everyone."""
    found = []
    for entry in ledger.entries(RELEASE, model=queue.model, window=queue.window):
        for each in entry.body["findings"]:
            n, events = each.get("n"), each.get("events")
            named = each.get("metric") == f"{question}_share" and each.get("group") is None
            if named and n is not None and events is not None:
                found.append(State(entry.seq, n, {EVERYONE: (events, n - events)}))
    return found


def looks(ledger: Ledger, model: str, version: str, window: str, question: str) -> list[tuple[int, int]]:
    """(outputs read, of these yes) of everyone, as looks at a window's queues may have shown them."""
    found = []
    for entry in ledger.entries(QUEUE, model=model, window=window):
        queue = Queue.read(entry)
        if queue.version == version:
            told = audited(ledger, queue, question)
            states = seen(queue, readings(ledger, queue), question, told)
            pairs = [state.said[EVERYONE] for state in states if not state.telling]
            found += [(yes + no, yes) for yes, no in pairs]
    return found


def _states(queue: Queue, given: Sequence[Reading], question: str, judge: bool) -> Iterable[State]:
    """After each entry of the ledger, what was said by then."""
    votes: dict[str, list[int]] = {}
    said: dict[str, list[int]] = {name: [0, 0] for name in (EVERYONE, *_parts(queue, judge))}
    for i, reading in enumerate(given):
        if reading.output in queue.outputs:
            mine = votes.setdefault(reading.output, [])
            places = (EVERYONE, *_places(queue, reading.output, judge))
            for name in places:
                if mine:
                    said[name][2 * sum(mine) < len(mine)] -= 1
                said[name][2 * (sum(mine) + reading.said[question]) < len(mine) + 1] += 1
            mine.append(reading.said[question])
        if i + 1 == len(given) or given[i + 1].seq != reading.seq:
            yield State(reading.seq, i + 1, {name: (yes, no) for name, (yes, no) in said.items()})


def _parts(queue: Queue, judge: bool) -> tuple[str, ...]:
    flags = tuple(_FLAGS.values()) if judge else ()
    return (*(queue.strata if queue.by else ()), *flags)


def _places(queue: Queue, output: str, judge: bool) -> tuple[str, ...]:
    held = queue.outputs[output]
    return (*((held.stratum,) if queue.by else ()), *((_FLAGS[held.judged],) if judge else ()))


_FLAGS = {1: "rounds: flagged", 0: "rounds: not flagged", -1: "rounds: not judged"}

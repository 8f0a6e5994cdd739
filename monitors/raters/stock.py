"""Taking stock of a window's review queues in the ledger: what was said so far, in counts, and since when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from monitors.checks import facts
from monitors.config import ModelConfig
from monitors.ledger import Ledger
from monitors.raters.counts import ASKED, Cell, Review, Told
from monitors.raters.form import QUESTIONS, READ, Reading, readings
from monitors.raters.queue import QUEUE, Queue
from monitors.window import Window

SERIOUS = 2  # from "moderate" on


def asked(config: ModelConfig) -> bool:
    """Whether a model's plan asks what readers found."""
    return any(facts(rule.measure).reads == "review" for rule in config.plan)


def of_window(ledger: Ledger, config: ModelConfig, window: Window) -> tuple[Review, ...]:
    """Every queue of a window as far as it was read, oldest first; none where the plan does not ask."""
    if not asked(config):
        return ()
    held = [Queue.read(e) for e in ledger.entries(QUEUE, model=config.model, window=str(window))]
    return tuple(counted(q, readings(ledger, q)) for q in held if q.version == config.version)


def said_since(ledger: Ledger, config: ModelConfig) -> Mapping[str, int]:
    """By window, the place in the ledger of the last thing that was drawn or read of it."""
    if not asked(config):
        return {}
    entries = (e for kind in (QUEUE, READ) for e in ledger.entries(kind, model=config.model, bodies=False))
    last: dict[str, int] = {}
    for entry in entries:
        last[str(entry.window)] = max(entry.seq, last.get(str(entry.window), 0))
    return last


def counted(queue: Queue, said: Sequence[Reading]) -> Review:
    """Count what people said of a queue's outputs.

    >>> from monitors.raters.queue import Output, Stratum
    >>> queue = Queue("", "m", "1", "", "", "", "harm", None, {"everyone": Stratum(500)},
    ...               {"a": Output("everyone"), "b": Output("everyone")})
    >>> said = {"omission": 1, "addition": 0, "harm": 1, "severity": 1}
    >>> counted(queue, [Reading("", "a", "Ada", said)]).cells
    (Cell(stratum='everyone', judged=-1, rows=500, read=1, found=(1, 0, 1, 0)),)
    """
    answers: dict[str, list[tuple[int, ...]]] = {}
    for reading in said:
        if reading.output in queue.outputs:
            answers.setdefault(reading.output, []).append(_answers(reading))
    rows: dict[tuple[str, int], int] = {}
    for name, stratum in queue.strata.items():
        rows |= {(name, 1): stratum.flagged, (name, 0): stratum.unflagged} if queue.judge else {}
        rows[name, -1] = stratum.rows - stratum.flagged - stratum.unflagged
    cells = []
    for (name, judged), there in rows.items():
        mine = [
            given
            for key, given in answers.items()
            if (queue.outputs[key].stratum, queue.outputs[key].judged) == (name, judged)
        ]
        found = tuple(sum(2 * sum(col) >= len(col) for col in cols) for cols in _columns(mine))
        if there or mine:
            cells.append(Cell(name, judged, there, len(mine), found))
    return Review(
        queue.window, queue.by, queue.judge, queue.asks, len(queue.outputs), tuple(cells),
        tuple(_told(columns) for columns in _columns(answers.values())),
    )  # fmt: skip


def _answers(reading: Reading) -> tuple[int, ...]:
    said = reading.said
    return (*(said[question] for question in QUESTIONS), int(said["severity"] >= SERIOUS))


def _columns(given: Iterable[Sequence[tuple[int, ...]]]) -> list[list[list[int]]]:
    """By question, what the readers of each output answered."""
    held = list(given)
    return [[[answer[i] for answer in each] for each in held] for i in range(len(ASKED))]


def _told(columns: list[list[int]]) -> Told:
    pairs = [(len(answers) - sum(answers), sum(answers)) for answers in columns]
    return tuple((no, yes, pairs.count((no, yes))) for no, yes in sorted(set(pairs)))

"""Several workers: measures of texts taken by processes of their own, one for each processor.

`python -m flows.workers` is one: Arrow batches come in by its standard input, and go out measured. Python
runs one thread at a time; a window of many texts would keep one processor busy and leave the rest idle.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain, islice
from typing import Any

import pyarrow as pa

from flows.evidently_text import measures
from flows.worker import Asked, Taking
from monitors.errors import SourceInvalid

FEW = 4  # batches that are taken here: a process takes a second to begin
_TOLD = 3  # how a worker ends that says why


def taken(
    batches: Iterator[pa.RecordBatch], taking: Taking, processes: int | None = None, few: int = FEW
) -> Iterator[pa.RecordBatch]:
    """The batches measured, in their order; of many, by one process for each processor.

    Raises:
        SourceInvalid: naming the measure and never what it was taken of.
    """
    yield from map(taking.of, islice(batches, few))
    wanted = processes or processors()
    first = next(batches, None)
    if first is None:
        return
    rest = chain([first], batches)
    if wanted < 2:
        yield from map(taking.of, rest)
        return
    workers = [_Worker(taking, first.schema) for _ in range(wanted)]
    busy: deque[_Worker] = deque()
    try:
        for i, batch in enumerate(rest):
            if len(busy) == wanted:  # the oldest is the one whose turn it is
                yield busy.popleft().taken()
            worker = workers[i % wanted]
            worker.give(batch)
            busy.append(worker)
        while busy:
            yield busy.popleft().taken()
    finally:
        for worker in workers:
            worker.end()


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Worker:
    """One process, which holds one batch at most."""

    def __init__(self, taking: Taking, schema: pa.Schema) -> None:
        self._where = taking.where
        told = json.dumps([(one.name, one.facts.name, one.texts) for one in taking.asked])
        self._process: Any = subprocess.Popen(  # noqa: S603  this very Python, no shell
            [sys.executable, "-m", "flows.workers", told, taking.where],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        self._schema = schema
        self._into: Any = None
        self._from: Any = None

    def give(self, batch: pa.RecordBatch) -> None:
        """Send it a batch; it takes one at a time."""
        with self._ended():
            if self._into is None:
                self._into = pa.ipc.new_stream(self._process.stdin, self._schema)
            self._into.write_batch(batch)
            self._process.stdin.flush()

    def taken(self) -> pa.RecordBatch:
        """The batch it was given, measured."""
        with self._ended():
            if self._from is None:
                self._from = pa.ipc.open_stream(self._process.stdout)
            return self._from.read_next_batch()

    @contextmanager
    def _ended(self) -> Iterator[None]:
        """Turn a broken pipe into what the process said when it ended."""
        try:
            yield
        except (OSError, StopIteration, pa.ArrowInvalid):
            said = self._process.stderr.read().decode(errors="replace").strip()
            if self._process.wait() == _TOLD:
                raise SourceInvalid(said) from None
            raise SourceInvalid(f"{self._where}: the process that measures texts ended early") from None

    def end(self) -> None:
        """Let the process go, whatever it is at."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            with suppress(OSError):
                pipe.close()


def main(told: str, where: str) -> None:
    """Be one worker, until its input ends."""
    asked = []
    for name, measure, texts in json.loads(told):
        take: Any = measures()[measure]
        plain = take if take.measure.beside else take.measure.plain
        asked.append(Asked(name, plain, take.measure, tuple(texts)))
    taking = Taking(asked, where)
    into = None
    try:
        for batch in pa.ipc.open_stream(sys.stdin.buffer):
            into = into or pa.ipc.new_stream(sys.stdout.buffer, taking.schema(batch.schema))
            into.write_batch(taking.of(batch))
            sys.stdout.buffer.flush()
    except SourceInvalid as error:
        sys.stderr.write(str(error))
        sys.exit(_TOLD)
    except KeyboardInterrupt:
        sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A process and all it started: processor time, and the memory they hold together."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def tree(root: int) -> list[int]:
    """The process and everything below it."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents.setdefault(int(_stat(int(folder.name))[1]), []).append(int(folder.name))
            except (OSError, IndexError):
                continue
    found, todo = [], [root]
    while todo:
        found.append(pid := todo.pop())
        todo += parents.get(pid, [])
    return found


def worked(pids: list[int]) -> float:
    """Seconds of processor time, those of children that ended and were waited for among them."""
    total = 0.0
    for pid in pids:
        try:
            total += sum(int(tick) for tick in _stat(pid)[11:15]) / TICKS
        except (OSError, IndexError):
            continue
    return total


def held(pids: list[int]) -> float:
    """Megabytes in memory, what is shared counted once (PSS)."""
    total = 0
    for pid in pids:
        try:
            said = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(kb) for kb in re.findall(r"^Pss:\s+(\d+) kB", said, re.MULTILINE))
    return total / 1000


class Watch:
    """The most memory the tree below this process held together, looked at every ten seconds."""

    def __init__(self) -> None:
        self.peak = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(10):
            self.peak = max(self.peak, held(tree(os.getpid())))


def all_worked() -> float:
    """Processor time of this process and all it started."""
    return worked(tree(os.getpid()))

"""A log that is only ever added to, looked at before it is audited: is what was read of it there still?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol, runtime_checkable

from flows.source import Source
from monitors import altered
from monitors.altered import File
from monitors.config import ModelConfig
from monitors.ledger import Ledger
from monitors.window import Window


@runtime_checkable
class Log(Protocol):
    """A source whose files are added to and never changed."""

    def names(self) -> list[str]:
        """The log's files."""

    def contents(self, before: Mapping[str, int]) -> dict[str, tuple[int, str, str]]:
        """By a file's name: its size, the digest of its bytes, and of as many as there were `before`."""

    def spans(self) -> dict[str, tuple[str, str]]:
        """By a file's name, when its first and its last call began."""

    def archived(self, last: str, now: datetime) -> bool:
        """Whether a file whose last call began then is no longer held to be there."""


def look(source: Source, config: ModelConfig, ledger: Ledger, window: Window) -> None:
    """Leave in the ledger what a log's files are, and which changed or went; the window's audit says so."""
    if not isinstance(source, Log):
        return
    was = altered.known(ledger, config)
    sizes = {name: was[altered.label(name)].size for name in source.names() if altered.label(name) in was}
    there = source.contents(sizes)
    changed = [
        altered.label(name)
        for name, (_, _, then) in there.items()
        if (held := was.get(altered.label(name))) is not None and then != held.digest
    ]
    spans = source.spans() if changed or len(there) != len(was) or _grown(was, there) else {}
    now = dict(was)
    for name, (size, whole, _) in there.items():
        told = altered.label(name)
        held = was.get(told)
        first, last = spans.get(name, (held.first, held.last) if held else ("", ""))
        now[told] = File(size, whole, first, last)
    audited = {Window.parse(str(head.window)) for head in ledger.heads(config.model)}
    said = {name: altered.windows(config, audited, was[name]) for name in changed}
    absent = set(was) - {altered.label(name) for name in there}
    # Of a file under another name its bytes are still there, though not what it was called.
    moved = {whole for name, (_, whole, _) in there.items() if altered.label(name) not in was}
    missed = [
        name
        for name in absent - altered.known_gone(ledger, config)
        if was[name].digest not in moved and not source.archived(was[name].last, window.end)
    ]
    gone = {name: altered.windows(config, audited, was[name]) for name in missed}
    altered.keep(ledger, config, window, now, said, gone, absent)


def _grown(was: dict[str, File], there: dict[str, tuple[int, str, str]]) -> bool:
    return any(
        was[altered.label(n)].size != size for n, (size, _, _) in there.items() if altered.label(n) in was
    )

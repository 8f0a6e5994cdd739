"""Carried: the state of each check after a window, written down so that the next run begins there.

Without it every run would read a model's whole history to know what stands; with it a night costs the
same after ten years. It names the audits it follows from: where one was restated since, it no longer
holds, and the run goes back to the last that does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitors.alert import Key, Standing, after
from monitors.audit import Audit, Finding, Verdict
from monitors.canonical import digest
from monitors.window import Window

FORM = 1  # of what is written; another number is read as nothing


@dataclass(frozen=True, slots=True)
class Carried:
    """What stands after some windows of one model.

    Attributes:
        history: a digest of the audits it follows from, in the order of their windows.
        standing: the state of each check.
        last: the last window that counted; one that overlaps it tells nothing anew.
    """

    history: str = ""
    standing: Mapping[Key, Standing] = field(default_factory=dict)
    last: Window | None = None

    def after(self, audit: Audit, recorded: str) -> Carried:
        """After one more window, told by its release and the digest of its audit."""
        history = chained(self.history, recorded)
        if self.last is not None and self.last.overlaps(audit.window):
            return Carried(history, self.standing, self.last)
        return Carried(history, after(self.standing, audit), audit.window)

    def payload(self) -> dict[str, Any]:
        """As plain values. Of a check that does not fire its last finding is left out: nobody asks for it."""
        return {
            "form": FORM,
            "history": self.history,
            "last": str(self.last) if self.last else None,
            "standing": [_plain(state) for state in self.standing.values()],
        }

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Carried | None:
        """Back from plain values; None where nothing was carried, or in another form."""
        if payload.get("form") != FORM:
            return None
        states = [_state(each) for each in payload["standing"]]
        last = payload["last"]
        return cls(
            payload["history"], {s.finding.key: s for s in states}, Window.parse(last) if last else None
        )


def chained(history: str, recorded: str) -> str:
    """The digest of a history with one more audit."""
    return digest([history, recorded])


def histories(digests: Iterable[str]) -> list[str]:
    """The digest of the history up to each of these audits."""
    found, history = [], ""
    for each in digests:
        history = chained(history, each)
        found.append(history)
    return found


def _plain(state: Standing) -> list[Any]:
    finding = state.finding
    named = finding.payload() if state.firing else [finding.metric, finding.subject, finding.group]
    since = str(state.since) if state.since else None
    return [
        named, str(state.until), state.stage, state.config, list(state.beyond), state.way, state.calm, since,
        state.told,
    ]  # fmt: skip


def _state(said: Sequence[Any]) -> Standing:
    named, until, stage, config, beyond, way, calm, since, told = said
    if isinstance(named, list):
        metric, subject, group = named
        finding = Finding(
            metric=metric, subject=subject, group=group, family="", unit="", verdict=Verdict.WITHIN
        )
    else:
        finding = Finding.read(named)
    return Standing(
        finding=finding, until=Window.parse(until), stage=stage, config=config, beyond=tuple(beyond),
        way=way, calm=calm, since=Window.parse(since) if since else None, told=told,
    )  # fmt: skip

"""Suppressed exports: what releases tell, added over sites, what is withheld never taken for nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from monitors.audit import Audit, Finding, Stage, Verdict
from monitors.canonical import digest
from monitors.config import ModelConfig
from monitors.discovery import metrics
from monitors.errors import ConfigError
from monitors.federation import problems
from monitors.interval import wilson
from monitors.told import ALIKE
from monitors.window import Window

What = tuple[str, str, str | None]
"""(measure, subject, group); everyone is the group None."""
SHARE = "share of rows"


@dataclass(frozen=True, slots=True)
class Share:
    """One share as a release tells it: `events` of `n` people, or None for both where it is withheld.

    `worth` is how many rows are worth one, because rows of one patient are alike; 1 where none repeats.
    """

    metric: str
    subject: str
    group: str | None
    n: int | None
    events: int | None
    worth: float = 1.0

    @property
    def what(self) -> What:
        """What it is a share of, and of whom."""
        return self.metric, self.subject, self.group


@dataclass(frozen=True)
class Released:
    """One window as a site's release tells it; `rows` is None where so few may not be shown."""

    window: Window
    stage: Stage
    rows: int | None
    shares: tuple[Share, ...]

    @classmethod
    def by(cls, release: Audit) -> Released:
        """Of a release, the shares of people: nothing that the site does not show by itself."""
        kept = [f for f in release.findings if f.unit == SHARE and not f.holds and not f.over and not f.slow]
        strange = {f.metric for f in kept if f.n is not None and not _adds(f)}
        told = {f.key: f for f in kept if f.metric not in strange and f.verdict is not Verdict.FAILED}
        return cls(release.window, release.stage, release.rows, tuple(map(_share, told.values())))

    def unseen(self, what: What) -> int | None:
        """How many people a share may have beside those shown, at most; None where nobody can say.

        Everyone that the measure could be of, less the groups that are shown.
        """
        metric, subject, group = what
        facts = metrics().get(metric)
        # Those who ought to have been scored are more than the rows there are.
        rows = None if facts is None or "eligible" in facts.facts.needs else self.rows
        if group is None:
            return rows
        everyone = [s.n for s in self.shares if s.metric == metric and s.group is None and s.n is not None]
        whole = max(everyone, default=rows)
        shown = (s.n for s in self.shares if s.what[:2] == (metric, subject) and s.group and s.n is not None)
        return None if whole is None else max(whole - sum(shown), 0)


@dataclass(frozen=True)
class SuppressedPacket:
    """What one site tells of its windows in the open; the attributes of `federation.Packet`."""

    site: str
    model: str
    version: str
    counting: Mapping[str, str]
    windows: tuple[Released, ...]

    @property
    def held(self) -> dict[Window, Stage]:
        """Its windows, each with the stage it was counted at."""
        return {told.window: told.stage for told in self.windows}

    def payload(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        windows = [
            {
                "window": str(told.window),
                "stage": told.stage,
                "rows": told.rows,
                "shares": [asdict(s) for s in told.shares],
            }
            for told in self.windows
        ]
        return {
            "site": self.site, "model": self.model, "version": self.version,
            "counting": dict(self.counting), "windows": windows,
        }  # fmt: skip

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> SuppressedPacket:
        """Back from plain values."""
        windows = tuple(
            Released(Window.parse(w["window"]), w["stage"], w["rows"], tuple(Share(**s) for s in w["shares"]))
            for w in body["windows"]
        )
        return cls(body["site"], body["model"], body["version"], dict(body["counting"]), windows)


@dataclass(frozen=True, slots=True)
class SystemShare:
    """A share over several sites, as far as what they show tells it.

    Attributes:
        n, events: of the sites that show it; None where too few do.
        unseen: how many people may be missing from n, at most.
        low, high: between what the share of the whole system lies, whatever those people had; both
            equal where nobody is missing. None where it is withheld.
        sure_low, sure_high: the same with what chance leaves open (Wilson, 95 %).
        lacking: the sites that withhold it, or do not tell of it and may have such people.
    """

    metric: str
    subject: str
    group: str | None
    n: int | None
    events: int | None
    unseen: int | None
    low: float | None
    high: float | None
    sure_low: float | None
    sure_high: float | None
    lacking: tuple[str, ...]


@dataclass(frozen=True)
class SystemView:
    """One window of a system of sites, from suppressed exports alone: bounds, and no verdicts."""

    model: str
    version: str
    window: Window
    stage: Stage
    sites: tuple[str, ...]
    shares: tuple[SystemShare, ...]

    def payload(self) -> dict[str, Any]:
        """As plain values: the JSON of `rounds federate merge --json`."""
        told = {
            "schema": 1, "model": self.model, "version": self.version, "window": str(self.window),
            "stage": self.stage, "sites": list(self.sites),
            "shares": [asdict(share) | {"lacking": list(share.lacking)} for share in self.shares],
        }  # fmt: skip
        return {**told, "digest": digest(told)}


def viewed(packets: Mapping[str, SuppressedPacket], config: ModelConfig) -> list[SystemView]:
    """The system's windows, oldest first, from several sites' suppressed exports by file name.

    Raises:
        ConfigError: naming every file that does not go with the others.
    """
    if len(packets) < 2:
        raise ConfigError(["name the files of two sites or more: one site by itself is no system"])
    if found := problems(packets, config):
        raise ConfigError(found)
    held = list(packets.values())
    every = zip(*(sorted(packet.windows, key=lambda told: told.window) for packet in held), strict=True)
    sites = tuple(packet.site for packet in held)
    return [
        SystemView(config.model, config.version, at[0].window, at[0].stage, sites, tuple(_added(sites, at)))
        for at in every
    ]


def _adds(finding: Finding) -> bool:
    """Whether a finding is plainly so many of so many: what is smoothed or weighted does not add."""
    value = finding.value if finding.level is None else finding.level
    if not finding.n or finding.events is None or value is None:
        return finding.n == 0
    return abs(finding.events / finding.n - value) < 1e-9


def _share(finding: Finding) -> Share:
    n, events = finding.n, 0 if finding.n == 0 else finding.events
    told = None not in (n, events) and finding.verdict is not Verdict.WITHHELD
    return Share(*finding.key, *((n, events) if told else (None, None)), finding.design_effect or 1.0)


def _added(sites: Sequence[str], at: Sequence[Released]) -> Iterator[SystemShare]:
    by_site = [{share.what: share for share in told.shares} for told in at]
    named = {what for shares in by_site for what in shares}
    # A measure that one site cannot tell as so many of so many adds nowhere.
    for what in sorted(named, key=lambda key: (key[0], key[1], key[2] or "")):
        n, events, unseen, worth, lacking = 0, 0, 0, 1.0, list[str]()
        unknown = False
        for site, told, shares in zip(sites, at, by_site, strict=True):
            share = shares.get(what)
            if share is not None and share.n is not None and share.events is not None:
                n, events, worth = n + share.n, events + share.events, max(worth, share.worth)
                continue
            left = told.unseen(what)
            if left == 0:
                continue
            lacking.append(site)
            unknown = unknown or left is None
            unseen += left or 0
        if n < ALIKE or unknown:
            none = (None,) * 7
            yield SystemShare(*what, *none, tuple(lacking))
            continue
        whole = n + unseen
        low, high = events / whole, (events + unseen) / whole
        sure = (
            wilson(events / worth, whole / worth)[0],
            wilson((events + unseen) / worth, whole / worth)[1],
        )
        yield SystemShare(*what, n, events, unseen, low, high, *sure, tuple(lacking))

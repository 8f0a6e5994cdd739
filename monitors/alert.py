"""Alerts: which checks stand beyond their margin, and what began or ceased to, after debouncing.

Pure functions over audits. One window beyond its margin is news only where silence or impossible
input cannot wait; anything chance can move has to be beyond in 2 of 3 windows that could tell.
Windows are compared with the last known state of each check, not with the window before: one that
cannot tell neither fires nor heals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from monitors.audit import Audit, Finding, Stage, Verdict
from monitors.window import Window

Key = tuple[str, str, str | None]

BLIND = (Verdict.CANNOT_TELL, Verdict.WITHHELD, Verdict.FAILED)
PARTIAL = ("silent_groups",)  # feeds of a part: the rest of the model is still there to be judged
ONCE = ("altered_log",)  # what happened in one window, and is not taken back by the next
FEED, MUTED = "quality", ("performance", "fairness")


@dataclass(frozen=True, slots=True)
class Debounce:
    """Fires when beyond in `needed` of the last `of` windows that could tell.

    Clears when below `clear` of the margin in `needed` windows running.
    """

    needed: int = 2
    of: int = 3
    clear: float = 0.8


_ANEW = "its sum begins anew: the version or the plan changed"
AT_ONCE = Debounce(1, 1)
USUAL = Debounce()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of one check after some windows.

    Attributes:
        finding: the last one that could tell.
        until: the last window that could tell.
        stage, config: of the audit it was in.
        beyond: of the last windows that could tell, oldest first, whether it was beyond.
        way: the side it was last beyond on, 1 or -1.
        calm: windows running, up to the last that could tell, well inside the margin.
        since: the window it began to fire in; None while it does not.
        told: whether somebody was told that it began.
    """

    finding: Finding
    until: Window
    stage: Stage
    config: str
    beyond: tuple[bool, ...] = ()
    way: int = 1
    calm: int = 0
    since: Window | None = None
    told: bool = False

    @property
    def firing(self) -> bool:
        """Whether it began and has not ceased."""
        return self.since is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A check that began or ceased to be beyond its margin.

    `since` is the window it began in and `window` the one that said so; they differ where the
    telling was muted. The same history gives the same alerts, so telling can be repeated.
    """

    model: str
    version: str
    state: Literal["began", "ceased"]
    window: Window
    since: Window
    finding: Finding
    why: str

    @property
    def key(self) -> tuple[str, str, str, str | None]:
        """What makes two alerts the same incident, but for `since`."""
        return (self.model, *self.finding.key)


def standing(history: Iterable[Audit]) -> dict[Key, Standing]:
    """The state of each check of one model after its audits, in whatever order they come.

    Of windows that overlap the first to start counts: what two windows share is not told twice.
    """
    held: dict[Key, Standing] = {}
    last: Window | None = None
    for audit in sorted(history, key=lambda audit: audit.window):
        if last is None or not last.overlaps(audit.window):
            held, last = after(held, audit), audit.window
    return held


def after(held: Mapping[Key, Standing], audit: Audit) -> dict[Key, Standing]:
    """The state of each check after one more window."""
    return _step(held, audit)[0]


def changes(held: Mapping[Key, Standing], audit: Audit) -> tuple[Alert, ...]:
    """What to tell of a window, given the state before it: what began, then what ceased.

    Args:
        held: `standing` of the windows before this one, or a backfill would tell otherwise
            than a live run did.
        audit: of the window.

    While a feed that pages is broken, the model's performance and fairness alerts wait; a column's
    ticket makes only the gaps between that column's own groups wait, since a ticket may last. What
    is still beyond in a window after that has ceased is told then.
    """
    return tuple(_step(held, audit)[1])


def debounce(finding: Finding) -> Debounce:
    """How a check is debounced: feeds that page, and what happens once, fire at once; else 2 of 3 windows.

    A slow change is already a sum over windows, and clears by itself only below 80 % of its threshold.

    >>> silent = Finding(metric="freshness", family="quality", subject="rows", unit="share",
    ...                  verdict=Verdict.BEYOND, severity="page")
    >>> debounce(silent).needed, debounce(replace(silent, family="drift")).needed
    (1, 2)
    """
    summed = finding.slow is not None
    once = summed or finding.metric in ONCE
    return AT_ONCE if once or (finding.family == FEED and finding.severity == "page") else USUAL


def moved(finding: Finding) -> float:
    """How far a finding lies from its target, with its sign, in the margin's unit.

    >>> gap = Finding(metric="auroc", family="fairness", subject="sex", group="f", against="rest",
    ...               unit="", verdict=Verdict.BEYOND, value=-0.2)
    >>> moved(gap)
    -0.2
    """
    if finding.change_low is not None and finding.change_high is not None:
        return (finding.change_low + finding.change_high) / 2
    value = finding.value or 0.0
    return value if finding.against is not None else value - (finding.baseline or 0.0)


def mutes(feed: Finding, finding: Finding) -> bool:
    """Whether trouble with a feed that fires makes another finding wait.

    >>> gap = Finding(metric="auroc", family="fairness", subject="race", group="b", unit="",
    ...               verdict=Verdict.BEYOND)
    >>> urine = Finding(metric="missing_share", family="quality", subject="urine", unit="",
    ...                 verdict=Verdict.BEYOND, severity="ticket")
    >>> mutes(urine, gap), mutes(replace(urine, subject="race"), gap)
    (False, True)
    >>> mutes(replace(urine, severity="page"), gap)
    True
    """
    if feed.severity == "page" and feed.metric not in PARTIAL:
        return finding.family in MUTED
    return finding.family == "fairness" and finding.subject == feed.subject


def _step(held: Mapping[Key, Standing], audit: Audit) -> tuple[dict[Key, Standing], list[Alert]]:
    judged = {finding.key: finding for finding in audit.findings if finding.severity != "info"}
    present = set(judged)
    anew = {key for key in present & set(held) if held[key].finding.slow and held[key].config != audit.config}
    now, began, ceased = {key: state for key, state in held.items() if key not in anew}, [], []
    for finding in judged.values():
        before = now.get(finding.key)
        repeated = before is not None and before.until.overlaps(audit.window)
        if finding.verdict not in BLIND and not repeated:
            now[finding.key] = _seen(before, finding, audit)
    over = [held[key] for key in sorted(anew, key=str) if held[key].told]
    ceased += [_alert("ceased", state, state, audit, _ANEW) for state in over]
    for key, state in held.items():
        # A rule taken out of the plan; a check that outcomes have yet to reach is only waiting.
        gone = key not in present and state.stage == audit.stage and state.config != audit.config
        if gone:
            del now[key]
            if state.told:
                ceased.append(_alert("ceased", state, state, audit, "it is no longer checked"))
    broken = (s.finding for s in now.values() if s.firing and s.finding.family == FEED)
    feeds = [finding for finding in broken if finding.slow is None]  # what creeps has not broken
    for key, state in now.items():
        before = None if key in anew else held.get(key)
        muted = any(mutes(feed, state.finding) for feed in feeds)
        beyond_now = state.until == audit.window and state.finding.verdict is Verdict.BEYOND
        if state.firing and not state.told and beyond_now and not muted:
            began.append(_alert("began", state, state, audit, _because(state)))
            now[key] = replace(state, told=True)
        elif before is not None and before.firing and not state.firing and before.told:
            ceased.append(_alert("ceased", before, state, audit, _because(state)))
    return now, [*began, *ceased]


def _seen(before: Standing | None, finding: Finding, audit: Audit) -> Standing:
    """The state after a window that could tell."""
    rule = debounce(finding)
    is_beyond = finding.verdict is Verdict.BEYOND
    recent = (*(before.beyond if before else ()), is_beyond)[-rule.of :]
    way = before.way if before else 1
    if is_beyond:
        way = -1 if moved(finding) < 0 else 1
    margin = finding.margin or 0.0
    well_inside = finding.verdict is Verdict.WITHIN and way * moved(finding) < rule.clear * margin
    calm = (before.calm if before else 0) + 1 if well_inside else 0
    since, told = (before.since, before.told) if before else (None, False)
    if since is None and is_beyond and sum(recent) >= rule.needed:
        since = audit.window
    elif since is not None and calm >= rule.needed:
        # What healed starts anew: windows from before it did are not counted again.
        since, told, recent = None, False, ()
    return Standing(
        finding=finding, until=audit.window, stage=audit.stage, config=audit.config,
        beyond=recent, way=way, calm=calm, since=since, told=told,
    )  # fmt: skip


def _because(state: Standing) -> str:
    if state.finding.slow and state.finding.since:
        return f"drifting since {state.finding.since[:10]}"
    if not state.firing:
        return f"well inside its margin in {_windows(state.calm)} running"
    return (
        f"beyond its margin in {sum(state.beyond)} of the last {_windows(len(state.beyond))} that could tell"
    )


def _windows(count: int) -> str:
    return f"{count} {'window' if count == 1 else 'windows'}"


def _alert(
    state: Literal["began", "ceased"], firing: Standing, latest: Standing, audit: Audit, why: str
) -> Alert:
    assert firing.since is not None  # noqa: S101  only what fires begins or ceases
    return Alert(
        model=audit.model, version=audit.version, state=state, window=audit.window,
        since=firing.since, finding=latest.finding, why=why,
    )  # fmt: skip


def firing(held: Mapping[Key, Standing]) -> Iterator[Standing]:
    """The checks that fire, oldest first."""
    yield from sorted(
        (state for state in held.values() if state.firing),
        key=lambda state: (str(state.since), state.finding.name),
    )

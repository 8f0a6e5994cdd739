"""Turns: what changed between a model's windows that a reader of its chart has to know.

A version, a threshold, the plan, the feed, the reference or Rounds itself: beside any of them a step
in a chart may be the change and not the patients.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any, Literal

from monitors.audit import Audit
from monitors.canonical import digest
from monitors.config import ModelConfig
from monitors.window import Window

Kind = Literal[
    "version", "threshold", "feed", "reference", "plan", "columns", "window", "config", "software", "planned"
]
_LISTED = 3  # rules named of a plan that changed; more are counted


@dataclass(frozen=True, slots=True)
class Turn:
    """A change, and the first window that it holds for.

    `short` stands in a chart, `words` is a sentence without its stop.
    """

    window: Window
    kind: Kind
    short: str
    words: str


def declared(config: ModelConfig) -> dict[str, Any]:
    """What is kept of a configuration, so that a later one can be set against it; no secret is in it.

    Of the source only a digest: whether it changed, and not where it is.
    """
    said = config.model_dump(mode="json", by_alias=True)
    columns = said["columns"]
    return {
        "decision": columns.pop("decision"),
        "columns": columns,
        "feed": digest(said["source"]),
        "reference": said["reference"],
        "window": {"window": said["window"], "timezone": said["timezone"], "outcome": said["outcome"]},
        "plan": [rule for rule in said["plan"] if rule.pop("silent", None) is not None],
    }


def turns(history: Sequence[Audit], configs: Mapping[str, Mapping[str, Any]]) -> tuple[Turn, ...]:
    """Every change between consecutive windows, oldest first.

    Args:
        history: audits of one model, in whatever order.
        configs: by digest, what was `declared`; of a configuration that is not among them it is
            only said that it changed.

    Two versions audited side by side are no change; one that was not there the window before is.
    """
    ordered = sorted(history, key=lambda audit: audit.window)
    each = [list(audits) for _, audits in groupby(ordered, key=lambda audit: audit.window)]
    return tuple(turn for before, now in pairwise(each) for turn in _between(before, now, configs))


def _between(
    before: Sequence[Audit], now: Sequence[Audit], configs: Mapping[str, Mapping[str, Any]]
) -> Iterator[Turn]:
    known = {audit.version: audit for audit in before}
    for audit in now:
        earlier = known.get(audit.version)
        if earlier is None:
            earlier = before[-1]
            yield Turn(
                audit.window, "version", f"version {audit.version}",
                f"version {earlier.version} became {audit.version}",
            )  # fmt: skip
        yield from _declared(earlier, audit, configs)
        if audit.software != earlier.software:
            words = f"{earlier.software} became {audit.software}"
            yield Turn(audit.window, "software", audit.software, words)


def _declared(earlier: Audit, audit: Audit, configs: Mapping[str, Mapping[str, Any]]) -> Iterator[Turn]:
    was, now, window = configs.get(earlier.config), configs.get(audit.config), audit.window
    if was is None or now is None:
        # With the version its configuration always changes: that is said already.
        if audit.config != earlier.config and audit.version == earlier.version:
            yield Turn(window, "config", "configuration", "the configuration changed")
        return
    if was["decision"] != now["decision"]:
        yield _threshold(window, was["decision"], now["decision"])
    if was["feed"] != now["feed"]:
        yield Turn(window, "feed", "feed", "the source of predictions, or how columns are derived, changed")
    # One that follows the window is another every time.
    follows = "trailing" in now["reference"]
    if was["reference"] != now["reference"] or (audit.reference != earlier.reference and not follows):
        yield Turn(window, "reference", "reference", "what windows are compared with changed")
    if was["plan"] != now["plan"]:
        yield Turn(window, "plan", "plan", f"the plan changed: {_rules(was['plan'], now['plan'])}")
    if was["columns"] != now["columns"]:
        yield Turn(window, "columns", "columns", "the columns that are watched, or their roles, changed")
    if was["window"] != now["window"]:
        yield Turn(window, "window", "windows", "the windows, or when outcomes count as known, changed")


def _threshold(window: Window, was: Any, now: Any) -> Turn:
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        before, after = was["score_at_least"], now["score_at_least"]
        return Turn(window, "threshold", f"from {after:g}", f"the threshold {before:g} became {after:g}")
    return Turn(window, "threshold", "decision", "what counts as a decision changed")


def _rules(was: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> str:
    """Which rules differ, by measure, the margins where only they do."""

    def named(rule: Mapping[str, Any]) -> str:
        columns = rule["columns"] if isinstance(rule["columns"], str) else ", ".join(rule["columns"])
        by = f" by {rule['by']}" if rule.get("by") else "" if columns == "all" else f" of {columns}"
        return f"{rule['measure']}{by}"

    before, after = {named(r): r for r in was}, {named(r): r for r in now}
    said = [f"{name} is new" for name in after if name not in before]
    said += [f"{name} is gone" for name in before if name not in after]
    for name in before:
        if name in after and before[name] != after[name]:
            old, new = before[name]["margin"], after[name]["margin"]
            plain = old is None or new is None or old == new
            said.append(f"{name} changed" if plain else f"margin of {name} {old:g} became {new:g}")
    said = said or ["the order of its rules"]
    more = len(said) - _LISTED
    return ", ".join(said[:_LISTED]) + (f" and {more} more" if more > 0 else "")

"""Nested: findings whose difference tells of a handful of people that neither tells of by itself.

What staff did is no kind of row in `forms`, so what its measures tell together is looked at here:
flags of which no action is recorded, and overridden flags of which no outcome is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitors.audit import Finding

Place = tuple[str, str | None]
EVERYONE: Place = ("model", None)
_HIDDEN = ("action_rate", "override_rate", "override_right_rate")


def nested(findings: Sequence[Finding], least: int) -> set[int]:
    """Which findings of what staff did to hide: 1 to `least` - 1 people lie between two counts.

    >>> from monitors.audit import Verdict
    >>> flags = Finding(metric="selection_rate", family="performance", subject="model", unit="share of rows",
    ...     verdict=Verdict.WITHIN, n=900, events=104)
    >>> acts = Finding(metric="action_rate", family="oversight", subject="model", unit="share of rows",
    ...     verdict=Verdict.WITHIN, n=100, events=50)
    >>> nested([flags, acts], 11)
    {1}
    """
    counts: dict[Place, dict[str, tuple[int, int]]] = {}
    for finding in findings:
        if finding.n is not None and finding.events is not None:
            held = counts.setdefault((finding.subject, finding.group), {})
            held[finding.metric] = (finding.n, finding.events)
    between = {place: _between(held) for place, held in counts.items()}
    whole = between.get(EVERYONE, (None, None))
    hidden: set[int] = set()
    for i, finding in enumerate(findings):
        if finding.metric not in _HIDDEN:
            continue
        here = between.get((finding.subject, finding.group), (None, None))
        for group, everyone in zip(here, whole, strict=True):
            rest = everyone - group if everyone is not None and group is not None else None
            if any(count is not None and 0 < count < least for count in (group, rest)):
                hidden.add(i)
    return hidden


def _between(held: Mapping[str, tuple[int, int]]) -> tuple[int | None, int | None]:
    """Flags without a recorded action, and overridden flags without a known outcome."""
    flagged = held["selection_rate"][1] if "selection_rate" in held else None
    flags = overridden = None
    if "action_rate" in held:
        flags, acted = held["action_rate"]
        overridden = flags - acted
    if "override_rate" in held:
        flags, overridden = held["override_rate"]
    known = held["override_right_rate"][0] if "override_right_rate" in held else None
    return _less(flagged, flags), _less(overridden, known)


def _less(whole: int | None, part: int | None) -> int | None:
    return whole - part if whole is not None and part is not None else None

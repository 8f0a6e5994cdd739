"""Nested: findings whose difference tells of a handful of people that neither tells of by itself.

What staff did and what people need are no kinds of row in `forms`, so what their measures tell together
is looked at here: flags of which no action is recorded, overridden flags of which no outcome is, actions
of which no time is, scored people of whom no need is, and rows of which it is not known what the right
answer, amount or place was. And what people found who read outputs: harm that is not serious, and a
group's share where the others' are put together with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from monitors.audit import Finding

Place = tuple[str, str | None]
EVERYONE: Place = ("model", None)
_HIDDEN = (
    "action_rate", "override_rate", "override_right_rate", "time_to_action", "time_to_action_90",
    "same_score_need_gap", "top_need_gap",
)  # fmt: skip
_ANSWERS = (
    "accuracy", "balanced_accuracy", "macro_f1", "mean_absolute_error", "mean_error",
    "root_mean_squared_error", "r_squared", "hit_rate", "mean_reciprocal_rank",
)  # fmt: skip
_ROWS = (*_ANSWERS, "rows", "selection_rate", "scored_share", "label_coverage", "unknown_share")
READ = "share of outputs"
Counts = Mapping[str, tuple[int, int | None]]


def nested(findings: Sequence[Finding], least: int) -> set[int]:
    """Which of these findings to hide: 1 to `least` - 1 people lie between two counts.

    >>> from monitors.audit import Verdict
    >>> flags = Finding(metric="selection_rate", family="performance", subject="model", unit="share of rows",
    ...     verdict=Verdict.WITHIN, n=900, events=104)
    >>> acts = Finding(metric="action_rate", family="oversight", subject="model", unit="share of rows",
    ...     verdict=Verdict.WITHIN, n=100, events=50)
    >>> nested([flags, acts], 11)
    {1}
    """
    counts: dict[Place, dict[str, tuple[int, int | None]]] = {}
    for finding in findings:
        if finding.n is not None:
            of_all = finding.group is None and finding.metric in ("rows", "unknown_share")
            held = counts.setdefault(EVERYONE if of_all else (finding.subject, finding.group), {})
            held[finding.metric] = (finding.n, finding.events)
    between = {place: _between(held) for place, held in counts.items()}
    whole = between.get(EVERYONE, _between({}))
    hidden: set[int] = set()
    for i, finding in enumerate(findings):
        if finding.metric not in _HIDDEN:
            continue
        here = between.get((finding.subject, finding.group), _between({}))
        for group, everyone in zip(here, whole, strict=True):
            rest = everyone - group if everyone is not None and group is not None else None
            if any(count is not None and 0 < count < least for count in (group, rest)):
                hidden.add(i)
    return hidden | _answers(findings, counts, least) | _harm(findings, counts, least)


def told_of_all_or_none(findings: Sequence[Finding], hidden: Set[int]) -> set[int]:
    """Of what people found by reading, every group where one is hidden.

    The others' share is put together from each group's, by weights that anybody may know, so with one
    hidden it would follow from those shown.
    """
    read = [i for i, f in enumerate(findings) if f.unit == READ and f.group is not None]
    places = {(findings[i].metric, findings[i].subject) for i in read if i in hidden}
    return {i for i in read if (findings[i].metric, findings[i].subject) in places}


def _harm(findings: Sequence[Finding], counts: Mapping[Place, Counts], least: int) -> set[int]:
    """Shares of serious harm where the harm that is not serious is a handful."""
    hidden: set[int] = set()
    for i, finding in enumerate(findings):
        of_any = counts.get((finding.subject, finding.group), {}).get("harm_share", (0, None))[1]
        if finding.metric == "serious_harm_share" and finding.events is not None and of_any is not None:
            hidden |= {i} if 0 < of_any - finding.events < least else set()
    return hidden


def _answers(findings: Sequence[Finding], counts: Mapping[Place, Counts], least: int) -> set[int]:
    """Measures of answers whose rows are a handful fewer, or more, than another shows of the same people."""
    everyone = counts.get(EVERYONE, {})
    hidden: set[int] = set()
    for i, finding in enumerate(findings):
        if finding.metric not in _ANSWERS or finding.n is None:
            continue
        here = counts[finding.subject, finding.group]
        for other in _ROWS:
            apart = [
                held[other][0] - held[finding.metric][0]
                for held in (here, everyone)
                if other in held and finding.metric in held
            ]
            rest = [apart[1] - apart[0]] if len(apart) == 2 else []
            if any(0 < abs(count) < least for count in (*apart, *rest)):
                hidden.add(i)
    return hidden


def _between(held: Counts) -> tuple[int | None, ...]:
    """Flags without an action, overridden ones without an outcome, actions without a time, no need."""
    decided, flagged = held.get("selection_rate", (None, None))
    flags, acted = held.get("action_rate", (None, None))
    if "override_rate" in held:
        flags = held["override_rate"][0]
        acted = _less(*held["override_rate"])
    known, timed, slow, needed, topped = (
        held.get(name, (None, None))[0] for name in (*_HIDDEN[2:5], *_HIDDEN[5:])
    )
    return (
        _less(flagged, flags),
        _less(_less(flags, acted), known),
        _less(acted, timed if timed is not None else slow),
        _less(decided, needed if needed is not None else topped),
    )


def _less(whole: int | None, part: int | None) -> int | None:
    return whole - part if whole is not None and part is not None else None

"""Withholding: the one door between the ledger and everything people see.

No count of 1 to 10 people is shown, nor a number such a count could be worked out from. `derived`
looks at numbers that are such counts in disguise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from threading import Lock
from typing import Any

from monitors import derived
from monitors.audit import Audit, Finding, Verdict
from monitors.forms import FORMS, bounded
from monitors.nested import nested, told_of_all_or_none
from monitors.standing_in import preferred, unsure, waiting
from monitors.tables import Inconsistent
from monitors.told import FLOOR, Release, Told, small, telling
from monitors.withholding import Hiding, settle

HELD = 32  # published audits kept in memory: those a page asks for before a run has written their releases
ROUNDED_REFERENCE = 2000  # rows of a reference of which two digits of a share leave twenty people open
_REASON = "fewer than 11 people, or it would show how few"
_HEADS = ("rows", "scored", "decided")  # of which each tells how many are in a group
_held: dict[tuple[str, ...], Audit] = {}
_lock = Lock()


def published(audit: Audit, earlier: Sequence[Release] = (), back: frozenset[int] = frozenset()) -> Audit:
    """The audit as people may see it.

    A finding is withheld when its denominator, its numerator or their difference is 1 to 10
    (for shares also when nobody or everybody of fewer than 30 had the event); and when it is one
    of those from which, taken together, a count of 1 to 10 could be told to within less than ten.
    Of everyone, the figure stays, in steps of at least twenty people; its counts and interval go.

    Args:
        audit: as recorded.
        earlier: what people have seen before of this window, or of one that overlaps it or what
            is pooled with it, oldest first: nothing is shown that tells of 1 to 10 people by
            subtraction from it either.
        back: places of findings that are not to be told whatever they hold; so that what is told
            does not tell them either.
    """
    if not audit.findings and not small(audit.rows):
        return audit
    key = (audit.digest, *(release.shown.digest for release in earlier), *map(str, sorted(back)))
    with _lock:
        if key in _held:
            return _held[key]
    kept = [(i, f) for i, f in enumerate(audit.findings) if f.slow is None]
    held = frozenset(place for place, (i, _) in enumerate(kept) if i in back)
    plain = audit.with_findings(tuple(f for _, f in kept))
    found = _with_sums(_published(plain, earlier, held), audit)
    with _lock:
        _held[key] = found
        while len(_held) > HELD:
            del _held[next(iter(_held))]
    return found


def _published(audit: Audit, earlier: Sequence[Release], back: frozenset[int]) -> Audit:
    audit = _safely_bounded(audit)
    findings = audit.findings
    together = {i for i, finding in enumerate(findings) if derived.together(finding)}
    first = {i for i, finding in enumerate(findings) if telling(finding)} - together | waiting(findings)
    first |= nested(findings, FLOOR) | back
    seen = Told(audit, earlier)
    hiding = Hiding(seen, set(first), rows_hidden=small(audit.rows))
    try:
        settle(hiding)
        places = _strange(findings, seen)
    except Inconsistent:  # counts of different people: each measure is looked at by itself
        places = _groups(findings)
    hidden = _complemented(findings, set(hiding.hidden), places)
    hidden |= unsure(findings, hidden, {findings[i].metric for each in places for i in each}, earlier)
    coarse = (hidden - first) | _near_the_whole(audit) | _near_before(audit, earlier)
    coarse |= _of_few(audit, seen) | together
    hidden |= told_of_all_or_none(findings, hidden | coarse)
    shown = [
        derived.rounded(f, audit.window) if i in coarse and f.group is None and derived.many(f)
        else _withheld(f) if i in hidden | coarse
        else _without_few(f)
        for i, f in enumerate(findings)
    ]  # fmt: skip
    shown = preferred(derived.undisguised(shown))
    if not hiding.rows_hidden:
        return audit.with_findings(tuple(shown))
    uncounted = (replace(f, n=None, needs=None) if f.group is None else f for f in shown)
    return replace(audit.with_findings(tuple(uncounted)), rows=None)


def _safely_bounded(audit: Audit) -> Audit:
    """Without the bounds that would show 1 to 10 people not known, or of which that cannot be told."""
    seen = Told(audit)

    def tells(finding: Finding) -> bool:
        n = seen.measures.get(finding.metric, ("", ""))[0]
        there = set(seen.groups.get(finding.subject, ()))
        keys = [k for k in bounded(finding, seen.span, n) if k.place.everyone or there & set(k.place.groups)]
        counts = [seen.value(key) for key in keys]
        return any(count is None or small(count) for count in counts)

    kept = (replace(f, bound_low=None, bound_high=None) if tells(f) else f for f in audit.findings)
    return audit.with_findings(tuple(kept))


def _with_sums(shown: Audit, audit: Audit) -> Audit:
    """Findings of slow change beside the findings they sum: they stand only where those do, whole.

    They come from what was published of earlier windows and from this window's figure, so where
    this one is shown they tell nothing more.
    """
    sums = {f.key: f for f in audit.findings if f.slow is not None}
    if not sums:
        return shown
    whole = {
        f.key for f in shown.findings if f.verdict is not Verdict.WITHHELD and None not in (f.n, f.value)
    }
    whole |= {f.key for f in audit.findings if f.n is None}
    plain = {f.key: f for f in shown.findings}
    beside = {key: f if (f.slow, f.subject, f.group) in whole else _withheld(f) for key, f in sums.items()}
    ordered = [beside.get(f.key) or plain.get(f.key) for f in audit.findings]
    return shown.with_findings(tuple(f for f in ordered if f is not None))


def _withheld(finding: Finding) -> Finding:
    return derived.without(finding, _REASON, verdict=Verdict.WITHHELD)


def _near_before(audit: Audit, earlier: Sequence[Release]) -> set[int]:
    """Findings with a count that differs by 1 to 10 from what was shown in it of the same time before."""
    before: dict[tuple[str, str, str | None], list[Finding]] = {}
    for release in earlier:
        if release.shown.window.overlaps(audit.window):
            for finding in release.shown.findings:
                before.setdefault(finding.key, []).append(finding)

    def near(one: Finding, other: Finding) -> bool:
        pairs = ((one.n, other.n), (one.events, other.events), (one.reference_n, other.reference_n))
        return any(a is not None and b is not None and small(abs(a - b)) for a, b in pairs)

    return {i for i, f in enumerate(audit.findings) if any(near(f, g) for g in before.get(f.key, ()))}


def _near_the_whole(audit: Audit) -> set[int]:
    """Findings of a column on 1 to 10 rows fewer than there are: the rest have no value in it."""
    return {
        i
        for i, f in enumerate(audit.findings)
        if f.group is None and f.n is not None and audit.rows is not None
        and f.family in ("quality", "drift") and small(audit.rows - f.n)
    }  # fmt: skip


def _of_few(audit: Audit, seen: Told) -> set[int]:
    """Findings of how a mix moved where some of the groups are of 1 to 10 people."""
    few = {key.place.attribute for key in seen.small if not key.rest and key.form in _HEADS}
    return {i for i, f in enumerate(audit.findings) if f.metric == "group_mix" and f.subject in few}


def _without_few(finding: Finding) -> Finding:
    """A share beside a reference's share that tells of 1 to 10 people: the reference's goes."""
    n, then = finding.reference_n, finding.baseline
    if finding.against is not None or n is None or then is None or finding.unit != "share of rows":
        return finding
    had = round(n * then)
    if not small(n) and not small(had) and not small(n - had):
        return finding
    coarse = n >= ROUNDED_REFERENCE
    change = {"change_low": finding.change_low, "change_high": finding.change_high}
    rounded: dict[str, Any] = {
        k: round(v, 2) if coarse and v is not None else None for k, v in change.items()
    }
    return replace(
        finding,
        reference_n=None,
        baseline=round(then, 2) if coarse else None,
        **rounded,
    )


def _groups(findings: Sequence[Finding]) -> list[list[int]]:
    """The places of the findings of groups, by measure and attribute."""
    by_measure: dict[tuple[str, str], list[int]] = {}
    for i, finding in enumerate(findings):
        if finding.group is not None and finding.holds is None:
            by_measure.setdefault((finding.metric, finding.subject), []).append(i)
    return list(by_measure.values())


def _strange(findings: Sequence[Finding], seen: Told) -> list[list[int]]:
    """Measures that count people of whom no other measure tells, so that each is by itself."""
    alone = {name for name, forms in seen.measures.items() if not set(forms) <= set(FORMS)}
    return [places for places in _groups(findings) if findings[places[0]].metric in alone]


def _complemented(findings: Sequence[Finding], hidden: set[int], measures: list[list[int]]) -> set[int]:
    """Hide further groups until those hidden of a measure hold 11 people together, and are two.

    With one group hidden its count is the whole less the others; what is hidden must not be
    narrowed down that way.
    """
    for places in measures:
        here = [i for i in places if i in hidden]
        shown = sorted((i for i in places if i not in hidden), key=lambda i: findings[i].n or 0)
        while here and shown and (len(here) < 2 or sum(findings[i].n or 0 for i in here) < FLOOR):
            here.append(shown.pop(0))
        hidden |= set(here)
    return hidden


def shown_groups(counts: Mapping[str, int]) -> dict[str, int | None]:
    """Group sizes as people may see them: None for 1 to 10, and for one more when only one is.

    >>> shown_groups({"a": 500, "b": 4, "c": 40})
    {'a': 500, 'b': None, 'c': None}
    """
    hidden = {group for group, n in counts.items() if small(n)}
    shown = sorted((n, group) for group, n in counts.items() if group not in hidden)
    while hidden and shown and (len(hidden) < 2 or sum(counts[g] for g in hidden) < FLOOR):
        hidden.add(shown.pop(0)[1])
    return {group: None if group in hidden else n for group, n in counts.items()}

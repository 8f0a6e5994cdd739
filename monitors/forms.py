"""Forms: the counts of people that findings tell of, each a sum over kinds of row.

A row is of one kind by its outcome, its decision and its score; whatever a finding shows about a
group (its n, its events, the others') is a sum over kinds, and sums can be set against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np

from monitors.audit import Finding
from monitors.cube import UNKNOWN as UNKNOWN_GROUP
from monitors.histogram import Floats

YES, NO, UNKNOWN = 1, 0, -1
VALID, MISSING, INVALID = 1, 0, -1  # of a score
KINDS = tuple(product((YES, NO, UNKNOWN), (YES, NO, UNKNOWN), (VALID, MISSING, INVALID)))

REST, TARGET = "rest", "target"  # what a group is set against, where it is no other group
NO_GROUP = (None, REST, TARGET)


class Place(NamedTuple):
    """People: of the windows named by `span` ("start/end"), those in any of `groups` of `attribute`.

    Attribute "" is everyone. Groups pooled are several, sorted.
    """

    span: str
    attribute: str = ""
    groups: tuple[str, ...] = ("",)

    @property
    def everyone(self) -> bool:
        """Whether nobody is left out."""
        return not self.attribute


class Key(NamedTuple):
    """A count: of the people at a place (or, with `rest`, of all others), those of a form."""

    place: Place
    rest: bool
    form: str


_NAMED: Mapping[str, Callable[[int, int, int], bool]] = {
    "rows": lambda o, d, s: True,
    "decided": lambda o, d, s: d >= 0,
    "undecided": lambda o, d, s: d < 0,
    "flagged": lambda o, d, s: d == 1,
    "unflagged": lambda o, d, s: d == 0,
    "tp": lambda o, d, s: (o, d) == (1, 1),
    "fp": lambda o, d, s: (o, d) == (0, 1),
    "fn": lambda o, d, s: (o, d) == (1, 0),
    "tn": lambda o, d, s: (o, d) == (0, 0),
    "had": lambda o, d, s: o == 1 and d >= 0,
    "had_not": lambda o, d, s: o == 0 and d >= 0,
    "flagged_known": lambda o, d, s: o >= 0 and d == 1,
    "unflagged_known": lambda o, d, s: o >= 0 and d == 0,
    "decided_known": lambda o, d, s: o >= 0 and d >= 0,
    "decided_unknown": lambda o, d, s: o < 0 and d >= 0,
    "flagged_unknown": lambda o, d, s: o < 0 and d == 1,
    "unflagged_unknown": lambda o, d, s: o < 0 and d == 0,
    "labelled": lambda o, d, s: o >= 0 and s == 1,
    "events": lambda o, d, s: o == 1 and s == 1,
    "others": lambda o, d, s: o == 0 and s == 1,
    "scored": lambda o, d, s: s == 1,
    "scored_unknown": lambda o, d, s: o < 0 and s == 1,
    "unscored": lambda o, d, s: s != 1,
    "score_missing": lambda o, d, s: s == 0,
    "score_there": lambda o, d, s: s != 0,
    "score_invalid": lambda o, d, s: s == -1,
    "known": lambda o, d, s: o >= 0,
    "unknown": lambda o, d, s: o < 0,
    "positive": lambda o, d, s: o == 1,
    "negative": lambda o, d, s: o == 0,
}
FORMS: Mapping[str, Floats] = {
    name: np.array([float(holds(*kind)) for kind in KINDS]) for name, holds in _NAMED.items()
}
TIED: Floats = np.array([float((d >= 0) == (s == VALID)) for _, d, s in KINDS])
# Denominator and numerator of what Rounds ships; another measure is known by its numbers.
_TOLD: Mapping[str, tuple[str, str]] = {
    "selection_rate": ("decided", "flagged"),
    "true_positive_rate": ("had", "tp"),
    "false_negative_rate": ("had", "fn"),
    "false_positive_rate": ("had_not", "fp"),
    "true_negative_rate": ("had_not", "tn"),
    "positive_predictive_value": ("flagged_known", "tp"),
    "alerts_per_case": ("flagged_known", "tp"),
    "negative_predictive_value": ("unflagged_known", "tn"),
    "missed_per_1000": ("decided_known", "fn"),
    "scored_share": ("rows", "scored"),
    "score_spread": ("scored", "scored"),
    "label_coverage": ("scored", "labelled"),
    "ascertainment_ratio": ("rows", "known"),
    "invalid_score_share": ("score_there", "score_invalid"),
    **dict.fromkeys(
        (
            "estimated_auroc",
            "estimated_true_positive_rate",
            "estimated_false_positive_rate",
            "estimated_positive_predictive_value",
            "estimated_brier",
            "estimated_observed_expected_ratio",
        ),
        ("scored", "scored"),  # no outcome is read: they have no events
    ),
    **dict.fromkeys(
        (
            "auroc",
            "brier",
            "observed_expected_ratio",
            "calibration_slope",
            "calibration_intercept",
            "integrated_calibration_index",
            "e50",
            "e90",
            "xauc_gap",
        ),
        ("labelled", "events"),
    ),
}
_ABSENT = {"score": "score_missing", "outcome": "unknown", "decision": "undecided"}
_PARTED = {"decision": ("flagged", "unflagged"), "outcome": ("positive", "negative")}
_SHARES = frozenset(name for name, (n, _) in _TOLD.items() if n != "labelled")


def told(findings: Iterable[Finding]) -> dict[str, tuple[str, str]]:
    """Which counts each measure of people tells of, (n, events) by metric.

    A measure that is not among the shipped ones is taken for whichever counts its own agree
    with in every group: an onlooker would see that as well.
    """
    found: dict[str, tuple[str, str]] = {}
    seen: dict[tuple[str, str, str], set[int]] = {}
    strange: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.group is None and finding.subject != "model":
            continue
        if finding.metric not in _TOLD:
            strange.setdefault(finding.metric, []).append(finding)
            continue
        found[finding.metric] = forms = _TOLD[finding.metric]
        for form, count in zip(forms, (finding.n, finding.events), strict=True):
            if count is not None:
                seen.setdefault((finding.subject, finding.group or "", form), set()).add(count)
    for name, those in strange.items():
        found[name] = (
            _alike(seen, [(f, f.n) for f in those]) or f"{name} n",
            _alike(seen, [(f, f.events) for f in those]) or f"{name} events",
        )
    return found


def _alike(
    seen: Mapping[tuple[str, str, str], set[int]], counts: Iterable[tuple[Finding, int | None]]
) -> str | None:
    held = [(f, count) for f, count in counts if count]
    for form in FORMS:
        if held and all(count in seen.get((f.subject, f.group or "", form), ()) for f, count in held):
            return form
    return None


def place_of(finding: Finding, span: str) -> Place:
    """Whom a finding is about; `span` is the audit's window, for one that has none of its own."""
    if finding.group is None:
        return Place(span)
    return Place(finding.over or span, finding.subject, tuple(sorted(finding.holds or (finding.group,))))


def facts(
    finding: Finding,
    span: str,
    measures: Mapping[str, tuple[str, str]],
    value: Callable[[Key], int | None],
) -> dict[Key, int]:
    """The counts a shown finding tells: its own, and where it is a gap the comparator's too.

    `value` says what a count is by other findings, where this one tells it only through a rate.
    """
    here = place_of(finding, span)
    if finding.group is None:
        return _of_everyone(finding, here, measures, value)
    n, events = measures.get(finding.metric, ("", ""))
    said: dict[Key, int] = {key: c for key in bounded(finding, span, n) if (c := value(key)) is not None}
    _say(said, Key(here, False, n), finding.n)
    _say(said, Key(here, False, events), finding.events)
    if finding.against in (None, TARGET) or not n:
        return said
    rest = finding.against == REST
    other = here if rest else here._replace(groups=(str(finding.against),))
    _say(said, Key(other, rest, n), finding.reference_n)
    if finding.events is not None and finding.reference_n is not None:
        through_rate = None
        if finding.metric in _SHARES and finding.baseline is not None and finding.unit == "share of rows":
            through_rate = round(finding.baseline * finding.reference_n)
        known = value(Key(other, rest, events))
        _say(said, Key(other, rest, events), through_rate if known is None else known)
    return said


def _of_everyone(
    finding: Finding,
    everyone: Place,
    measures: Mapping[str, tuple[str, str]],
    value: Callable[[Key], int | None],
) -> dict[Key, int]:
    n, events = measures.get(finding.metric, ("", ""))
    said: dict[Key, int] = {
        key: count for key in bounded(finding, everyone.span, n) if (count := value(key)) is not None
    }
    if finding.family == "drift":
        # Of two values, how far they moved tells how many had each.
        for form in _PARTED.get(finding.subject, ()):
            _say(said, Key(everyone, False, form), value(Key(everyone, False, form)))
        return said
    if finding.subject == "model":
        pass
    elif finding.metric == "missing_share":
        n, events = "rows", _ABSENT.get(finding.subject, "")
    elif finding.metric == "unknown_share":
        unknown = Place(everyone.span, finding.subject, (UNKNOWN_GROUP,))
        _say(said, Key(unknown, False, "rows"), finding.events)
        n, events = "rows", ""
    elif finding.metric == "rows":
        n, events = "rows", ""
    else:
        n, events = _TOLD.get(finding.metric, ("", ""))
    _say(said, Key(everyone, False, n), finding.n)
    _say(said, Key(everyone, False, events), finding.events)
    return said


def bounded(finding: Finding, span: str, n: str) -> list[Key]:
    """The counts that a finding's bounds tell of: people not known, here and among those set against.

    `n` is the form of its denominator.
    """
    if finding.bound_low is None:
        return []
    forms = ("scored_unknown",) if n == "labelled" else ("flagged_unknown", "unflagged_unknown")
    here, against = place_of(finding, span), finding.against
    places = [(here, False)]
    if here.everyone:
        return [Key(here, False, form) for form in forms]
    if against == REST:
        places.append((here, True))
    elif against not in NO_GROUP:
        places.append((here._replace(groups=(str(against),)), False))
    told = [Key(place, rest, form) for place, rest in places for form in forms]
    if UNKNOWN_GROUP in here.groups or against == UNKNOWN_GROUP:
        return told
    unknown = here._replace(groups=(UNKNOWN_GROUP,))
    return told + [Key(unknown, False, form) for form in ("tp", "fp", "fn", "tn", *forms)]


def _say(said: dict[Key, int], key: Key, count: int | None) -> None:
    if key.form in FORMS and count is not None:
        said[key] = count


@cache
def determined(known: frozenset[str], tied: bool = False) -> Mapping[str, Mapping[str, float]]:
    """Which counts of one group follow from those `known` of it, and how.

    `tied` says that exactly the rows with a valid score have a decision.

    >>> determined(frozenset({"had", "tp"}))["fn"]
    {'had': 1.0, 'tp': -1.0}
    """
    names = sorted(known)
    if not names:
        return {}
    kept = TIED if tied else np.ones(len(KINDS))
    rows = np.array([FORMS[name] for name in names]) * kept
    inverse = np.linalg.pinv(rows)
    found: dict[str, Mapping[str, float]] = {}
    for form, vector in FORMS.items():
        weights = vector * kept @ inverse
        if np.allclose(weights @ rows, vector * kept, atol=1e-9):
            sums = {n: round(float(w), 9) for n, w in zip(names, weights, strict=True) if abs(w) > 1e-9}
            found[form] = {form: 1.0} if form in known else sums
    return found

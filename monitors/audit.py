"""An audit: every finding of one model in one window, with what it was computed from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, make_dataclass, replace
from enum import StrEnum
from operator import attrgetter, itemgetter
from sys import intern
from typing import Any, Literal

from monitors.canonical import canonical, digest
from monitors.window import Window

SCHEMA = 1
SLOW = "slow:"  # before a measure's name: what its windows add up to
Stage = Literal["scored", "outcome"]
Severity = Literal["page", "ticket", "committee", "info"]


class Verdict(StrEnum):
    """What a finding says. The absence of evidence is never `within`."""

    WITHIN = "within"
    BEYOND = "beyond"
    DIFFERENT = "different"  # it moved; by how much is unclear
    CANNOT_TELL = "cannot_tell"
    WITHHELD = "withheld"  # too few people to show
    FAILED = "failed"  # the check could not run


# Worst first: what a reader has to see before anything else.
WORST_FIRST = (
    Verdict.BEYOND,
    Verdict.FAILED,
    Verdict.DIFFERENT,
    Verdict.CANNOT_TELL,
    Verdict.WITHHELD,
    Verdict.WITHIN,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One measure of one subject, judged by one rule.

    Attributes:
        metric, family, unit: which measure.
        subject: a column, "score", "decision", "outcome", "rows", or an attribute ("race").
        group: the group measured, None for everyone.
        holds: the groups counted together under that name, where people approved it; else None.
        over: the windows counted together, "start/end"; None where it is the audit's own alone.
        against: "rest" or a group where the value is a gap, None where it is not.
        value, low, high: the value with its interval; of a gap, the gap. None when it cannot be had.
        n: rows it rests on; events: of which had the event, where it is a share; of a distance
            between categories, the rows of the smallest.
        reference_n: rows on the other side: the reference's, or the comparator group's.
        level: of a gap, what the group itself has; of anything else None.
        baseline: what the value is judged from: the reference's, the comparator's, or the target.
        change_low, change_high: interval of value minus baseline, where judged by that.
        bound_low, bound_high: between what the value lies whatever the outcomes, and the groups, that
            are not known were; None where all is known, or the measure has no bounds.
        margin: how far it may go; None where nothing was agreed and the number is only shown.
        chance: what chance alone reaches at these numbers of rows (the level is the rule's).
        p: how often chance alone reaches the value.
        design_effect: how many rows are worth one, because rows of one patient are alike: the limits
            rest on n / design_effect; None where no patient repeats or none is named.
        drawn: of a value pooled over groups, how far the group's own (`level`) was drawn towards all
            groups': 0 not at all, 1 fully; None where nothing is pooled.
        within: of a gap that shows, what stays of it among people of the same `stratum`: "value", "low",
            "high", how many "strata", and whether "all", "most" or "some" could be compared.
        grade: of a group, how precise its own level is: "A", "B" (rough), "C" (no verdict rests on it).
        shift: of a distance between numbers, how far their mean moved, in reference SD, with its sign;
            of a slow change, how far the measure moved since, in the measure's own unit.
        shift_error: the standard error of `shift` from this window's rows, and what windows sway by.
        since: of a slow change that stands, the start of the first window it rests on.
        needs: for `cannot_tell`: rows ("n"), how many more that is ("more") and windows at this
            volume ("windows") that would decide it; where a period was pooled, its windows
            ("pooled_windows"), its rows ("pooled_n") and the smallest gap they tell ("tells").
        reason: in words, why there is no value or why the verdict is not clear.
        caution: in words, what the value cannot say however many people it rests on.
        rule: where the rule stands: "plan.2" or "default".
    """

    metric: str
    family: str
    subject: str
    unit: str
    verdict: Verdict
    group: str | None = None
    holds: tuple[str, ...] | None = None
    over: str | None = None
    against: str | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    events: int | None = None
    reference_n: int | None = None
    level: float | None = None
    baseline: float | None = None
    change_low: float | None = None
    change_high: float | None = None
    bound_low: float | None = None
    bound_high: float | None = None
    margin: float | None = None
    chance: float | None = None
    p: float | None = None
    shift: float | None = None
    shift_error: float | None = None
    since: str | None = None
    design_effect: float | None = None
    drawn: float | None = None
    within: Mapping[str, Any] | None = None
    grade: Literal["A", "B", "C"] | None = None
    needs: Mapping[str, int | float] | None = None
    reason: str | None = None
    caution: str | None = None
    severity: Severity = "info"
    owner: str | None = None
    action: str | None = None
    runbook: str | None = None
    rule: str = "default"

    @property
    def key(self) -> tuple[str, str, str | None]:
        """What makes two findings of different windows the same check."""
        return self.metric, self.subject, self.group

    @property
    def slow(self) -> str | None:
        """The measure whose slow change this finding is about; None where it is not about one."""
        return self.metric.removeprefix(SLOW) if self.metric.startswith(SLOW) else None

    @property
    def name(self) -> str:
        """For people: `missing_share of urine`, `true_positive_rate for race black`."""
        where = f"{self.subject} {self.group}" if self.group is not None else self.subject
        said = f"slow change in {self.slow}" if self.slow else self.metric
        return f"{said} {'for' if self.group is not None else 'of'} {where}"

    def payload(self) -> dict[str, Any]:
        """As plain values, numbers rounded to 12 significant digits so engines agree."""
        return {
            key: value if value.__class__ in _AS_IT_IS else _plain(value)
            for key, value in zip(self.__slots__, _ALL_OF(self), strict=True)
        }

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Finding:
        """Back from plain values; keys of a later schema are left aside."""
        try:
            values = _FIELDS_OF(payload)
        except KeyError:  # written before a field was there
            return cls._read_some(payload)
        # Filled while it may still be changed: of a history there are hundreds of thousands to read.
        made: Any = _Open(*values)
        made.verdict = Verdict(made.verdict)
        for said in _SENTENCES:
            if getattr(made, said) is not None:  # each is held in memory once, however many say it
                setattr(made, said, intern(getattr(made, said)))
        if made.holds is not None:
            made.holds = tuple(made.holds)
        made.__class__ = cls
        done: Finding = made
        return done

    @classmethod
    def _read_some(cls, payload: Mapping[str, Any]) -> Finding:
        kept: dict[str, Any] = {
            key: intern(value) if value.__class__ is str else value
            for key, value in payload.items()
            if value is not None and key in _FIELDS
        }
        kept["verdict"] = Verdict(kept["verdict"])
        if "holds" in kept:
            kept["holds"] = tuple(kept["holds"])
        return cls(**kept)


_FIELDS = frozenset(Finding.__slots__)
_ALL_OF, _AS_IT_IS = attrgetter(*Finding.__slots__), frozenset({str, int, type(None)})
_FIELDS_OF = itemgetter(*Finding.__slots__)
_SENTENCES = ("reason", "caution", "action", "runbook")  # shorter words the reader of JSON holds once
# A finding that is still being read: the same places in memory, and they may be filled one by one.
_Open = make_dataclass("_Open", Finding.__slots__, slots=True)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.12g}") + 0.0
    if isinstance(value, Verdict):
        return str(value)
    if isinstance(value, tuple):
        return list(value)
    return {key: _plain(part) for key, part in value.items()} if isinstance(value, Mapping) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What one window said. Never changed; a later count of the same window supersedes it.

    `config`, `reference` and `profile` are digests. `source` is the source's fingerprint.
    `rows` is None where people may not see so few. `plan` cites the approved audit plan the window
    belongs to, by name, version and hash; None where none was approved for it.
    """

    model: str
    version: str
    window: Window
    stage: Stage
    rows: int | None
    config: str
    reference: str
    profile: str
    software: str
    source: str | None = None
    plan: str | None = None
    findings: tuple[Finding, ...] = ()
    # As the ledger wrote it down, or as it was worked out; a copy (`replace`) does not take it along.
    _recorded: str | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def digest(self) -> str:
        """Of the whole audit; two runs over the same counts and config agree on it.

        An audit read from the ledger has the digest it was recorded under, also where audits
        have gained a field since.
        """
        if self._recorded is None:  # asked for a dozen times on an audit's way, and the audit never changes
            object.__setattr__(self, "_recorded", digest(self.payload()))
        return str(self._recorded)

    @property
    def worst(self) -> Verdict:
        """The worst verdict among findings that someone has to act on."""
        said = {f.verdict for f in self.findings if f.severity != "info"}
        return next((verdict for verdict in WORST_FIRST if verdict in said), Verdict.CANNOT_TELL)

    def counts(self, family: str | None = None) -> dict[str, int]:
        """How many findings of each verdict, those only shown ("info") left out."""
        kept = [f for f in self.findings if f.severity != "info" and family in (None, f.family)]
        return {str(v): sum(f.verdict is v for f in kept) for v in WORST_FIRST}

    def finding(self, key: tuple[str, str, str | None]) -> Finding | None:
        """What it says of one check; None where it holds no such check."""
        metric, subject, group = key
        for held in self.findings:  # asked of every window for every chart, so not by way of `key`
            if held.metric == metric and held.subject == subject and held.group == group:
                return held
        return None

    def with_findings(self, findings: tuple[Finding, ...]) -> Audit:
        """The same audit with other findings, for the door of withholding."""
        return replace(self, findings=findings)

    def payload(self) -> dict[str, Any]:
        """As plain values: the JSON contract of `rounds run --json`."""
        return {
            "schema": SCHEMA,
            "model": self.model,
            "version": self.version,
            "window": str(self.window),
            "stage": self.stage,
            "rows": self.rows,
            "config": self.config,
            "reference": self.reference,
            "profile": self.profile,
            "software": self.software,
            "source": self.source,
            **({"plan": self.plan} if self.plan is not None else {}),
            "findings": [finding.payload() for finding in self.findings],
        }

    def _repr_html_(self) -> str | None:
        """In a notebook: as whoever draws audits draws it; None, and so as text, where nobody does."""
        return DRAWN_BY[0](self) if DRAWN_BY else None

    def json(self) -> str:
        """Canonical JSON on one line."""
        return canonical(self.payload())

    @classmethod
    def read(cls, payload: Mapping[str, Any], recorded: str | None = None) -> Audit:
        """Back from plain values, and the digest they were recorded under."""
        named = {
            key: payload[key]
            for key in ("model", "version", "stage", "rows", "config", "reference", "profile", "software")
        }
        made = cls(
            **named,
            source=payload.get("source"),
            plan=payload.get("plan"),
            window=Window.parse(payload["window"]),
            findings=tuple(Finding.read(f) for f in payload["findings"]),
        )
        object.__setattr__(made, "_recorded", recorded)
        return made


# Who draws audits in a notebook: put here from outside, since nothing here knows of pages.
DRAWN_BY: list[Callable[[Audit], str]] = []

"""Restated: what a later audit of a window says otherwise than the one it supersedes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from monitors.audit import WORST_FIRST, Audit, Finding


@dataclass(frozen=True, slots=True)
class Change:
    """One finding that reads otherwise now: as it stands, and as it stood."""

    now: Finding
    was: Finding

    @property
    def verdict(self) -> bool:
        """Whether its verdict changed, and not the figure alone."""
        return self.now.verdict is not self.was.verdict


def restated(before: Audit, after: Audit) -> tuple[Change, ...]:
    """The findings of both that changed their verdict or their value, verdicts first, the worst on top.

    What only one of them holds is no change: at its second stage a window says more than at its first.
    """
    earlier = {finding.key: finding for finding in before.findings}
    pairs = (Change(f, earlier[f.key]) for f in after.findings if f.key in earlier)
    found = [pair for pair in pairs if pair.verdict or _figures(pair.now) != _figures(pair.was)]
    return tuple(sorted(found, key=lambda c: (not c.verdict, WORST_FIRST.index(c.now.verdict))))


def summary(changes: Iterable[Change]) -> dict[str, object]:
    """As it is kept beside an audit in the ledger: which verdicts changed, and how many figures.

    >>> from monitors.audit import Verdict
    >>> told = Finding(metric="auroc", family="performance", subject="model", unit="pure number",
    ...     verdict=Verdict.WITHIN)
    >>> summary([Change(told, told)])
    {'verdicts': {}, 'figures': 1}
    """
    kept = list(changes)
    verdicts = {c.now.name: [str(c.was.verdict), str(c.now.verdict)] for c in kept if c.verdict}
    return {"verdicts": verdicts, "figures": len(kept)}


def _figures(finding: Finding) -> tuple[object, ...]:
    shown = finding.payload()  # rounded, as two runs over the same counts agree
    return tuple(shown[name] for name in ("value", "n", "events", "bound_low", "bound_high"))


def of_audit(audit: Audit, revision: int, earlier: Audit | None) -> dict[str, Any]:
    """What the ledger says of an audit beside it: its rows and verdicts, and what it restated."""
    families = sorted({finding.family for finding in audit.findings})
    changed = {} if earlier is None else {"restated": summary(restated(earlier, audit))}
    return {
        "revision": revision,
        "rows": audit.rows,
        "worst": str(audit.worst),
        "families": {family: audit.counts(family) for family in families},
        **changed,
    }

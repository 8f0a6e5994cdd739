"""Estimates: what outcomes would say, of everyone and of each group, shown and never judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from monitors.audit import Finding, Verdict
from monitors.checks import Check
from monitors.errors import NotComputable
from monitors.estimation import Outlook, outlook
from monitors.metric import Estimate
from monitors.profile import EVERYONE, Profile
from monitors.reference import Reference

ESTIMATED = "estimated from scores as the reference knew them; no outcome was read, so it decides nothing"
BORROWED = "; this group had too few outcomes there, so its scores carry what they meant for everyone"


@dataclass
class Estimates:
    """Findings of one window before its outcomes are known; an outlook serves every measure."""

    current: Profile
    reference: Reference
    _outlooks: dict[tuple[str, str | None], Outlook] = field(default_factory=dict)

    def of(self, check: Check) -> Iterator[Finding]:
        """Of everyone or of each group; whatever the rule says, no verdict and nobody to act."""
        groups = self.current.cubes[check.attribute].groups if check.attribute else (None,)
        for group in groups:
            try:
                seen = self._outlook(check.attribute or EVERYONE, group)
                now, borrowed = check.compute(seen), seen.meaning.borrowed
            except NotComputable as error:
                now, borrowed = Estimate.absent(f"the reference: {error}"), False
            found = check.finding(
                Verdict.CANNOT_TELL, value=now.value, low=now.low, high=now.high, n=now.n, group=group,
                reason=now.why or f"{ESTIMATED}{BORROWED if borrowed else ''}",
            )  # fmt: skip
            yield replace(found, subject=check.attribute or check.subject, margin=None, severity="info")

    def _outlook(self, attribute: str, group: str | None) -> Outlook:
        if (attribute, group) not in self._outlooks:
            whole, blocks = self.reference.profile, self.reference.blocks
            before, then = whole.cubes[EVERYONE].tally(), whole.cubes.get(attribute)
            own = then.tally(group) if then is not None and group is not None else None
            each = [block.cubes[EVERYONE].tally() for block in blocks]
            ours = [block.cubes[attribute].tally(group) for block in blocks] if own else []
            now = self.current.cubes[attribute].tally(group)
            self._outlooks[attribute, group] = outlook(now, before, own, (each, ours))
        return self._outlooks[attribute, group]

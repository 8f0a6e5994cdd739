"""What can go wrong, said so that the reader knows the place, the value and the remedy.

Whether an attempt may be made again is asked of the error (`error.retryable`),
never guessed by the caller.
"""

from __future__ import annotations

from collections.abc import Sequence


class RoundsError(Exception):
    """The root of every error Rounds raises on purpose."""

    retryable = False


class ConfigError(RoundsError):
    """A configuration cannot be used; carries every mistake found, not only the first.

    >>> print(ConfigError(["a.yaml: plan.1.margin: must be above 0 (got -0.1)"]))
    a.yaml: plan.1.margin: must be above 0 (got -0.1)
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class SourceInvalid(RoundsError):
    """The data are there and cannot be used: a missing column, a half-written file."""


class SourceUnavailable(RoundsError):
    """The data cannot be reached now; the same attempt may succeed later."""

    retryable = True


class LedgerError(RoundsError):
    """The ledger refuses: a broken chain, a body that does not match its digest."""


class Removed(LedgerError):
    """What is asked for was let go under a retention rule; says when, and under which."""


class LedgerUnavailable(RoundsError):
    """The ledger's database cannot be reached or written now; what was written stands."""

    retryable = True


class TrackingUnavailable(RoundsError):
    """MLflow cannot be reached now; the copy waits in the ledger."""

    retryable = True


class NotComputable(RoundsError):
    """One measure cannot be had from these counts; becomes a finding, never stops the others."""

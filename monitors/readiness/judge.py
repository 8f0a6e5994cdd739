"""Judging a source that has been counted: every question put to it, and the grade."""

from __future__ import annotations

from datetime import datetime

from monitors.readiness.agreement import agreement
from monitors.readiness.completeness import completeness, sizes
from monitors.readiness.counted import Counted
from monitors.readiness.declared import Declared
from monitors.readiness.duplicates import duplicates
from monitors.readiness.report import Readiness
from monitors.readiness.timeliness import timeliness
from monitors.readiness.units import units
from monitors.readiness.validity import validity
from monitors.told import small


def judge(counted: Counted, declared: Declared, *, source: str, at: datetime) -> Readiness:
    """The report of a counted source, as people may see it.

    Args:
        counted: the source in counts; it holds at least one row.
        declared: what people say of it.
        source: what it is called.
        at: the moment it was looked at.
    """
    in_units = units(counted, declared)
    told = frozenset((r.subject, r.group) for r in in_units.reasons if r.group is not None)
    return Readiness(
        source=source,
        at=at,
        rows=None if small(counted.rows) else counted.rows,
        first=counted.first,
        last=counted.last,
        groups={attribute: sizes(counted, attribute) for attribute in counted.attributes},
        dimensions=(
            completeness(counted, declared),
            validity(counted, declared),
            duplicates(counted, declared),
            in_units,
            timeliness(counted, declared, at),
            agreement(counted, declared, told),
        ),
    )

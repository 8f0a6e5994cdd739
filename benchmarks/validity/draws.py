"""How long a thousand bootstrap draws of a full audit take, in processor time."""

from __future__ import annotations

import time

from benchmarks.test_bootstrap import GROUPS, ROWS, audit, counted
from benchmarks.validity.bars import Bar, held


def study(effort: float = 1.0) -> str:
    """A bar for docs/validity.md; seconds."""
    cube, spent = counted(), list[float]()
    for _ in range(6):
        began = time.process_time()
        audit(cube)
        spent.append(time.process_time() - began)
    best, usual = min(spent[1:]), sorted(spent[1:])[2]
    bar = Bar(
        "1,000 bootstrap draws of a full audit, seconds",
        "at most",
        1.0,
        usual,
        max(spent[1:]) - best,
        "number",
    )
    return f"""## A thousand draws

{held([bar])}

{GROUPS} groups, twelve measures and four losses of each, simultaneous limits over the groups, {ROWS:,} rows
already counted: {usual:.2f} s of processor time in the median of five runs, {best:.2f} s in the best. The
machine was not otherwise idle; `make bench` measures it alone."""


if __name__ == "__main__":
    print(study())

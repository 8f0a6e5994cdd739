"""What a run of many models has loaded for the first of them, left out of the garbage collector's rounds."""

from __future__ import annotations

import gc
from functools import cache


@cache
def leave() -> None:
    """Leave what is in memory now to itself, once in a process.

    Libraries are half a million objects that nobody lets go; looking at them again and again takes
    a twelfth of each audit.
    """
    gc.collect()
    gc.freeze()

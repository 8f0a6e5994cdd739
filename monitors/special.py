"""Special functions of scipy, loaded when one is first called: 18 MB that no page needs."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """A function of scipy.special by its own name; AttributeError where there is none.

    >>> float(__getattr__("expit")(0.0))
    0.5
    """
    if name.startswith("__"):  # what Python asks of any module
        raise AttributeError(name)
    from scipy import special

    found = globals()[name] = getattr(special, name)
    return found

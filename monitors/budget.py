"""The alert budget: how many false alerts a quarter were agreed, and the level that follows for a window."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field

from monitors.alert import USUAL, Debounce
from monitors.columns import Strict
from monitors.window import Length

QUARTER = 91.3125  # days
LEVEL = 0.01  # of a model's window showing any drift when there is none; a budget may ask for less
PAGE = 1.0  # false alerts a quarter where nobody agreed otherwise

Agreed = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]


class Budget(Strict):
    """False alerts a quarter that people agreed to bear, over all checks of one model and severity."""

    page: Agreed = Field(PAGE, description="False pages a quarter, over all checks that page.")
    ticket: Agreed = Field(PAGE, description="False tickets a quarter.")
    committee: Agreed = Field(PAGE, description="False items in the committee's queue a quarter.")

    def of(self, severity: str) -> float:
        """What was agreed for a severity; nothing was for what is only shown."""
        return float(getattr(self, severity, math.inf))

    @property
    def tightest(self) -> float:
        """The least of them, which whatever is judged together has to keep."""
        return min(self.page, self.ticket, self.committee)


def windows_a_quarter(length: Length) -> float:
    """How many windows of a length a quarter has.

    >>> round(windows_a_quarter(Length.parse("P7D")), 1)
    13.0
    """
    return QUARTER / (length.approximate.total_seconds() / 86_400)


def level(budget: Budget, length: Length) -> float:
    """How often a window may show any drift where there is none, so that the budget is kept.

    Alerts are debounced, so at weekly or daily windows 1 % costs far less than one alert a quarter
    and stays the level; with windows of minutes the budget asks for less.

    >>> level(Budget(), Length.parse("P7D")), round(level(Budget(), Length.parse("PT5M")), 4)
    (0.01, 0.0044)
    """
    return min(LEVEL, one_window(budget.tightest / windows_a_quarter(length), USUAL))


def alerts(one_window: float, rule: Debounce) -> float:
    """False alerts a window of a check that is beyond by chance in so many of its windows.

    >>> round(alerts(0.01, Debounce(2, 3)), 6), alerts(0.01, Debounce(1, 1))
    (0.000199, 0.01)
    """
    if rule.needed == 1:
        return one_window
    others, needed = rule.of - 1, rule.needed - 1
    fewer = sum(
        math.comb(others, i) * one_window**i * (1 - one_window) ** (others - i) for i in range(needed)
    )
    return one_window * (1 - fewer)


def one_window(wanted: float, rule: Debounce) -> float:
    """How often one window may be beyond for so many false alerts a window."""
    low, high = 0.0, 0.5
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if alerts(middle, rule) < wanted else (low, middle)
    return high

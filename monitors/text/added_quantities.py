"""Added quantities: whether a text holds a dose or a value that its source does not."""

from __future__ import annotations

from typing import Any

from monitors import characters
from monitors.characters import Texts
from monitors.text._quantities import all_quantities, lacking, plain_quantities, quantities
from monitors.textual import text_measure


def _plain(text: str, source: str) -> bool:
    return not plain_quantities(text) <= plain_quantities(source)


def _many(text: Texts, source: Texts) -> Any:
    lacks, _ = characters.lacking(all_quantities(text), all_quantities(source))
    return lacks > 0


@text_measure(gives="flag", zero="every quantity stands in the source too", texts=2, plain=_plain, many=_many)
def added_quantities(text: Any, source: Any) -> Any:
    """Whether a number with its unit stands in the text and nowhere in the source.

    A candidate, not a proof: "half a gram" said and "500 mg" written counts as added, and a dose
    given to another drug does not.

    Args:
        text: the draft's column, as an expression of the engine's.
        source: the column of what it was made from: the transcript, the chart.

    Returns:
        True or false; null where either is missing.
    """
    return lacking(quantities(text), quantities(source)) > 0

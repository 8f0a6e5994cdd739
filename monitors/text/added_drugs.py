"""Added drugs: whether a text names a drug that its source does not."""

from __future__ import annotations

from typing import Any

from monitors.characters import Texts, lacking
from monitors.text._drugs import all_drugs, drugs
from monitors.textual import text_measure


def _many(text: Texts, source: Texts) -> Any:
    lacks, _ = lacking(all_drugs(text), all_drugs(source))
    return lacks > 0


@text_measure(gives="flag", zero="every drug stands in the source too", texts=2, beside=True, many=_many)
def added_drugs(text: str, source: str) -> bool:
    """Whether a drug's generic name stands in the text and nowhere in the source.

    A candidate, not a proof: "her water pill" said and "furosemide" written counts, and a brand's name
    is not known for a drug. The other way about, `source~text.added_drugs`, one was left out.

    Args:
        text: what the tool wrote.
        source: what it was made from.

    Returns:
        True or false.

    >>> added_drugs("Start lisinopril.", "We begin with losartan."), added_drugs("Ibuprofen", "ibuprofeno")
    (True, False)
    """
    return bool(drugs(text) - drugs(source))

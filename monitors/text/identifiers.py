"""Identifiers: whether something stands in a text that may say who somebody is."""

from __future__ import annotations

from typing import Any

from monitors.textual import text_measure

# Of the eighteen of HIPAA's Safe Harbor (45 CFR 164.514(b)(2)) those that have a form of their own.
KINDS = (
    r"[a-z0-9._%+-]+@[a-z0-9-]+\.[a-z]",  # electronic mail
    r"(^|[^0-9])[0-9]{3}-[0-9]{2}-[0-9]{4}($|[^0-9])",  # social security
    r"(^|[^0-9])(\([0-9]{3}\) ?|[0-9]{3}[-. ])[0-9]{3}[-. ][0-9]{4}($|[^0-9])",  # telephone, fax
    r"(mrn|medical record|record number|account|policy|member id)[ #:.no]*[0-9]{5}",
    r"https?://|www\.",  # web addresses
    r"(^|[^0-9.])[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}($|[^0-9.])",  # network addresses
    r"(dob|born|date of birth)[^0-9a-z]{0,3}[0-9]{1,4}[-/. ][0-9]{1,2}[-/. ][0-9]{1,4}",
)


@text_measure(gives="flag", zero="none of these patterns stands in it")
def identifiers(text: Any) -> Any:
    """Whether an address, a number or a date of birth stands in the text.

    Names have no form: what this does not find may still say who somebody is.

    Args:
        text: the column, as an expression of the engine's.

    Returns:
        True or false; null where there is no text.
    """
    return text.lower().re_search("|".join(KINDS))

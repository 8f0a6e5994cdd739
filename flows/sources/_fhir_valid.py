"""A sample of resources held against FHIR's own definitions, by fhir.resources (the `fhir` extra)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from importlib import import_module
from typing import Any

from pydantic import ValidationError

from monitors.errors import SourceInvalid

FIRST = EVERY = 1000  # the first thousand of each kind, then every thousandth


def definition(kind: str) -> Any:
    """What R4B says a kind of resource is, as a pydantic model.

    Raises:
        SourceInvalid: where the library is not installed.
    """
    try:
        return getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
    except ImportError:
        raise SourceInvalid(
            "source.validate_sample needs fhir.resources: pip install 'rounds-monitor[fhir]'"
        ) from None


def refused(lines: Iterable[str], kind: str) -> tuple[int, tuple[str, ...]]:
    """How many of the lines break the definition, and the elements that do so most often.

    Only names of FHIR's own elements are told, never a value nor a name that is not FHIR's.

    >>> refused(['{"resourceType": "Patient", "gender": 7, "Jane Doe": 1}'], "Patient")
    (1, ('Patient', 'Patient.gender'))
    """
    model, many, where = definition(kind), 0, Counter[str]()
    for line in lines:
        try:
            model.model_validate_json(line)
        except ValidationError as error:
            many += 1
            where.update({_element(kind, e["loc"], e["type"]) for e in error.errors(include_input=False)})
    return many, tuple(name for name, _ in sorted(where.items(), key=lambda n: (-n[1], n[0]))[:3])


def _element(kind: str, loc: tuple[int | str, ...], mistake: str) -> str:
    """The path of an element; one that FHIR does not have is told by what holds it."""
    named = [part for part in loc if isinstance(part, str)]
    return ".".join([kind, *(named[:-1] if mistake == "extra_forbidden" else named)])

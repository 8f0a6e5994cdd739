"""What is in a folder: one file is one thing, found by being there."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from monitors.metric import Metric

FAMILIES = ("quality", "drift", "performance", "fairness", "oversight", "text")


@dataclass(frozen=True, slots=True)
class Declared:
    """A metric's facts together with the function that computes it."""

    facts: Metric
    compute: Callable[..., Any]


def modules(package: str) -> Iterator[tuple[str, ModuleType]]:
    """Each module of a package with its name, in alphabetical order; `_private` ones are skipped."""
    found = importlib.import_module(package)
    for info in sorted(pkgutil.iter_modules(found.__path__), key=lambda info: info.name):
        if not info.name.startswith("_"):
            yield info.name, importlib.import_module(f"{package}.{info.name}")


@cache
def named() -> frozenset[str]:
    """The names of all metrics, without loading one: each is its file's.

    >>> named() == metrics().keys()
    True
    """
    folders = (importlib.import_module(f"monitors.{family}") for family in FAMILIES if family != "text")
    found = (info.name for folder in folders for info in pkgutil.iter_modules(folder.__path__))
    return frozenset(name for name in found if not name.startswith("_"))


@cache
def metrics() -> dict[str, Declared]:
    """Every metric by name. A file in a family's folder declares the metric of its own name.

    >>> metrics()["psi"].facts.unit
    'nats'
    """
    found: dict[str, Declared] = {}
    for family in FAMILIES:
        if family == "text":
            continue  # its files take a number of each text, which others then measure
        for name, module in modules(f"monitors.{family}"):
            function = getattr(module, name, None)
            facts = getattr(function, "metric", None)
            if function is None or facts is None:
                raise TypeError(f"{module.__name__} must declare a metric function named {name!r}")
            if name in found:
                raise TypeError(f"metric {name!r} stands in {found[name].facts.family} and {family}")
            found[name] = Declared(facts, function)
    return found


@cache
def text_measures() -> dict[str, Callable[..., Any]]:
    """Every text measure by name; `measure` on it holds its facts.

    >>> text_measures()["words"].measure.gives
    'number'
    """
    return {name: getattr(module, name) for name, module in modules("monitors.text")}

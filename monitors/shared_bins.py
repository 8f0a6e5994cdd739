"""Bins that several sites count on, so that their profiles add: made from one reference, kept in a file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from monitors.canonical import digest
from monitors.histogram import Bins, CategoryBins, NumericBins

Shared = tuple[dict[str, Bins], tuple[float, ...]]
"""The bins of each column, and the edges of score cells."""


def payload(bins: Mapping[str, Bins], score_edges: tuple[float, ...]) -> dict[str, Any]:
    """Bins as they may leave a site, as plain values for JSON.

    The outermost edges are a patient's own values, so each is moved out to a round number; rare
    categories may be one patient's, so they are not named.
    """
    told = {column: asdict(_coarse(held)) for column, held in sorted(bins.items())}
    body = {"schema": 1, "columns": told, "score_edges": list(score_edges)}
    return {**body, "digest": digest(body)}


def read(body: Any) -> Shared:
    """Back from plain values. Raises ValueError with the remedy where they are none, or were altered."""
    if not isinstance(body, Mapping) or body.get("schema") != 1 or "columns" not in body:
        raise ValueError("holds no shared bins; make them with `rounds federate bins`")
    if body.get("digest") != digest({key: value for key, value in body.items() if key != "digest"}):
        raise ValueError("was altered since it was made: its digest does not match; ask for it again")
    found: dict[str, Bins] = {}
    for column, held in body["columns"].items():
        if held["kind"] == "numeric":
            found[column] = NumericBins(tuple(held["edges"]), tuple(held["centers"]), held["scale"])
        else:
            found[column] = CategoryBins(tuple(held["categories"]), tuple(held["rare"]))
    return found, tuple(body["score_edges"])


def _coarse(bins: Bins) -> Bins:
    if isinstance(bins, CategoryBins):
        return CategoryBins(bins.categories)
    if len(bins.edges) < 2:
        return bins
    low, high = rounded_out(bins.edges[0], bins.edges[-1])
    return NumericBins((low, *bins.edges[1:-1], high), bins.centers, bins.scale)


def rounded_out(low: float, high: float) -> tuple[float, float]:
    """Both ends moved out to a multiple of a tenth of what lies between, in round numbers.

    >>> rounded_out(0.31, 18.7), rounded_out(18.0, 101.0)
    ((0.0, 19.0), (10.0, 110.0))
    """
    if not high > low:
        return low, high
    step = 10.0 ** math.floor(math.log10(high - low))
    step = step / 10 if (high - low) / step < 5 else step
    outer = math.floor(low / step) * step, math.ceil(high / step) * step
    return float(f"{outer[0]:.12g}") + 0.0, float(f"{outer[1]:.12g}") + 0.0

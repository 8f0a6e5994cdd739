"""A histogram: counts of one column on bins frozen from the reference; histograms add."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# By name: the pages read histograms as well, and load no arrays for them.
Floats: TypeAlias = "NDArray[np.float64]"
Counts: TypeAlias = "NDArray[np.int64]"


@dataclass(frozen=True, slots=True)
class NumericBins:
    """Bins of a number: bin i is [edges[i], edges[i+1]), the last one closed.

    `centers` are the reference's mean position in each bin, `scale` its standard deviation;
    both come from the reference alone, so a distance means the same in every window.
    A reference without a single value has no edges, and what comes later is unseen.
    """

    edges: tuple[float, ...]
    centers: tuple[float, ...]
    scale: float
    kind: Literal["numeric"] = "numeric"

    @property
    def labels(self) -> tuple[str, ...]:
        """A name for each bin, for people."""
        return tuple(f"{a:g} to {b:g}" for a, b in zip(self.edges, self.edges[1:], strict=False))


@dataclass(frozen=True, slots=True)
class CategoryBins:
    """Bins of a category: those seen in at least 1 % of the reference; the `rare` rest fold."""

    categories: tuple[str, ...]
    rare: tuple[str, ...] = ()
    kind: Literal["categorical"] = "categorical"

    @property
    def labels(self) -> tuple[str, ...]:
        """A name for each bin, for people."""
        return self.categories


Bins = NumericBins | CategoryBins


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many rows of one window fell in each bin, and how many in none.

    Attributes:
        counts: rows per bin, shape (k,).
        missing: NULL, NaN, and empty or blank text.
        below, above: numbers outside the reference's range; infinities count here.
        other: of a number, text that is no number; of a category, the reference's rare ones.
        unseen: categories the reference never had; of a number, values where it had none at all.

    >>> bins = NumericBins(edges=(0.0, 1.0, 2.0), centers=(0.5, 1.5), scale=0.6)
    >>> day = Histogram("crea", bins, (3, 4), missing=1)
    >>> (day + day).counts, (day + day).rows
    ((6, 8), 16)
    """

    column: str
    bins: Bins
    counts: tuple[int, ...]
    missing: int = 0
    below: int = 0
    above: int = 0
    other: int = 0
    unseen: int = 0

    def __add__(self, later: Histogram) -> Self:
        if self.column != later.column or self.bins != later.bins:
            raise ValueError(f"histograms of {self.column!r} add only on the same bins")
        return type(self)(
            self.column,
            self.bins,
            tuple(a + b for a, b in zip(self.counts, later.counts, strict=True)),
            self.missing + later.missing,
            self.below + later.below,
            self.above + later.above,
            self.other + later.other,
            self.unseen + later.unseen,
        )

    @property
    def rows(self) -> int:
        """All rows, whatever became of them."""
        return self.present + self.missing

    @property
    def present(self) -> int:
        """Rows with any value, usable or not."""
        return sum(self.counts) + self.below + self.above + self.other + self.unseen

    @property
    def ordered(self) -> Counts:
        """Of a number: counts below, in each bin, above; shape (k + 2,). What has an order."""
        import numpy as np

        return np.array([self.below, *self.counts, self.above], dtype=np.int64)

    @property
    def places(self) -> tuple[int, ...]:
        """Rows in every place one can fall, missing and unseen included: k + 5 of them."""
        return (*self.counts, self.below, self.above, self.other, self.unseen, self.missing)

    @property
    def cells(self) -> Counts:
        """`places` as an array, shape (k + 5,)."""
        import numpy as np

        return np.array(self.places, dtype=np.int64)

    @property
    def positions(self) -> Floats:
        """Where each cell of `ordered` lies, in reference standard deviations; shape (k + 2,)."""
        if not isinstance(self.bins, NumericBins):
            raise ValueError(f"{self.column!r} is a category and has no positions")
        if not self.bins.edges:
            raise ValueError(f"the reference of {self.column!r} holds no values, so no positions")
        import numpy as np

        at = np.array([self.bins.edges[0], *self.bins.centers, self.bins.edges[-1]])
        spread = self.bins.scale or 1.0  # a constant reference: distances in the column's own unit
        return np.asarray((at - at[0]) / spread, dtype=np.float64)

    def payload(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        bins: dict[str, Any] = {"kind": self.bins.kind}
        if isinstance(self.bins, NumericBins):
            bins |= {
                "edges": list(self.bins.edges),
                "centers": list(self.bins.centers),
                "scale": self.bins.scale,
            }
        else:
            bins |= {"categories": list(self.bins.categories), "rare": list(self.bins.rare)}
        return {
            "column": self.column,
            "bins": bins,
            "counts": list(self.counts),
            "missing": self.missing,
            "below": self.below,
            "above": self.above,
            "other": self.other,
            "unseen": self.unseen,
        }

    @classmethod
    def read(cls, payload: dict[str, Any]) -> Histogram:
        """Back from plain values."""
        bins = payload["bins"]
        if bins["kind"] == "numeric":
            read: Bins = NumericBins(tuple(bins["edges"]), tuple(bins["centers"]), bins["scale"])
        else:
            read = CategoryBins(tuple(bins["categories"]), tuple(bins["rare"]))
        rest = {key: payload[key] for key in ("missing", "below", "above", "other", "unseen")}
        return cls(payload["column"], read, tuple(payload["counts"]), **rest)

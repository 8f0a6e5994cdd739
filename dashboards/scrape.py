"""A scrape as Prometheus reads it: its text format, written as the samples come."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

FORMAT = "text/plain; version=0.0.4; charset=utf-8"
Sample = tuple[str, tuple[str, ...], float]
_LABEL = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})
_HELP = str.maketrans({"\\": "\\\\", "\n": "\\n"})


class Scrape:
    """Gauges by family, each with the labels and the help that were declared of it.

    Prometheus' client for Python writes the same, from objects of several times its length.

    >>> scrape = Scrape({"rounds_rows": (("model",), "Rows."), "rounds_up": ((), "Up.")})
    >>> scrape.add([("rounds_rows", ("sepsis",), 3.0)])
    >>> print(scrape.text().decode(), end="")
    # HELP rounds_rows Rows.
    # TYPE rounds_rows gauge
    rounds_rows{model="sepsis"} 3.0
    """

    def __init__(self, families: Mapping[str, tuple[Sequence[str], str]]) -> None:
        self.samples = 0
        self._families = families
        self._written: dict[str, bytearray] = {}

    def add(self, samples: Iterable[Sample]) -> None:
        """Write samples: family, the values of its labels, and a number."""
        for name, values, number in samples:
            labels, told = self._families[name]
            if name not in self._written:
                head = f"# HELP {name} {told.translate(_HELP)}\n# TYPE {name} gauge\n"
                self._written[name] = bytearray(head, "utf-8")
            held = ",".join(f'{k}="{v.translate(_LABEL)}"' for k, v in zip(labels, values, strict=True))
            line = f"{name}{{{held}}} {_number(number)}\n" if held else f"{name} {_number(number)}\n"
            self._written[name] += line.encode()
            self.samples += 1

    def text(self) -> bytes:
        """Every family that has a sample, in the order they were declared."""
        return b"".join(self._written[name] for name in self._families if name in self._written)


def _number(value: float) -> str:
    if math.isfinite(value):
        return repr(float(value))
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"

"""A scrape: samples written by Prometheus' own client a few hundred at a time, as they come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

FORMAT = "text/plain; version=0.0.4; charset=utf-8"
TOGETHER = 500  # samples written at once: before they are written they take several times the place
Sample = tuple[str, tuple[str, ...], float]


class Scrape:
    """Gauges by family, each with the labels and the help that were declared of it.

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
        self._held: dict[str, list[tuple[tuple[str, ...], float]]] = {}
        self._waiting = 0
        self._written: dict[str, bytearray] = {}

    def add(self, samples: Iterable[Sample]) -> None:
        """Gather samples: family, the values of its labels, and a number."""
        for name, values, number in samples:
            self._held.setdefault(name, []).append((values, number))
            self.samples += 1
            self._waiting += 1
        if self._waiting >= TOGETHER:
            self._write()

    def text(self) -> bytes:
        """Every family that has a sample, in the order they were declared."""
        self._write()
        return b"".join(self._written[name] for name in self._families if name in self._written)

    def _write(self) -> None:
        # Only here: pages that nobody scrapes do without it.
        from prometheus_client import generate_latest

        for name in self._held:
            lines = generate_latest(_Family(self, name))
            told = self._written.setdefault(name, bytearray())
            # What a family is and means stands in two lines before its first sample, and only there.
            told += lines.split(b"\n", 2)[2] if told else lines
        self._held.clear()
        self._waiting = 0

    def family(self, name: str) -> Metric:
        """One family as Prometheus' client has it."""
        from prometheus_client.metrics_core import GaugeMetricFamily

        labels, told = self._families[name]
        made = GaugeMetricFamily(name, told, labels=labels)
        for values, number in self._held[name]:
            made.add_metric(values, number)
        return made


class _Family:
    """The registry of one family."""

    def __init__(self, scrape: Scrape, name: str) -> None:
        self._scrape, self._name = scrape, name

    def collect(self) -> Iterator[Metric]:
        yield self._scrape.family(self._name)

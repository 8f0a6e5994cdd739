"""Exposition: what Prometheus scrapes, read from the ledger at each scrape and kept nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from dashboards.freshness import freshness, outcomes_due
from dashboards.glance import Glance
from dashboards.reading import Reading
from monitors.audit import Finding, Verdict
from monitors.config import ModelConfig

PER_MODEL = 20  # series; "over 100, investigate alternatives", and there may be 500 models
CAP = 20_000  # series in all: what a scrape carries within its ten seconds
COUNTED = (Verdict.BEYOND, Verdict.FAILED, Verdict.CANNOT_TELL)
CHECK = ("model", "family", "metric", "subject", "group", "severity", "runbook")

# Name to labels and help. A margin is exported beside its value, so that one rule serves all
# models and metrics, and changing a margin changes no rule.
FAMILIES: dict[str, tuple[tuple[str, ...], str]] = {
    "rounds_up": ((), "1 when the ledger could be read at this scrape, else 0."),
    "rounds_series_dropped": ((), "Series left out because the scrape would have been too large."),
    "rounds_model_info": (("model", "version", "risk_tier"), "One for each model that is watched."),
    "rounds_rows": (("model",), "Rows in the last window; absent where too few to show."),
    "rounds_window_end_timestamp_seconds": (("model",), "When the last audited window ended."),
    "rounds_window_due_timestamp_seconds": (
        ("model",),
        "By when the next window's audit ought to be there.",
    ),
    "rounds_outcomes_due_timestamp_seconds": (
        ("model",),
        "By when the outcomes of the oldest window that lacks them ought to be there.",
    ),
    "rounds_copies_owed": ((), "Audits whose copy has not reached MLflow."),
    "rounds_pages_untold": ((), "Open pages that no channel has told anybody, those silenced left out."),
    "rounds_last_success_timestamp_seconds": (
        ("model", "job"),
        "When the last audit was written to the ledger.",
    ),
    "rounds_findings": (("model", "verdict"), "Findings of the last window, those only shown left out."),
    "rounds_finding_value": (CHECK, "Values of the last window's worst findings, in the metric's unit."),
    "rounds_finding_margin": (CHECK, "How far the value may be from its target, in the metric's unit."),
    "rounds_finding_beyond_windows": (
        CHECK,
        "Windows in a row in which the finding was beyond its margin; 0 when it is not.",
    ),
}
Sample = tuple[str, tuple[str, ...], float]


@dataclass(frozen=True, slots=True, eq=False)
class Exposition(Collector):
    """A collector over the ledger. Samples carry no time of their own; moments are values."""

    reading: Reading
    per_model: int = PER_MODEL
    cap: int = CAP

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Names and labels, without reading the ledger."""
        return [GaugeMetricFamily(name, told, labels=labels) for name, (labels, told) in FAMILIES.items()]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Everything, or `rounds_up 0` alone: a scrape that fails says so instead of failing."""
        try:
            samples, dropped = self._samples()
        except Exception:  # noqa: BLE001  whatever it was, the scrape has to say that we are blind
            samples, dropped = [("rounds_up", (), 0.0)], 0
        else:
            samples += [("rounds_up", (), 1.0), ("rounds_series_dropped", (), float(dropped))]
            samples += [(f"rounds_{name}", (), float(count)) for name, count in self._owed().items()]
        families = {family.name: family for family in self.describe()}
        for name, labels, value in samples:
            families[name].add_metric(labels, value)
        yield from (family for family in families.values() if family.samples)

    def text(self) -> bytes:
        """The scrape's body."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        return generate_latest(registry)

    def _owed(self) -> dict[str, int]:
        try:
            return self.reading.owed()
        except Exception:  # noqa: BLE001  the models' own samples are worth a scrape without it
            return {}

    def _samples(self) -> tuple[list[Sample], int]:
        kept: list[Sample] = []
        dropped = 0
        for model, held in self.reading.glances().items():
            found = self._of_model(model, held)
            if len(kept) + len(found) > self.cap - 4:
                dropped += len(found)
            else:
                kept += found
        return kept, dropped

    def _of_model(self, model: str, held: Glance | None) -> list[Sample]:
        config = self.reading.configs.get(model)
        version = held.version if held else config.version if config else ""
        tier = (config.governance.risk_tier if config else None) or ""
        found: list[Sample] = [("rounds_model_info", (model, version, tier), 1.0)]
        fresh = freshness(config, held.window if held else None, self.reading.now())
        if fresh.due:
            found.append(("rounds_window_due_timestamp_seconds", (model,), fresh.due.timestamp()))
        if held is None:
            return found
        found += [
            ("rounds_window_end_timestamp_seconds", (model,), held.window.end.timestamp()),
            ("rounds_last_success_timestamp_seconds", (model, "audit"), held.at.timestamp()),
            *self._outcomes(model, config),
            *([("rounds_rows", (model,), float(held.rows))] if held.rows is not None else []),
            *(("rounds_findings", (model, str(v)), float(held.counts[v])) for v in COUNTED),
        ]
        for finding, windows in held.standing[: (self.per_model - len(found)) // 3]:
            found += _of_finding(model, finding, windows)
        return found

    def _outcomes(self, model: str, config: ModelConfig | None) -> list[Sample]:
        due = outcomes_due(config, self.reading.heads().get(model, ()))
        return [("rounds_outcomes_due_timestamp_seconds", (model,), due.timestamp())] if due else []


def _of_finding(model: str, finding: Finding, windows: int) -> list[Sample]:
    """The series of one finding, all with the same labels so that they join."""
    group, runbook = finding.group or "", finding.runbook or ""
    labels = (model, finding.family, finding.metric, finding.subject, group, finding.severity, runbook)
    found: list[Sample] = [("rounds_finding_beyond_windows", labels, float(windows))]
    if finding.value is not None:
        found.append(("rounds_finding_value", labels, finding.value))
    if finding.margin is not None:
        found.append(("rounds_finding_margin", labels, finding.margin))
    return found

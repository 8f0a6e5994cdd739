"""Exposition: what Prometheus scrapes, read from the ledger at each scrape and kept nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboards import series
from dashboards.freshness import outcomes_due
from dashboards.reading import Reading
from dashboards.scrape import FORMAT as FORMAT
from dashboards.scrape import Scrape
from dashboards.series import FAMILIES, Sample
from monitors.acting import Held, Quiet
from monitors.audit import Verdict
from monitors.config import ModelConfig
from monitors.glance import Glance
from monitors.notice import opaque
from monitors.retention import Done

PER_MODEL = 19  # series, so that 500 models and Rounds itself stay below ten thousand
CAP = 20_000  # series in all: what a scrape carries within its ten seconds
COUNTED = (Verdict.BEYOND, Verdict.FAILED, Verdict.CANNOT_TELL)
Open = Mapping[tuple[str, str], Held]  # by model and check


@dataclass(frozen=True, slots=True, eq=False)
class Exposition:
    """What a scrape says of the ledger. Samples carry no time of their own; moments are values."""

    reading: Reading
    per_model: int = PER_MODEL
    cap: int = CAP
    certificate_ends: datetime | None = None

    def text(self) -> bytes:
        """The scrape's body, or `rounds_up 0` alone: a scrape that fails says so instead of failing."""
        scrape = Scrape(FAMILIES)
        try:
            dropped = self._models(scrape)
        except Exception:  # noqa: BLE001  whatever it was, the scrape has to say that we are blind
            scrape = Scrape(FAMILIES)
            scrape.add([("rounds_up", (), 0.0)])
        else:
            scrape.add([("rounds_up", (), 1.0), ("rounds_series_dropped", (), float(dropped))])
            scrape.add((f"rounds_{name}", (), float(count)) for name, count in self._owed().items())
            scrape.add(series.of_retention(self._retained()))
        if self.certificate_ends is not None:
            scrape.add(
                [("rounds_certificate_expires_timestamp_seconds", (), self.certificate_ends.timestamp())]
            )
        return scrape.text()

    def _owed(self) -> dict[str, int]:
        try:
            return self.reading.owed()
        except Exception:  # noqa: BLE001  the models' own samples are worth a scrape without it
            return {}

    def _retained(self) -> Done | None:
        try:
            return self.reading.retained()
        except Exception:  # noqa: BLE001  as above
            return None

    def _models(self, scrape: Scrape) -> int:
        """Write every model's samples, one model after the other; returns how many are left out."""
        scrape.add(series.of_escalation(self.reading.oncall))
        dropped, now = 0, self.reading.now()
        alerts, silences = self.reading.alerts()
        told, quiet = _open(alerts), _until(silences, now)
        for model, held in self.reading.glances().items():
            ends = [series.of_silence(model, "", quiet[model])] if model in quiet else []
            found = ends + self._of_model(model, held, told)
            if scrape.samples + len(found) > self.cap - 8:
                dropped += len(found)
            else:
                scrape.add(found)
        return dropped

    def _of_model(self, model: str, held: Glance | None, told: Open) -> list[Sample]:
        config, oncall = self.reading.configs.get(model), self.reading.oncall
        found = [series.of_model(model, held, config, oncall)]
        fresh = self.reading.freshness(model, held.window if held else None)
        named = (series.name(model),)
        if fresh.due:
            found.append(("rounds_window_due_timestamp_seconds", named, fresh.due.timestamp()))
        if held is None:
            return found
        due = outcomes_due(config, held.awaiting)
        found += [
            ("rounds_window_end_timestamp_seconds", named, held.window.end.timestamp()),
            ("rounds_last_success_timestamp_seconds", (*named, "audit"), held.at.timestamp()),
            *([("rounds_outcomes_due_timestamp_seconds", named, due.timestamp())] if due else []),
            *([("rounds_rows", named, float(held.rows))] if held.rows is not None else []),
            *(("rounds_findings", (*named, str(v)), float(held.counts[v])) for v in COUNTED),
        ]
        found += series.of_sites(model, held, config)
        return [*found, *self._of_findings(model, held, config, told, self.per_model - len(found))]

    def _of_findings(
        self, model: str, held: Glance, config: ModelConfig | None, told: Open, room: int
    ) -> list[Sample]:
        """What alerts rest on first, then each family in short, then what else stands by name."""
        oncall = self.reading.oncall
        alerting: list[Sample] = []
        values: list[Sample] = []
        resting: list[list[Sample]] = []
        for stands in held.standing:
            finding = stands.finding
            labels = series.check(model, finding, config, oncall)
            lasted: Sample = ("rounds_finding_beyond_windows", labels, float(stands.windows))
            figures = list(series.figures(labels, finding))
            if not stands.windows:
                resting.append([lasted, *figures])
                continue
            alert = told.get((model, opaque(finding.key)))
            alerting += [lasted, series.of_finding(labels, stands, held, alert, oncall)]
            values += figures
            if alert and alert.silenced and alert.silenced.until:
                mine = series.identity(model, finding)
                alerting.append(series.of_silence(model, mine, alert.silenced.until))
        kept = [*alerting, *values, *series.of_families(model, held.families)][:room]
        for whole in resting:
            kept += whole if len(kept) + len(whole) <= room else []
        return kept


def _open(alerts: Sequence[Held]) -> Open:
    """Alerts that are open, by model and check: since when, and by which key they are answered."""
    return {(a.notice.model, a.notice.labels.get("check", "")): a for a in reversed(alerts)}


def _until(silences: Iterable[Quiet], now: datetime) -> dict[str, datetime]:
    """Until when nobody is to be told of a model as a whole, where somebody said so."""
    found: dict[str, datetime] = {}
    for each in silences:
        if each.check is None and each.holds(now) and each.mark.until:
            found[each.model] = max(each.mark.until, found.get(each.model, each.mark.until))
    return found

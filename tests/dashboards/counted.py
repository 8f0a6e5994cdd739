"""A model of the ward that was counted for real: columns, scores and outcomes by group, some few."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from monitors.audit import Audit, Finding, Verdict
from monitors.cube import Cube, Row
from monitors.histogram import Bins, CategoryBins, Histogram, NumericBins
from monitors.ledger import Ledger
from monitors.profile import Profile
from monitors.reference import Reference
from monitors.window import Window

NAME = "stroke-risk"
EDGES = tuple(float(round(e, 3)) for e in np.linspace(0, 1, 41))
# sex, people, and by how much the score understates their risk (log-odds)
GROUPS = (("female", 1600, 0.6), ("male", 2000, 0.0), ("other", 8, 0.0), ("Unknown", 400, 0.0))
LACTATE = NumericBins((0.4, 1.0, 1.4, 1.8, 2.4, 3.5, 9.0), (0.8, 1.2, 1.6, 2.1, 2.9, 5.0), 1.1)
WARD = CategoryBins(("medicine", "surgery", "cardiology", "rehabilitation and long-term care", "maternity"))


def cube(attribute: str) -> Cube:
    """Scores and outcomes as they fall by chance, always the same."""
    random = np.random.default_rng(7)
    rows: list[Row] = []
    for group, people, understated in GROUPS:
        line = random.normal(-1.1, 1.3, people)
        score = 1 / (1 + np.exp(-line))
        outcome = random.random(people) < 1 / (1 + np.exp(-(line + understated)))
        cell = np.minimum((score * 40).astype(int), 39)
        for s, o, c in zip(score, outcome, cell, strict=True):
            rows.append((group if attribute else "", int(o), int(c >= 12), int(c), -1, 1, round(s * 1e6)))
    return Cube.of(attribute, rows)


def histograms(counts: tuple[int, ...], wards: tuple[int, ...], missing: int) -> dict[str, Histogram]:
    """Two columns; `ward` has one place with few people."""

    def of(column: str, bins: Bins, held: tuple[int, ...], **rest: int) -> Histogram:
        return Histogram(column, bins, held, **rest)

    return {
        "lactate": of("lactate", LACTATE, counts, missing=missing, above=60),
        "ward": of("ward", WARD, wards),
    }


def record(ledger: Ledger, window: Window, findings: tuple[Finding, ...]) -> Audit:
    """One window, its outcomes known, with its counts and its reference's in the ledger."""
    then = Profile(
        Window(window.start - timedelta(days=364), window.start - timedelta(days=91)), 9000, 0, None, None,
        histograms((1400, 1500, 1500, 1500, 1500, 1480), (4000, 2000, 2000, 900, 100), 120),
        {"": cube(""), "sex": cube("sex")}, score_edges=EDGES,
    )  # fmt: skip
    now = Profile(
        window, 3638, 0, None, window.end - timedelta(hours=1),
        histograms((240, 300, 410, 560, 700, 648), (1700, 800, 700, 431, 7), 720),
        {"": cube(""), "sex": cube("sex")}, score_edges=EDGES,
    )  # fmt: skip
    reference = Reference(then)
    ledger.append("reference", f"{NAME}|2025", reference.payload(), model=NAME, version="3.2")
    audit = Audit(
        model=NAME, version="3.2", window=window, stage="outcome", rows=3638, config="sha256:" + "c" * 64,
        reference=reference.digest, profile=now.digest, software="rounds 0.1.0", findings=findings,
    )  # fmt: skip
    ledger.record(audit, now)
    return audit


def gaps() -> tuple[Finding, ...]:
    """What its groups' findings say; `other` and `Unknown` are too few."""
    found = []
    rows = (("female", 700, 250, -0.19, Verdict.BEYOND), ("male", 500, 300, 0.19, Verdict.BEYOND))
    few = (("other", 3, 1, 0.1, Verdict.CANNOT_TELL), ("Unknown", 9, 4, 0.1, Verdict.CANNOT_TELL))
    for metric in ("true_positive_rate", "miscalibration_loss", "selection_rate", "auroc"):
        for group, n, events, value, verdict in (*rows, *few):
            found.append(
                Finding(
                    metric=metric, family="fairness", subject="sex", group=group, verdict=verdict,
                    against=None if metric == "miscalibration_loss" else "rest", unit="share of rows",
                    value=value, low=value - 0.06, high=value + 0.06, n=n, events=events, margin=0.1,
                    level=0.5 + value, baseline=0.5, reference_n=1300 - n, severity="committee",
                    runbook="group-gap",
                )
            )  # fmt: skip
    return tuple(found)

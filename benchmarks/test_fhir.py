"""A bulk export of 100,000 RiskAssessments and their 30,000 patients, read and joined to one table."""

from __future__ import annotations

import json
import os
import time
from contextlib import closing
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from flows import source
from flows.sources._fhir_valid import EVERY, FIRST, refused
from tests.flows.test_fhir import config, patient, risk

RISKS, PATIENTS = 100_000, 30_000


@pytest.fixture(scope="session")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("export")
    with (place / "RiskAssessment.ndjson").open("w") as file:
        for i in range(RISKS):
            about = {"reference": f"Patient/p{i % PATIENTS}"}
            file.write(json.dumps(risk(f"r{i}", (i % 997) / 996, subject=about)) + "\n")
    with (place / "Patient.ndjson").open("w") as file:
        file.writelines(json.dumps(patient(f"p{i}")) + "\n" for i in range(PATIENTS))
    return place


def test_an_export_is_read(benchmark: BenchmarkFixture, export: Path) -> None:
    """The bar is 100,000 resources a second on two cores; work is told too, since others may share them."""

    took: list[float] = []

    def work() -> None:
        begun = time.process_time()
        with closing(source.connect(config(), export)) as opened:
            assert opened.table().count().to_pyarrow().as_py() == RISKS
        took.append(time.process_time() - begun)

    benchmark.pedantic(work, rounds=5, iterations=1, warmup_rounds=1)
    spent = min(took)  # what others do beside it only ever adds
    resources = RISKS + PATIENTS
    benchmark.extra_info |= {"cpu_seconds": spent, "a_cpu_second": resources / spent}
    print(f"\n{resources / spent:,.0f} resources a CPU second, {os.cpu_count()} CPUs")


def test_what_is_read_here_is_valid_fhir(export: Path) -> None:
    """A sample (the first thousand, then every thousandth) against fhir.resources."""
    for kind in ("RiskAssessment", "Patient"):
        lines = (export / f"{kind}.ndjson").read_text(encoding="utf-8").splitlines()
        assert refused([*lines[:FIRST], *lines[FIRST - 1 + EVERY :: EVERY]], kind) == (0, ())

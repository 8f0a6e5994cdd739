"""A hundred and fifty malformed files and answers, each from a seed: clear words or sound work."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from flows import source
from flows.engine import plainly
from flows.sources import _fhir_server
from monitors.errors import ConfigError, RoundsError
from tests.flows.rows import config, ledger, ward
from tests.flows.test_fhir import config as of_fhir
from tests.flows.test_fhir import patient, risk
from tests.malformed import bent, torn

SHIPPED = Path(__file__).parents[2] / "configs/models/support-survival.yaml"
LONGEST = 2_000  # characters of a message: a list of everything it could have been
ROWS = ward(weeks=5, a_day=4)
CSV = "\n".join([",".join(ROWS[0]), *(",".join(map(str, row.values())) for row in ROWS)]).encode()
RESOURCES = [*(risk(f"r{i}", i / 10) for i in range(6)), patient("p1"), patient("p2")]
BUNDLE = {
    "resourceType": "Bundle",
    "link": [{"relation": "next", "url": "http://127.0.0.1:1/fhir/RiskAssessment?page=2"}],
    "entry": [{"resource": resource} for resource in (risk("a"), risk("b"), patient("p1"))],
}


@pytest.fixture(autouse=True)
def spill(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing stays in the folder for temporary files."""
    folder = tmp_path_factory.mktemp("spill")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield
    assert list(folder.iterdir()) == []


def clear(attempt: Callable[..., object], *given: Any) -> bool:
    """Whether it was refused; anything but our own error in words that can be read fails the test."""
    error = None
    try:
        attempt(*given)
    except RoundsError as refused:
        error = refused
    for said in error.problems if isinstance(error, ConfigError) else [str(error)] if error else []:
        assert said.isprintable(), said
        assert 10 < len(said) < LONGEST, said
        assert ": " in said, "a place, then what is wrong with it"
    assert error is None or error.__cause__ is None
    return error is not None


def test_fifty_malformed_configs(tmp_path: Path) -> None:
    path, text, refused, seed = tmp_path / "model.yaml", SHIPPED.read_bytes(), 0, 0
    tree = yaml.safe_load(text)
    while refused < 50:  # some of what is torn is still a config
        made = yaml.safe_dump(bent(tree, seed)).encode() if seed % 2 else torn(text, seed)
        path.write_bytes(made)
        refused += clear(source.read, path)
        seed += 1
    assert seed < 100
    assert [file.name for file in tmp_path.iterdir()] == ["model.yaml"]


def parquet() -> bytes:
    held = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), held)
    return held.getvalue()


def opened(declared: Any, folder: Path) -> None:
    with closing(source.connect(declared, folder)) as held:
        table = held.table()
        with plainly(held.name, table.columns):  # as every count is asked for
            table.to_pyarrow()
        held.unread()


def test_fifty_malformed_data_files(tmp_path: Path) -> None:
    kept, lines = ledger(tmp_path), "\n".join(json.dumps(row) for row in ROWS).encode()
    head, refused, seed = kept.head(), 0, 0
    forms = (("csv", CSV), ("parquet", parquet()), ("ndjson", lines), ("csv.gz", gzip.compress(CSV)))
    while refused < 50:
        ending, text = forms[seed % len(forms)]
        (tmp_path / f"ward.{ending}").write_bytes(torn(text, seed))
        declared = config(source={"kind": "files", "path": f"ward.{ending}"})
        refused += clear(opened, declared, tmp_path)
        seed += 1
    assert seed < 100
    assert kept.head() == head


def test_thirty_malformed_exports(tmp_path: Path) -> None:
    """What can be read is read; a line that holds no resource is left out and said."""
    for seed in range(30):
        bundle = bent(RESOURCES, seed) if seed % 2 else RESOURCES
        text = "\n".join(json.dumps(resource) for resource in bundle).encode() if bundle else b"null"
        (tmp_path / "RiskAssessment.ndjson").write_bytes(text if seed % 2 else torn(text, seed))
        clear(opened, of_fhir(path="."), tmp_path)


def test_twenty_malformed_answers_of_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    last = json.dumps({**BUNDLE, "link": []}).encode()

    class Answers:
        def __init__(self, *answers: bytes) -> None:
            self.left = list(answers)

        def open(self, *_: object, **__: object) -> io.BytesIO:
            return io.BytesIO(self.left.pop(0) if self.left else last)

    for seed in range(20):
        first = (
            json.dumps(bent(BUNDLE, seed)).encode() if seed % 2 else torn(json.dumps(BUNDLE).encode(), seed)
        )
        monkeypatch.setattr(_fhir_server, "_OPENER", Answers(first))
        clear(opened, of_fhir(url="http://127.0.0.1:1/fhir"), tmp_path)
    assert list(tmp_path.iterdir()) == []

"""Attacks by way of a file or an address: archives that burst, addresses inside, pickles, secrets."""

from __future__ import annotations

import ast
import gzip
import itertools
import json
import logging
import os
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from dashboards import sign_in
from flows import addresses, channel, scoring, sealing, source, unpacked
from flows.planned import planned
from flows.sources import _fhir_server
from monitors import config_file, plain_yaml
from monitors.errors import ConfigError, SourceInvalid
from monitors.ledger import Ledger
from tests.flows.fhir_server import serving
from tests.flows.rows import config
from tests.flows.test_fhir import config as of_fhir
from tests.flows.test_fhir import read as read_fhir
from tests.flows.test_fhir import risk
from tests.stories.test_outages import Hospital, heard, hospital

__all__ = ["heard", "hospital"]  # fixtures

ROOT = Path(__file__).parents[2]
SMALL = 1 << 20  # what the tests let anything grow to
BURSTS = "grows to more than 200 times its size"


@pytest.fixture(autouse=True)
def bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacked, "ALWAYS", SMALL)


# ---------------------------------------------------------------------------- what bursts when unpacked
def zstandard(text: bytes) -> bytes:
    packed: bytes = pa.Codec("zstd").compress(text, asbytes=True)
    return packed


@pytest.mark.parametrize(("ending", "pack"), [(".gz", gzip.compress), (".zst", zstandard)])
def test_a_packed_file_that_bursts_is_refused_before_it_fills_a_disk(
    ending: str, pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    name = f"ward.csv{ending}"
    declared = config(source={"kind": "files", "path": name})
    (tmp_path / name).write_bytes(pack(b"at,risk\n" + b"0" * 40 * SMALL))
    with pytest.raises(SourceInvalid, match=f"{name}: {BURSTS}"):
        source.connect(declared, tmp_path)
    rows = "at,visit,risk,sepsis,age,lactate,ward,sex\n" + "2026-01-05,v1,0.5,1,50,1.0,icu,f\n" * 5000
    (tmp_path / name).write_bytes(pack(rows.encode()))  # 60 times smaller packed: data are let be
    source.connect(declared, tmp_path).close()
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceInvalid, match=f"{name}: the file is not whole"):
        source.connect(declared, tmp_path)


def test_an_export_s_packed_file_has_the_same_bounds(tmp_path: Path) -> None:
    lines = json.dumps(risk("a")).encode() + b"\n"
    packed = gzip.compress(lines * 50)
    (tmp_path / "RiskAssessment.ndjson.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(SourceInvalid, match="the file is not whole"):
        read_fhir(tmp_path, path=".")
    (tmp_path / "RiskAssessment.ndjson.gz").write_bytes(gzip.compress(lines + b"\n" * 40 * SMALL))
    with pytest.raises(SourceInvalid, match=BURSTS):
        read_fhir(tmp_path, path=".")


def test_an_answer_without_end_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_fhir_server, "MOST", 1000)
    with serving([risk(f"r{i}") for i in range(3)]) as server:
        with pytest.raises(SourceInvalid, match="answered more than 0 MB at once"):
            read_fhir(tmp_path, url=server.url)
        monkeypatch.setattr(_fhir_server, "MOST", 100_000)
        monkeypatch.setattr(_fhir_server, "PAGES", 2)
        server.resources = [risk(f"r{i}") for i in range(30)]
        with pytest.raises(SourceInvalid, match="lead in a circle, or nowhere"):
            read_fhir(tmp_path, url=server.url)


def test_a_model_that_bursts_is_not_loaded(tmp_path: Path) -> None:
    told = {
        "flavors": {
            "python_function": {"loader_module": "mlflow.sklearn"},
            "sklearn": {"serialization_format": "skops"},
        }
    }
    (tmp_path / "MLmodel").write_text(yaml.safe_dump(told))
    with zipfile.ZipFile(tmp_path / "model.skops", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b"0" * 40 * SMALL)
    with pytest.raises(SourceInvalid, match=f"sepsis: model.skops: {BURSTS}"):
        scoring.loaded(tmp_path, "sepsis", None)


def multiplied(first: str, again: str) -> str:
    """Nine lines, of which each says the one before it ten times."""
    lines = [f"{b}: &{b} {again % ', '.join([f'*{a}'] * 10)}" for a, b in itertools.pairwise("abcdefghij")]
    return "\n".join([f"a: &a {first}", *lines, ""])


def test_a_few_lines_of_yaml_do_not_become_a_thousand_million_values(tmp_path: Path) -> None:
    """Aliases of aliases cost nothing to read, and all there is when somebody writes them out."""
    file = tmp_path / "held.yaml"
    merged = "a: &a {k: 1}\nb: &b {<<: [*a, *a]}\nc: {<<: *b, l: 2}"
    assert plain_yaml.load(merged)["c"] == {"k": 1, "l": 2}, "who reuses a part may"
    assert plain_yaml.load("") is None
    lists = multiplied("{k: ten, l: ten}", "[%s]")
    for text in (
        f"{lists}signature: {{inputs: *j}}",
        f"{lists}flavors: {{python_function: {{loader_module: *j}}}}",
        f"{lists}? *j\n: 1",
        multiplied("{k: 1}", "{<<: [%s]}"),  # merged mappings are written out while they are read
        f"b: &b {'x' * 100_000}\nc: [{', '.join(['*b'] * 100)}]",
        "a: &a [*a]",
    ):
        file.write_text(text)
        (tmp_path / "MLmodel").write_text(text)
        for reader, kind in (
            (config_file.read, ConfigError),
            (channel.read, ConfigError),
            (sign_in.read, ConfigError),
            (lambda path: planned(path, {"ROUNDS_CALENDAR": str(path)}), ConfigError),
        ):
            with pytest.raises(kind, match="repeat too much"):
                reader(file)
        with pytest.raises(SourceInvalid, match="sepsis: its file MLmodel describes no model"):
            scoring.loaded(tmp_path, "sepsis", None)


@pytest.mark.parametrize(
    "said", ["", "[]", "flavors: 1", "flavors: {sklearn: [1]}", "a: [", "a: !!python/name:os.system x"]
)
def test_a_file_that_describes_no_model_is_said_to_be_none(said: str, tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_text(said)
    with pytest.raises(SourceInvalid, match="sepsis: its file MLmodel describes no model that can be loaded"):
        scoring.loaded(tmp_path, "sepsis", None)


def test_a_sealed_file_that_bursts_is_not_opened_and_a_long_one_is(tmp_path: Path) -> None:
    secret, public = sealing.make_keys(tmp_path)
    long = {"windows": [os.urandom(16).hex() for _ in range(20_000)]}  # a year of a large model
    (tmp_path / "long").write_text(json.dumps(sealing.seal(long, {"site": "north"}, public)))
    assert sealing.open_sealed(tmp_path / "long", secret) == long
    (tmp_path / "burst").write_text(json.dumps(sealing.seal({"a": "0" * 40 * SMALL}, {}, public)))
    with pytest.raises(SourceInvalid, match=f"burst: {BURSTS}"):
        sealing.open_sealed(tmp_path / "burst", secret)
    with pytest.raises(SourceInvalid, match="half: the file is not whole"):
        unpacked.inflated(zlib.compress(b"x" * 100)[1:], "half")


# ------------------------------------------------------------------------------ where a file may send us
@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://169.254.169.254/",
        "https://[fe80::1]/",
        "https://[fd00:ec2::254]/",
        "https://metadata.google.internal./",
        "http://[::ffff:a9fe:a9fe]/",
        "http://2852039166/",
        "http://127.0.0.1@ehr.example/",
        "http://ehr.example/",
        "https://u:p@ehr.example/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "ftp://127.0.0.1/",
        "//ehr.example/",
        "https://[::1/",
        "https://0.0.0.0/",
    ],
)
def test_no_file_sends_us_inside_or_in_the_clear(url: str, tmp_path: Path) -> None:
    assert addresses.why_not(url)
    with pytest.raises(SourceInvalid, match=r"source\.url: ") as refused:
        read_fhir(tmp_path, url=url)
    assert "u:p" not in str(refused.value)
    inputs = {"kind": "files", "path": "inputs.csv"}
    if url.startswith("http"):
        with pytest.raises(ConfigError, match=r"source: tracking: (must be|is where)"):
            config(source={"kind": "mlflow", "model": "models:/a/1", "inputs": inputs, "tracking": url})


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://reader@db/ward?password=s3cret", "holds a password"),
        ("snowflake://reader@account/ward?private_key=s3cret", "holds a password"),
        ("databricks://host/path?access_token=s3cret", "holds a password"),
        ("postgresql://reader@db/ward?options=-c%20default_transaction_read_only%3Doff", "got 'options'"),
        ("postgresql://reader@db/ward?host=169.254.169.254", "got 'host'"),
        ("postgresql://reader@db/ward?host=/run/postgresql", "got 'host'"),
        ("postgresql://reader@/ward?host=/run/postgresql,169.254.169.254", "got 'host'"),
        ("postgresql://reader@db/ward?passfile=/etc/shadow", "got 'passfile'"),
    ],
)
def test_a_database_s_address_says_where_and_nothing_else(url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=rf"source\.url: .*{said}") as refused:
        config(source={"kind": "sql", "url": url, "table": "scores"})
    assert "s3cret" not in str(refused.value)


def test_a_file_named_as_a_token_by_mistake_is_sent_nowhere(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("127.0.0.1 localhost\n10.0.0.7 s3cret\n")
    with serving([risk("a")], token="t") as server:
        with pytest.raises(SourceInvalid, match="hosts holds no token") as refused:
            read_fhir(tmp_path, url=server.url, token_file="hosts")
        assert server.asked == []
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    "called",
    ["set_config('a', 'b', false)", "query_to_xml('select 1', true, true, '')", "lo_import('/etc/passwd')",
     "dblink_exec('x')", "nextval('s')", "load_extension('x')", "xp_cmdshell('x')", "dbms_lock.sleep(9)"],
)  # fmt: skip
def test_no_expression_calls_out_of_its_row(called: str) -> None:
    with pytest.raises(ConfigError, match=r"source\.derive\.made: may (not|only)"):
        config(source={"kind": "sql", "url": "postgresql://r@db/w", "table": "t", "derive": {"made": called}})


# -------------------------------------------------------------------------------------- paths, and pickles
@pytest.mark.parametrize("name", ["../../etc/passwd", "..", "", ".", "a/../../b", "..\\b"])
def test_a_manifest_names_files_beside_it_alone(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    for outside in (tmp_path / "passwd", tmp_path / "b"):
        outside.write_text(json.dumps(risk("outside")))
    told = {"transactionTime": "2026-02-01T00:00:00Z", "output": [{"type": "RiskAssessment", "url": name}]}
    (folder / "manifest.json").write_text(json.dumps(told))
    with pytest.raises(SourceInvalid, match=r"manifest\.json lists .*, which is not beside it"):
        source.connect(of_fhir(path="export"), tmp_path)


@pytest.mark.parametrize("name", ["../other", "a/b", "..", "a\x00b", "/etc/passwd"])
def test_a_model_s_name_is_no_path(name: str) -> None:
    with pytest.raises(ConfigError, match=r"model: "):
        config(model=name)


def test_nothing_of_ours_unpickles_or_runs_text() -> None:
    refused = {"pickle", "joblib", "dill", "cloudpickle", "marshal", "shelve"}
    found = []
    for folder in ("monitors", "flows", "dashboards", "commands"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
                calls = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
                of_yaml = isinstance(node, ast.Attribute) and ast.unparse(node) in (
                    "yaml.load",
                    "yaml.safe_load",
                )
                wild = of_yaml or calls in ("eval", "exec")
                if wild or refused & {name.partition(".")[0] for name in names}:
                    found.append(f"{file.relative_to(ROOT)}:{node.lineno}")
    assert found == []


@pytest.mark.parametrize("name", ["ward.pkl", "ward.joblib", "ward.pickle"])
def test_a_pickle_is_no_data(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    with pytest.raises(SourceInvalid, match=f"{name}: the format is not told by the ending"):
        source.connect(config(source={"kind": "files", "path": name}), tmp_path)
    declared = config(source={"kind": "files", "path": name, "format": "parquet"})
    with closing(source.connect(declared, tmp_path)) as opened, pytest.raises(SourceInvalid, match=name):
        opened.table()


# ------------------------------------------------------------------------------------------------- secrets
def test_no_secret_is_in_a_log_an_error_or_the_ledger(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A receiver that is away, a database that refuses, a secret in the wrong place: nothing repeats it."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("HOOK", "http://127.0.0.1:9/hooks/s3cret-hook")
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "ada:s3cret-prefect")
    monkeypatch.setenv("WARD_PASSWORD", "s3cret-ward")
    hospital.morning(1)
    hospital.morning(3)  # a day without lactates: somebody should be told
    assert hospital.ledger.entries("alert")
    away = config(source={"kind": "sql", "url": "postgresql://reader@127.0.0.1:9/ward", "table": "scores",
                          "password_env": "WARD_PASSWORD"})  # fmt: skip
    with pytest.raises(Exception, match="cannot be reached") as refused:
        source.connect(away, hospital.folder)
    (hospital.folder / "channels.yaml").write_text(
        "channels: {ward: {kind: webhook, url: https://x/s3cret-y}}"
    )
    with pytest.raises(ConfigError) as mistaken:
        hospital.morning(4)
    told = [caplog.text, str(refused.value), str(mistaken.value), *everything(hospital.ledger)]
    assert [text for text in told if "s3cret" in text] == []
    assert len(told) > 15


def everything(ledger: Ledger) -> list[str]:
    """Every entry's body, as it stands there."""
    kinds = ("config", "reference", "profile", "audit", "release", "alert", "told", "glance")
    return [json.dumps(entry.body) for kind in kinds for entry in ledger.entries(kind)]

"""Files of every kind hold the same table, and say when they have changed."""

from __future__ import annotations

import gzip
import io
import json
import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from flows import run as runs
from flows import source
from flows.batches import Thinned
from flows.counting import Frozen, count
from flows.home import Home
from flows.sources.files import Settings
from monitors.config import ModelConfig
from monitors.errors import SourceInvalid, SourceUnavailable
from monitors.profile import Profile
from monitors.window import Window, moment
from tests.flows import gcs_server, s3_server
from tests.flows import rows as w

SOUND = w.ward(1, a_day=5)


def table(folder: Path, **source_keys: Any) -> list[dict[str, Any]]:
    """What a source holds, in the order of visits."""
    declared: ModelConfig = w.config(source={"kind": "files", **source_keys})
    opened = source.connect(declared, folder)
    try:
        held = opened.table().to_pyarrow().to_pylist()
    finally:
        opened.close()
    return sorted(held, key=lambda row: int(row["visit"][1:]))


def as_csv(
    path: Path, rows: Iterable[w.Row], delimiter: str = ",", bom: bool = False, end: str = "\n"
) -> None:
    held = list(rows)
    lines = [delimiter.join(held[0]), *(delimiter.join(map(str, row.values())) for row in held)]
    path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + (end.join(lines) + end).encode())


def test_every_format_holds_the_same_table(tmp_path: Path) -> None:
    as_csv(tmp_path / "a.csv", SOUND)
    pq.write_table(pa.Table.from_pylist(SOUND), tmp_path / "a.parquet")
    (tmp_path / "a.ndjson").write_text("\n".join(map(json.dumps, SOUND)))
    (tmp_path / "a.json").write_text(json.dumps(SOUND))
    for name in ("a.csv", "a.ndjson", "a.json"):
        (tmp_path / f"z.{name}.gz").write_bytes(gzip.compress((tmp_path / name).read_bytes()))
    wanted = table(tmp_path, path="a.csv")
    assert [row["lactate"] for row in wanted] == [row["lactate"] for row in SOUND]
    assert [str(row["at"]) for row in wanted] == [row["at"] for row in SOUND]
    for name in ("a.parquet", "a.ndjson", "a.json", "z.a.csv.gz", "z.a.ndjson.gz", "z.a.json.gz"):
        assert table(tmp_path, path=name) == wanted, name


@pytest.mark.parametrize(
    "written",
    [{"delimiter": ";"}, {"delimiter": "\t"}, {"delimiter": "|"}, {"bom": True}, {"end": "\r\n"}],
    ids=str,
)
def test_the_first_line_says_how_a_csv_is_written(written: dict[str, Any], tmp_path: Path) -> None:
    as_csv(tmp_path / "ward.csv", SOUND, **written)
    as_csv(tmp_path / "plain.csv", SOUND)
    assert table(tmp_path, path="ward.csv") == table(tmp_path, path="plain.csv")


def test_a_delimiter_inside_quotes_is_no_delimiter(tmp_path: Path) -> None:
    text = 'visit;at;risk;sepsis;age;lactate;ward;sex;"a, b, c, d, e, f, g, h"\n'
    (tmp_path / "ward.csv").write_text(text + "v0;2026-01-05;0.2;0;50;1.5;icu;f;x\n")
    assert table(tmp_path, path="ward.csv")[0]["ward"] == "icu"


def test_files_of_a_glob_are_one_table_whatever_the_order_of_their_columns(tmp_path: Path) -> None:
    as_csv(tmp_path / "one.csv", SOUND[:10])
    as_csv(tmp_path / "two.csv", [dict(reversed(row.items())) | {"extra": 1} for row in SOUND[10:]])
    as_csv(tmp_path / "whole.csv", SOUND)
    assert table(tmp_path, path=["one.csv", "two.csv"]) == table(tmp_path, path="whole.csv")
    assert len(table(tmp_path, path="*o*.csv")) == 2 * len(SOUND)


def test_a_folder_of_parts_is_found_by_two_stars(tmp_path: Path) -> None:
    (tmp_path / "2026" / "01").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(SOUND), tmp_path / "2026" / "01" / "part.parquet")
    assert len(table(tmp_path, path="**/*.parquet")) == len(SOUND)


def test_formats_are_not_mixed_by_accident(tmp_path: Path) -> None:
    as_csv(tmp_path / "a.csv", SOUND)
    pq.write_table(pa.Table.from_pylist(SOUND), tmp_path / "a.parquet")
    with pytest.raises(SourceInvalid, match=r"a\.\*: files of several formats \('\.csv', '\.parquet'\)"):
        table(tmp_path, path="a.*")


def test_a_format_said_wins_over_the_ending(tmp_path: Path) -> None:
    as_csv(tmp_path / "export.dat", SOUND)
    assert len(table(tmp_path, path="export.dat", format="csv")) == len(SOUND)


def test_words_for_missing_are_missing(tmp_path: Path) -> None:
    as_csv(tmp_path / "ward.csv", [row | {"lactate": "NA" if i % 2 else 1.5} for i, row in enumerate(SOUND)])
    held = table(tmp_path, path="ward.csv", missing=["", "NA"])
    assert [row["lactate"] for row in held] == [None if i % 2 else 1.5 for i in range(len(SOUND))]


def test_a_text_in_the_last_row_does_not_stop_the_reading(tmp_path: Path) -> None:
    rows = [*w.ward(2, a_day=2000), SOUND[0] | {"visit": "v99999", "lactate": "hemolysed"}]
    as_csv(tmp_path / "ward.csv", rows)
    assert table(tmp_path, path="ward.csv")[-1]["lactate"] == "hemolysed"


def test_only_the_columns_in_use_are_kept(tmp_path: Path) -> None:
    as_csv(tmp_path / "ward.csv", [row | {"note": "seen today"} for row in SOUND])
    assert set(table(tmp_path, path="ward.csv")[0]) == set(SOUND[0])


@pytest.mark.parametrize("name", ["ward.csv", "ward.ndjson", "ward.csv.gz"])
def test_many_texts_are_neither_held_in_memory_nor_copied(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = [row | {"note": f"seen today {i}"} for i, row in enumerate(SOUND)]
    as_csv(tmp_path / "ward.csv", noted)
    (tmp_path / "ward.ndjson").write_text("\n".join(map(json.dumps, noted)))
    (tmp_path / "ward.csv.gz").write_bytes(gzip.compress((tmp_path / "ward.csv").read_bytes()))
    columns = {**w.DECLARED["columns"], "text": ["note"]}
    declared: ModelConfig = w.config(source={"kind": "files", "path": name}, columns=columns)

    def told() -> tuple[list[dict[str, Any]], list[str]]:
        opened = source.connect(declared, tmp_path)
        try:
            held = opened.table()
            tables = held.get_backend().raw_sql("SELECT table_name FROM duckdb_tables()").fetchall()
            return held.order_by("visit").to_pyarrow().to_pylist(), [found for (found,) in tables]
        finally:
            opened.close()

    rows, tables = told()
    assert tables == ["rounds_read"]
    monkeypatch.setattr("flows.sources.files.MOST_HELD", 0)
    assert told() == (rows, [])


def test_the_fingerprint_changes_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "ward.csv"
    as_csv(path, SOUND)

    def fingerprint() -> str:
        opened = source.connect(w.config(), tmp_path)
        try:
            return opened.fingerprint()
        finally:
            opened.close()

    first = fingerprint()
    assert fingerprint() == first
    as_csv(path, SOUND[:-1])
    shorter = fingerprint()
    os.utime(path, ns=(0, 0))
    assert len({first, shorter, fingerprint()}) == 3


def test_a_file_that_holds_no_row_of_a_window_is_none_of_its_source(tmp_path: Path) -> None:
    start = moment("2026-01-05T00:00:00Z")
    windows = [Window(start + i * timedelta(days=1), start + (i + 1) * timedelta(days=1)) for i in range(2)]

    def write(name: str, day: int, rows: list[w.Row]) -> None:
        held = [row | {"at": start + timedelta(days=day, hours=i % 24)} for i, row in enumerate(rows)]
        pq.write_table(pa.Table.from_pylist(held), tmp_path / f"{name}.parquet")

    def marks() -> tuple[str, ...]:
        opened = source.connect(w.config(source={"kind": "files", "path": "*.parquet"}), tmp_path)
        try:
            return opened.fingerprint(), *map(opened.fingerprint, windows)
        finally:
            opened.close()

    for day in (0, 1):
        write(f"day-{day}", day, SOUND)
    whole, first, second = marks()
    write("day-2", 2, SOUND)
    assert marks()[0] != whole
    assert marks()[1:] == (first, second)
    write("late", 0, SOUND[:1])
    assert marks()[1] != first
    assert marks()[2] == second


def test_settings_are_checked_before_any_file_is_looked_for() -> None:
    with pytest.raises(ValidationError):
        Settings(path="a.csv", format="xlsx")  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        Settings(path="a.csv", delimiter=";")  # type: ignore[call-arg]


def by_day(rows: list[w.Row]) -> dict[str, bytes]:
    """Parquet in a folder for each day, by path."""
    made: dict[str, bytes] = {}
    for day in sorted({str(row["at"])[:10] for row in rows}):
        sink = io.BytesIO()
        here = [row | {"at": datetime.fromisoformat(str(row["at"]))} for row in rows if day in str(row["at"])]
        pq.write_table(pa.Table.from_pylist(here), sink)
        made[f"pred/day={day}/part-0.parquet"] = sink.getvalue()
    return made


MONTH = w.ward(4, a_day=20)
LAST_WEEK = Window(moment("2026-01-26"), moment("2026-02-02"))


def test_what_was_read_of_a_file_is_not_kept(tmp_path: Path) -> None:
    """Memory would grow by some megabytes with each file, whatever is asked of it."""
    for path, body in by_day(SOUND).items():
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_bytes(body)
    declared = w.config(source={"kind": "files", "path": "pred/*/*.parquet"})
    opened: Any = source.connect(declared, tmp_path)
    try:
        count(opened.table(), declared, LAST_WEEK, Frozen({}, (0.0, 1.0)))
        held = dict(
            opened.table()
            .get_backend()
            .raw_sql("FROM duckdb_memory() SELECT tag, memory_usage_bytes")
            .fetchall()
        )
    finally:
        opened.close()
    assert held["EXTERNAL_FILE_CACHE"] == 0


def test_an_engine_is_let_go_between_windows_and_the_next_counts_the_same(tmp_path: Path) -> None:
    as_csv(tmp_path / "ward.csv", SOUND)
    pq.write_table(pa.Table.from_pylist(SOUND), tmp_path / "ward.parquet")

    def renewed(path: str) -> tuple[Any, Any]:
        declared = w.config(source={"kind": "files", "path": path})
        opened: Any = Thinned(source.connect(declared, tmp_path), declared)
        inner, frozen = opened._source, Frozen({}, (0.0, 0.5, 1.0))
        try:
            counted = count(inner.table(), declared, LAST_WEEK, frozen)
            before = inner.table().get_backend()
            source.renew(opened)
            assert count(inner.table(), declared, LAST_WEEK, frozen) == counted
            return before, inner.table().get_backend()
        finally:
            opened.close()

    before, after = renewed("ward.parquet")
    assert before is not after
    before, after = renewed("ward.csv")
    assert before is after, "text is read once"


def test_a_long_run_renews_its_engine_and_finds_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, days = moment("2026-01-05T00:00:00Z"), 12
    rows = [row | {"at": start + timedelta(hours=24 * i / 60)} for i, row in enumerate(w.ward(1, a_day=720))]
    pq.write_table(pa.Table.from_pylist(rows[: 60 * days]), tmp_path / "ward.parquet")
    (tmp_path / "ward.yaml").write_text(
        "model: ward\nversion: '1'\nsource: {kind: files, path: ward.parquet}\n"
        "columns: {time: at, id: visit, score: risk, numeric: [lactate], sensitive: [sex]}\nwindow: P1D\n"
        "reference: {from: 2026-01-05, to: 2026-01-12}\nevidently: {report: never}\n"
    )
    heard = list[Any]()
    real = source.renew
    monkeypatch.setattr(source, "renew", lambda one: (heard.append(one), real(one)))

    def found(every: int) -> list[str]:
        monkeypatch.setattr(runs, "RENEWED", every)
        chosen = runs.span(start + timedelta(days=7), start + timedelta(days=days))
        home = Home.of({}, tmp_path / f"home-{every}").make()
        done = runs.run(tmp_path / "ward.yaml", home, chosen, start + timedelta(days=days), copy=False)
        return [one.digest for one in done]

    whole = found(100)
    assert len(whole) == 5
    assert heard == []
    assert found(2) == whole
    assert len(heard) == 2


def counted(folder: Path, **source_keys: Any) -> Profile:
    declared = w.config(source={"kind": "files", **source_keys})
    opened = source.connect(declared, folder)
    try:
        return count(opened.table(), declared, LAST_WEEK, Frozen({}, (0.0, 0.5, 1.0)), where=opened.name)
    finally:
        opened.close()


def test_only_the_folders_near_a_window_are_opened(tmp_path: Path) -> None:
    """The files of other days are torn: whoever opens one of them fails."""
    near = [f"2026-01-{day:02}" for day in range(25, 32)] + ["2026-02-01"]
    for path, body in by_day(MONTH).items():
        there = tmp_path / path
        there.parent.mkdir(parents=True)
        first = path == "pred/day=2026-01-05/part-0.parquet"  # says the columns
        there.write_bytes(body if first or any(day in path for day in near) else body[:-9])
    as_csv(tmp_path / "all.csv", MONTH)
    found = counted(tmp_path, path="pred/*/*.parquet", partition="day")
    assert found.digest == counted(tmp_path, path="all.csv").digest
    assert found.rows == 140
    with pytest.raises(SourceInvalid, match="was it still being written"):
        counted(tmp_path, path="pred/*/*.parquet")


@pytest.mark.parametrize(
    ("path", "written"),
    [("pred/week=5/a.parquet", "2026-01-26"), ("pred/day=26.01.2026/a.parquet", "2026-01-26")],
)
def test_a_folder_that_says_no_day_is_refused(path: str, written: str, tmp_path: Path) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_bytes(next(iter(by_day(SOUND).values())))
    with pytest.raises(SourceInvalid, match=r"has to lie in a folder such as day=2026-01-05 .* does not"):
        counted(tmp_path, path="pred/*/*.parquet", partition="day")


def test_a_store_is_counted_as_a_folder_is_and_read_only_near_the_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over HTTP, from a store that speaks S3; what is asked for is counted there."""
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-real-secret")
    text = tmp_path / "all.csv"
    as_csv(text, MONTH)
    wanted = counted(tmp_path, path="all.csv").digest
    objects = {**by_day(MONTH), "text/all.csv": text.read_bytes(), "text/empty.csv": b""}
    with s3_server.serving("ward", objects) as store:
        monkeypatch.setenv("AWS_ENDPOINT_URL", store.address)
        assert counted(tmp_path, path="s3://ward/text/all.csv").digest == wanted
        store.asked.clear()
        found = counted(tmp_path, path="s3://ward/pred/day=*/*.parquet", partition="day")
        assert found.digest == wanted
        days = {key.split("=")[1][:10] for key in store.read()}
        assert days == {"2026-01-05", *(f"2026-01-{day}" for day in range(25, 32)), "2026-02-01"}
        for path, said in {
            "s3://ward/none/*.csv": "no such file, looked for in s3://ward/none/",
            "s3://ward/text/empty.csv": "the file is empty",
            "s3://attic/text/all.csv": "no such bucket|no such file",
        }.items():
            with pytest.raises(SourceInvalid, match=said):
                counted(tmp_path, path=path)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASOMEONE")
        with pytest.raises(SourceInvalid, match="refused; check the credentials") as error:
            counted(tmp_path, path="s3://ward/pred/day=*/*.parquet")
        assert "AKIA" not in str(error.value)
    with pytest.raises(SourceUnavailable, match="the store cannot be reached"):
        counted(tmp_path, path="s3://ward/pred/day=*/*.parquet")


def test_a_store_of_google_s_is_counted_through_its_own_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over HTTP, as the service account that the environment names."""
    as_csv(tmp_path / "all.csv", MONTH)
    wanted = counted(tmp_path, path="all.csv").digest
    held = tmp_path / "bucket"
    for name, content in by_day(MONTH).items():
        (held / name).parent.mkdir(parents=True, exist_ok=True)
        (held / name).write_bytes(content)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(gcs_server.credentials(tmp_path)))
    with gcs_server.serving("ward", held) as address:
        monkeypatch.setenv("CLOUD_STORAGE_EMULATOR_ENDPOINT", address)
        assert counted(tmp_path, path="gs://ward/pred/day=*/*.parquet", partition="day").digest == wanted
        with pytest.raises(SourceInvalid, match="no such file, looked for in gs://ward/none/"):
            counted(tmp_path, path="gs://ward/none/*.csv")


@pytest.mark.parametrize(
    "address", ["s3://KEY:hush@ward/a.csv", "gs://KEY@ward/a.csv", "s3://ward/a.csv?token=hush"]
)
def test_an_address_with_a_key_in_it_is_refused_without_repeating_it(address: str, tmp_path: Path) -> None:
    with pytest.raises(SourceInvalid) as error:
        table(tmp_path, path=address)
    assert "come from the environment" in str(error.value)
    assert "hush" not in str(error.value)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("abfs://ward@elsewhere.example/a.csv", "is followed by container@account.dfs.core.windows.net"),
        ("s3://ward/a.csv", "AWS_ENDPOINT_URL: must be https:// to leave this machine"),
    ],
)
def test_credentials_are_sent_to_no_stranger(
    address: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://elsewhere.example:9000")
    with pytest.raises(SourceInvalid, match=said):
        table(tmp_path, path=address)

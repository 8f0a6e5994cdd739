"""Bad input: a finding or one clear message, the other columns unharmed, nothing half written."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows import source
from flows.binning import freeze
from monitors.audit import Audit
from monitors.errors import ConfigError, RoundsError, SourceInvalid, SourceUnavailable
from monitors.ledger import Ledger
from tests.flows import rows as w
from tests.flows.rows import everywhere, found, last_week, one_in, said, spoilt

SOUND = w.ward()
PLANTED = "Ernestine Featherby"
FILES = {"kind": "files"}


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Audit]:
    """A folder with a ledger that holds the sound reference, and what a sound week says."""
    folder = tmp_path_factory.mktemp("sound")
    return folder, w.audit(folder, SOUND, kept=w.ledger(folder))


@pytest.fixture
def kept(counted: tuple[Path, Audit], tmp_path: Path) -> Ledger:
    """That ledger, to be spoilt."""
    shutil.copy(counted[0] / "ledger.db", tmp_path)
    return w.ledger(tmp_path)


@pytest.fixture(autouse=True)
def spill(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is left in the folder for temporary files, whatever happened."""
    folder = tmp_path_factory.mktemp("spill")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield
    assert list(folder.iterdir()) == []


def others_unharmed(audited: Audit, sound: Audit, *but: str) -> None:
    """Every finding of the sound week is there again and says the same, but those of the bad column."""

    def level(f: Any) -> tuple[Any, ...]:
        # Verdicts of drift lean on each other's p values; what was measured does not.
        return (f.value, f.n, f.baseline)

    before = {f.key: level(f) for f in sound.findings if f.subject not in but}
    now = {f.key: level(f) for f in audited.findings if f.subject not in but}
    assert before == now
    assert before


def refused(folder: Path, *args: Any, error: type[RoundsError] = SourceInvalid, **given: Any) -> str:
    """The one message an audit ends with; the ledger is as it was."""
    if not (folder / "ledger.db").exists():
        w.ledger(folder)
    before = w.ledger(folder).head()
    with pytest.raises(error) as ended:
        w.audit(folder, *args, kept=w.ledger(folder), **given)
    assert w.ledger(folder).head() == before
    assert ended.value.__cause__ is None
    assert (
        ended.value.__suppress_context__ or ended.value.__context__ is None
    )  # no log shows the engine's words
    return str(ended.value)


# --------------------------------------------------------------------------------------- the window
def test_an_empty_window_is_beyond_and_never_within(kept: Ledger, tmp_path: Path) -> None:
    audited = w.audit(tmp_path, [r for r in SOUND if not last_week(r)], kept=kept)
    assert audited.rows == 0
    assert said(audited, "rows", "rows") == said(audited, "freshness", "rows") == "beyond"
    assert {str(f.verdict) for f in audited.findings} == {"beyond", "cannot_tell"}


def test_one_row_tells_of_volume_and_of_nothing_else(kept: Ledger, tmp_path: Path) -> None:
    week = [r for r in SOUND if last_week(r)]
    audited = w.audit(tmp_path, [r for r in SOUND if not last_week(r)] + week[:1], kept=kept)
    assert audited.rows == 1
    beyond = {f.name for f in audited.findings if str(f.verdict) == "beyond" and f.severity != "info"}
    assert beyond == {"rows of rows", "freshness of rows", "silent_groups of sex"}
    assert {str(f.verdict) for f in audited.findings} == {"beyond", "cannot_tell"}


def test_a_window_may_not_overlap_its_reference(tmp_path: Path) -> None:
    declared = w.config(reference={"from": "2026-01-05", "to": "2026-02-04"})
    assert refused(tmp_path, SOUND, declared, error=ConfigError) == (
        "reference: 2026-01-05 to 2026-02-04 overlaps the window 2026-02-02 to 2026-02-09; audit windows "
        "outside the reference, or move it"
    )


def test_a_reference_without_rows_is_named(tmp_path: Path) -> None:
    declared = w.config(reference={"from": "2025-01-06", "to": "2025-02-03"})
    assert refused(tmp_path, SOUND, declared) == (
        "ward.csv: no rows in the reference 2025-01-06T00:00:00Z/2025-02-03T00:00:00Z; "
        "check `reference` and `columns.time`"
    )


# ----------------------------------------------------------------------------------------- the file
def test_an_empty_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "ward.csv").touch()
    assert refused(tmp_path) == "'ward.csv': the file is empty; was it still being written?"


@pytest.mark.parametrize("end", ["", "\n"], ids=["cut", "whole"])
def test_a_header_without_rows_is_named(end: str, tmp_path: Path) -> None:
    (tmp_path / "ward.csv").write_text(",".join(SOUND[0]) + end)
    assert refused(tmp_path) == "ward.csv: there are columns and no rows; was it still being written?"


def test_no_file_is_named_with_the_place(tmp_path: Path) -> None:
    assert refused(tmp_path) == f"ward.csv: no such file, looked for in {tmp_path}; check `source.path`"


def test_an_ending_that_says_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "ward.dat").write_text("x\n1\n")
    assert refused(tmp_path, None, w.config(source=FILES | {"path": "ward.dat"})) == (
        "ward.dat: the format is not told by the ending; say `source.format`"
    )


def test_a_gz_half_written_is_refused_not_read_in_part(tmp_path: Path) -> None:
    text = w.write(tmp_path / "ward.csv", SOUND).read_bytes()
    zipped = gzip.compress(text)
    declared = w.config(source=FILES | {"path": "ward.csv.gz"})
    for size in (len(zipped) // 2, len(zipped) - 4, 5):
        (tmp_path / "ward.csv.gz").write_bytes(zipped[:size])
        assert refused(tmp_path, None, declared) == (
            "ward.csv.gz: the file is not whole, or not of this format; was it still being written?"
        )


def test_a_parquet_half_written_is_refused_and_named_among_others(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(SOUND[:500]), tmp_path / "a.parquet")
    pq.write_table(pa.Table.from_pylist(SOUND[500:]), tmp_path / "b.parquet")
    whole = (tmp_path / "b.parquet").read_bytes()
    (tmp_path / "b.parquet").write_bytes(whole[: len(whole) // 2])
    assert refused(tmp_path, None, w.config(source=FILES | {"path": "*.parquet"})) == (
        "b.parquet: the file is not whole, or not of this format; was it still being written?"
    )


@pytest.mark.parametrize("name", ["ward.ndjson", "ward.json"])
def test_a_json_half_written_is_refused(name: str, tmp_path: Path) -> None:
    import json

    text = json.dumps(SOUND) if name == "ward.json" else "\n".join(map(json.dumps, SOUND))
    (tmp_path / name).write_text(text[:-20])
    assert refused(tmp_path, None, w.config(source=FILES | {"path": name})) == (
        f"{name}: the file is not whole, or not of this format; was it still being written?"
    )


def test_a_csv_cut_in_its_last_line_is_refused_with_the_line(tmp_path: Path) -> None:
    path = w.write(tmp_path / "ward.csv", SOUND)
    path.write_text(path.read_text() + f"v9999,2026-02-03 10:00:00,{PLANTED}")
    assert refused(tmp_path) == (
        "ward.csv: line 1,052 has 3 values where the header names 8; "
        "mend that line, or wait until the file is written"
    )


def test_a_line_with_too_many_values_never_becomes_the_header(tmp_path: Path) -> None:
    path = w.write(tmp_path / "ward.csv", SOUND)
    path.write_text(path.read_text() + f"v9999,2026-02-03,0.3,1,77,1.2,icu,f,{PLANTED}\n")
    assert refused(tmp_path) == (
        "ward.csv: line 1,052 has 9 values where the header names 8; "
        "mend that line, or wait until the file is written"
    )


def test_a_quote_that_stays_open_is_refused_with_the_line(tmp_path: Path) -> None:
    path = w.write(tmp_path / "ward.csv", SOUND)
    path.write_text(path.read_text() + f'v9999,2026-02-03,0.3,1,77,1.2,"{PLANTED}')
    assert refused(tmp_path) == (
        "ward.csv: line 1,052 opens a quote that is not closed; was the file still being written?"
    )


def test_text_that_is_not_utf_8_is_refused_with_the_line(tmp_path: Path) -> None:
    path = w.write(tmp_path / "ward.csv", SOUND)
    path.write_bytes(path.read_bytes() + "v9999,2026-02-03,0.3,1,77,1.2,Müller,f\n".encode("latin-1"))
    assert refused(tmp_path) == "ward.csv: line 1,052 is not UTF-8 text; save the file as UTF-8"


def test_a_file_without_a_header_shows_no_row(tmp_path: Path) -> None:
    path = w.write(tmp_path / "ward.csv", spoilt(SOUND, everywhere, ward=PLANTED))
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
    message = refused(tmp_path)
    assert message.startswith("ward.csv: no column 'at', 'visit', 'risk', ")
    assert message.endswith("; is the first line a header? Mend `columns`, or make it with `source.derive`")
    assert PLANTED not in message


def test_a_missing_column_is_named_with_those_there_are(tmp_path: Path) -> None:
    without = [{k: v for k, v in row.items() if k != "lactate"} for row in SOUND]
    assert refused(tmp_path, without) == (
        "ward.csv: no column 'lactate'; it has 'visit', 'at', 'risk', 'sepsis', 'age', 'ward', 'sex'. "
        "Mend `columns`, or make it with `source.derive`"
    )


# --------------------------------------------------------------------------------------- the columns
def test_a_column_that_stops_is_missing_and_harms_no_other(
    kept: Ledger, counted: tuple[Path, Audit], tmp_path: Path
) -> None:
    audited = w.audit(tmp_path, spoilt(SOUND, lactate=None), kept=kept)
    assert found(audited, "missing_share", "lactate").value == 1.0
    assert said(audited, "missing_share", "lactate") == "beyond"
    assert said(audited, "wasserstein", "lactate") == "cannot_tell"
    others_unharmed(audited, counted[1], "lactate")


def test_a_column_that_never_held_anything_cannot_be_told(
    counted: tuple[Path, Audit], tmp_path: Path
) -> None:
    audited = w.audit(tmp_path, spoilt(SOUND, everywhere, lactate=None))
    assert said(audited, "missing_share", "lactate") == "within"  # as missing as it always was
    told = {f.metric: str(f.verdict) for f in audited.findings if f.subject == "lactate"}
    assert set(told.values()) == {"within", "cannot_tell"}
    assert told["wasserstein"] == told["out_of_range_share"] == "cannot_tell"
    others_unharmed(audited, counted[1], "lactate")


def test_a_column_that_begins_to_arrive_is_news(tmp_path: Path) -> None:
    audited = w.audit(tmp_path, spoilt(SOUND, lambda row: not last_week(row), lactate=None))
    assert said(audited, "missing_share", "lactate") == "beyond"
    assert said(audited, "wasserstein", "lactate") == "cannot_tell"


def test_a_constant_column_is_within_and_a_new_constant_beyond(
    counted: tuple[Path, Audit], tmp_path: Path
) -> None:
    same = w.audit(tmp_path, spoilt(SOUND, everywhere, lactate=1.5, ward="icu"))
    assert found(same, "wasserstein", "lactate").value == 0.0
    assert found(same, "total_variation", "ward").value == 0.0
    others_unharmed(same, counted[1], "lactate", "ward")
    moved = spoilt(spoilt(SOUND, everywhere, lactate=1.5, ward="icu"), lactate=2.5, ward="ed")
    audited = w.audit(tmp_path, moved)
    assert said(audited, "out_of_range_share", "lactate") == "beyond"
    assert said(audited, "unseen_share", "ward") == "beyond"


@pytest.mark.parametrize("far", ["inf", "-inf", "1e30"])
def test_infinities_and_absurd_numbers_are_out_of_range(
    far: str, kept: Ledger, counted: tuple[Path, Audit], tmp_path: Path
) -> None:
    audited = w.audit(tmp_path, spoilt(SOUND, one_in(5), lactate=far), kept=kept)
    absurd = found(audited, "out_of_range_share", "lactate")
    assert (absurd.events, str(absurd.verdict)) == (42 + counted_out(counted[1], one_in(5)), "beyond")
    others_unharmed(audited, counted[1], "lactate")


def counted_out(sound: Audit, but: Any) -> int:
    """How many sound rows of the week lie beyond the reference's range, those to be spoilt aside."""
    reference = [r["lactate"] for r in SOUND if not last_week(r)]
    least, most = min(reference), max(reference)
    out = [r for r in SOUND if last_week(r) and not least <= r["lactate"] <= most]
    assert found(sound, "out_of_range_share", "lactate").events == len(out)
    return len([r for r in out if not but(r)])


def test_infinities_in_the_reference_do_not_hide_its_range(tmp_path: Path) -> None:
    def before(row: w.Row) -> bool:
        return not last_week(row) and int(row["visit"][1:]) % 50 == 0

    audited = w.audit(tmp_path, spoilt(spoilt(SOUND, before, lactate="inf"), one_in(5), lactate=1e6))
    assert said(audited, "out_of_range_share", "lactate") == "beyond"


@pytest.mark.parametrize("nothing", ["NaN", "  ", None])
def test_nan_and_blanks_are_missing(
    nothing: str | None, kept: Ledger, counted: tuple[Path, Audit], tmp_path: Path
) -> None:
    audited = w.audit(tmp_path, spoilt(SOUND, one_in(3), lactate=nothing), kept=kept)
    assert found(audited, "missing_share", "lactate").events == 70
    assert said(audited, "missing_share", "lactate") == "beyond"
    others_unharmed(audited, counted[1], "lactate")


def test_text_among_numbers_is_unusable_not_missing(
    kept: Ledger, counted: tuple[Path, Audit], tmp_path: Path
) -> None:
    audited = w.audit(tmp_path, spoilt(SOUND, one_in(5), lactate="<0.5"), kept=kept)
    assert found(audited, "unusable_share", "lactate").events == 42
    assert said(audited, "unusable_share", "lactate") == "beyond"
    assert found(audited, "missing_share", "lactate").events == 0
    others_unharmed(audited, counted[1], "lactate")


def test_a_number_that_is_a_date_is_unusable(tmp_path: Path) -> None:
    declared = w.config({"numeric": ["age", "taken"], "sensitive": []})
    audited = w.audit(tmp_path, [row | {"taken": "2026-01-01"} for row in SOUND], declared)
    assert found(audited, "unusable_share", "taken").value == 1.0


def test_new_categories_are_unseen_and_never_named(
    kept: Ledger, counted: tuple[Path, Audit], tmp_path: Path
) -> None:
    audited = w.audit(tmp_path, spoilt(SOUND, one_in(2), ward=PLANTED), kept=kept)
    assert found(audited, "unseen_share", "ward").events == 105
    assert said(audited, "unseen_share", "ward") == "beyond"
    profile = kept.profile(audited.profile)
    assert profile is not None
    assert PLANTED not in audited.json() + str(profile.payload())
    others_unharmed(audited, counted[1], "ward")


def test_ten_thousand_categories_that_stay_the_same_are_no_news(tmp_path: Path) -> None:
    many = spoilt(
        w.ward(a_day=600), everywhere, ward=lambda row: f"code {int(row['visit'][1:]) * 7919 % 10_000}"
    )
    declared = w.config({"numeric": ["age"], "sensitive": []})
    audited = w.audit(tmp_path, many, declared)
    assert len({row["ward"] for row in many}) == 10_000
    assert found(audited, "unseen_share", "ward").events == 0
    assert said(audited, "total_variation", "ward") == "within"


def test_repeated_ids_are_counted_once_and_said(
    kept: Ledger, counted: tuple[Path, Audit], tmp_path: Path
) -> None:
    audited = w.audit(tmp_path, SOUND + [r for r in SOUND if last_week(r)], kept=kept)
    assert found(audited, "duplicate_share", "rows").value == 0.5
    assert said(audited, "duplicate_share", "rows") == "beyond"
    others_unharmed(audited, counted[1], "rows")


def test_rows_without_an_id_each_count_as_themselves(kept: Ledger, tmp_path: Path) -> None:
    audited = w.audit(tmp_path, spoilt(SOUND, one_in(2), visit=" "), kept=kept)
    assert audited.rows == 210
    assert found(audited, "duplicate_share", "rows").value == 0.0


@pytest.mark.parametrize("wrong", ["1.7", "-0.2", "inf", "high"])
def test_a_score_that_is_no_probability_is_counted_and_never_clipped(
    wrong: str, kept: Ledger, tmp_path: Path
) -> None:
    audited = w.audit(tmp_path, spoilt(SOUND, one_in(5), risk=wrong), kept=kept)
    invalid = found(audited, "invalid_score_share", "rows")
    assert (invalid.events, invalid.n, str(invalid.verdict)) == (42, 210, "beyond")
    assert found(audited, "missing_share", "decision").events == 42  # and decides nothing


def test_scores_that_stop_are_beyond(kept: Ledger, tmp_path: Path) -> None:
    audited = w.audit(tmp_path, spoilt(SOUND, risk=None), kept=kept)
    assert said(audited, "missing_share", "score") == said(audited, "missing_share", "decision") == "beyond"
    assert said(audited, "wasserstein", "score") == "cannot_tell"


def test_an_outcome_with_a_third_value_is_said_and_taken_as_not_known(kept: Ledger, tmp_path: Path) -> None:
    audited = w.audit(tmp_path, spoilt(SOUND, one_in(5), sepsis=2), kept=kept, stage="outcome")
    failed = found(audited, "readable", "sepsis")
    assert failed.reason == (
        "42 rows hold other than 0 and 1 and count as not yet known; map them with `source.derive`"
    )
    assert str(failed.verdict) == "failed"
    assert found(audited, "missing_share", "outcome").events == 42
    assert found(audited, "auroc", "model").n == 210 - 42


def test_a_handful_of_bad_outcomes_is_not_counted_aloud(kept: Ledger, tmp_path: Path) -> None:
    audited = w.audit(tmp_path, spoilt(SOUND, one_in(50), sepsis=2), kept=kept, stage="outcome")
    reason = found(audited, "readable", "sepsis").reason or ""
    assert reason.startswith("fewer than 11 rows hold other than 0 and 1")


def test_a_third_value_in_the_reference_is_said_too(tmp_path: Path) -> None:
    rows = spoilt(SOUND, lambda row: not last_week(row) and row["age"] > 60, sepsis="unknown")
    failed = found(w.audit(tmp_path, rows), "readable", "sepsis")
    assert (failed.reason or "").startswith("in the reference, ")


def test_a_sensitive_column_of_thousands_fails_alone(counted: tuple[Path, Audit], tmp_path: Path) -> None:
    rows = spoilt(SOUND, everywhere, sex=lambda row: f"{PLANTED} {row['visit']}")
    audited = w.audit(tmp_path, rows)
    failed = found(audited, "readable", "sex")
    assert (str(failed.verdict), failed.reason) == (
        "failed",
        "210 different values: more than 200 groups; give bands, or derive a coarser column",
    )
    assert PLANTED not in audited.json()
    others_unharmed(audited, counted[1], "sex")


def test_groups_too_many_in_the_reference_are_not_told_apart_in_the_window(tmp_path: Path) -> None:
    rows = spoilt(SOUND, everywhere, sex=lambda row: f"g{int(row['visit'][1:]) % 400}")
    week = [r for r in rows if last_week(r)][:150]
    audited = w.audit(tmp_path, [r for r in rows if not last_week(r)] + week)
    assert (found(audited, "readable", "sex").reason or "").startswith("in the reference, 400 different")
    assert [f for f in audited.findings if f.group is not None] == []


# ----------------------------------------------------------------------------------------- the times
def test_rows_without_a_time_are_counted_aloud(
    kept: Ledger, counted: tuple[Path, Audit], tmp_path: Path
) -> None:
    lost = [row | {"visit": f"x{i}", "at": None} for i, row in enumerate(SOUND[:40])]
    audited = w.audit(tmp_path, SOUND + lost, kept=kept)
    failed = found(audited, "readable", "at")
    assert (str(failed.verdict), failed.reason) == (
        "failed",
        "40 rows hold no time and belong to no window; mend those rows",
    )
    others_unharmed(audited, counted[1], "at")


FORMS = ["%Y-%m-%d", "%d.%m.%Y %H:%M", "%m/%d/%Y", "%d/%m/%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y%m%d"]


@pytest.mark.parametrize("form", FORMS)
def test_times_as_text_are_read_in_the_form_that_fits_every_row(
    form: str, kept: Ledger, counted: tuple[Path, Audit], tmp_path: Path
) -> None:
    rows = spoilt(SOUND, everywhere, at=lambda r: datetime.fromisoformat(r["at"]).strftime(form))
    audited = w.audit(tmp_path, rows, kept=kept)
    assert audited.rows == counted[1].rows == 210


def test_days_and_months_that_could_be_either_are_never_guessed(tmp_path: Path) -> None:
    rows = spoilt(SOUND, everywhere, at=lambda r: f"{1 + int(r['visit'][1:]) % 12:02d}/02/2026")
    assert refused(tmp_path, rows) == (
        "ward.csv: column 'at': day and month could be either way round; "
        'say `source.time_format: "%d/%m/%Y"` or "%m/%d/%Y"'
    )
    declared = w.config(source=FILES | {"path": "ward.csv", "time_format": "%d/%m/%Y"},
                        reference={"from": "2026-01-26", "to": "2026-02-02"})  # fmt: skip
    assert w.audit(tmp_path, rows, declared).rows == len([r for r in rows if "02" <= r["at"][:2] < "09"])


def test_a_time_no_form_reads_is_counted_not_quoted(tmp_path: Path) -> None:
    assert refused(tmp_path, spoilt(SOUND, one_in(5), at=PLANTED)) == (
        "ward.csv: column 'at': 42 of 1,050 times are in no form that fits (nearest: ISO 8601); "
        "say `source.time_format`, make a time with `source.derive`, or mend those rows"
    )


def test_a_time_with_an_offset_here_and_none_there_is_refused(tmp_path: Path) -> None:
    message = refused(tmp_path, spoilt(SOUND, one_in(5), at=lambda r: r["at"] + "+01:00"))
    assert message.startswith("ward.csv: column 'at': 42 of 1,050 times are in no form that fits")


def test_a_time_that_is_a_number_is_refused_with_the_remedy(tmp_path: Path) -> None:
    rows = spoilt(SOUND, everywhere, at=1_770_000_000)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "ward.parquet")
    assert refused(tmp_path, None, w.config(source=FILES | {"path": "ward.parquet"})) == (
        "ward.parquet: column 'at' holds int64 where a date or time is needed; make one with `source.derive`"
    )


# ---------------------------------------------------------------------------- the source and its columns
def test_an_unknown_kind_of_source_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigError) as wrong:
        w.config(source={"kind": "sqlit", "path": "x"})
    assert (
        str(wrong.value)
        == "sepsis.yaml: source.kind: must be one of calls, fhir, files, mlflow, spark, sql (got 'sqlit')"
    )


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("(SELECT max(lactate) FROM rounds_rows)", "may only combine columns of its own row"),
        ("lactate + (SELECT 1)", "may only combine columns of its own row"),
        ("max(lactate)", "may only combine columns of its own row"),
        ("row_number() OVER ()", "may only combine columns of its own row"),
        ("COLUMNS(*)", "may only combine columns of its own row"),
        ("read_text('secrets.txt')", "may not call read_text"),
        ("getenv('HOME')", "may not call getenv"),
        ("lactate; DROP TABLE rounds_rows", "must be one SQL expression (got 2)"),
        ("lactate +", "not one SQL expression: see character 9"),
        ("lactate AS x, 2", "not one SQL expression"),
        ("", "must be one SQL expression (got 0)"),
    ],
)
def test_an_expression_may_only_combine_its_own_row(expression: str, why: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        w.config(source=FILES | {"path": "ward.csv", "derive": {"made": expression}})
    assert str(wrong.value).startswith(f"sepsis.yaml: source.derive.made: {why}")


def test_a_comment_in_an_expression_swallows_nothing(tmp_path: Path) -> None:
    made = FILES | {"path": "ward.csv", "derive": {"made": "lactate -- mmol/l"}}
    declared = w.config({"numeric": ["age", "made"], "sensitive": []}, source=made)
    assert found(w.audit(tmp_path, SOUND, declared), "missing_share", "made").events == 0


def test_an_expression_the_engine_cannot_make_is_named(tmp_path: Path) -> None:
    declared = w.config(source=FILES | {"path": "ward.csv", "derive": {"lactate": "nosuch(lactate)"}})
    assert refused(tmp_path, SOUND, declared) == (
        "source.derive.lactate: Catalog Error: Scalar Function with name nosuch does not exist!"
    )


def test_an_expression_that_breaks_on_a_row_does_not_quote_it(tmp_path: Path) -> None:
    declared = w.config(source=FILES | {"path": "ward.csv", "derive": {"lactate": "CAST(ward AS INTEGER)"}})
    message = refused(tmp_path, spoilt(SOUND, one_in(50), ward=PLANTED), declared)
    assert message.startswith("ward.csv: Conversion Error: Could not convert string … to INT32")
    assert "icu" not in message
    assert PLANTED not in message


def test_an_expression_over_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    declared = w.config(source=FILES | {"path": "ward.csv", "derive": {"lactate": "lactat * 2"}})
    assert refused(tmp_path, SOUND, declared).startswith("ward.csv: no column 'lactat'; it has 'visit', ")


def test_columns_with_quotes_and_spaces_in_their_names_are_columns(tmp_path: Path) -> None:
    odd = {
        "at": "Zeit (lokal)",
        "risk": 'the "risk"',
        "lactate": "it's, mmol/l",
        "sex": "a×b",
        "ward": "病棟",
    }
    rows = [{odd.get(k, k): v for k, v in row.items()} for row in SOUND]
    declared = w.config(
        {"time": odd["at"], "score": odd["risk"], "numeric": ["age", odd["lactate"]],
         "categorical": [odd["ward"]], "sensitive": [odd["sex"]]},
        source=FILES | {"path": "ward.csv", "derive": {'"twice"': '"it\'s, mmol/l" * 2'}},
    )  # fmt: skip
    audited = w.audit(tmp_path, rows, declared)
    assert audited.rows == 210
    assert not [f for f in audited.findings if str(f.verdict) == "failed"]
    assert found(audited, "missing_share", "it's, mmol/l").value == 0.0


# ---------------------------------------------------------------------------------------- patients
def test_no_patient_is_named_in_a_ledger_or_a_message(kept: Ledger, tmp_path: Path) -> None:
    rows = [row | {"note": f"Seen today: {PLANTED}, {row['visit']}"} for row in SOUND]
    declared = w.config({"text": ["note"]})
    audited = w.audit(tmp_path, spoilt(rows, one_in(7), ward=PLANTED, lactate=PLANTED), declared, kept=kept)
    assert audited.rows == 210
    bodies = " ".join(str(e.body) for kind in ("audit", "profile", "reference") for e in kept.entries(kind))
    assert "Featherby" not in bodies
    assert "Seen today" not in bodies


def test_an_error_leaves_the_ledger_as_it_was(kept: Ledger, tmp_path: Path) -> None:
    before = kept.verify()
    refused(tmp_path, spoilt(SOUND, one_in(5), at=PLANTED))
    assert kept.verify() == before


def test_too_little_memory_and_disk_is_said_to_be_that_and_tried_again(tmp_path: Path) -> None:
    made = w.ward(weeks=5, a_day=2_000)
    w.write(tmp_path / "ward.csv", made)
    declared = w.config()
    opened = source.connect(declared, tmp_path)
    try:
        table = opened.table()
        backend: Any = table.get_backend()
        backend.raw_sql("SET memory_limit = '20MB'; SET max_temp_directory_size = '0KB'")
        with pytest.raises(
            SourceUnavailable, match=r"^ward\.csv: this machine has too little memory"
        ) as wrong:
            freeze(table, declared, declared.reference_window(w.WINDOW), where=opened.name)
        assert wrong.value.retryable
    finally:
        opened.close()

"""Proposing a config: what is guessed, that it says so, and that it can be used as it stands."""

from __future__ import annotations

import json
import random
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click import UsageError

from commands.init import init
from flows import source
from flows.monitor import step
from flows.periods import within
from flows.prepare import checked
from flows.propose import propose
from monitors.audit import Stage
from monitors.columns import ScoreAtLeast
from monitors.config import ModelConfig
from monitors.errors import SourceInvalid

DEMO = Path(__file__).parents[2] / "configs" / "data" / "support2" / "support2.csv.gz"
DAYS = 120


def accepted(path: Path, folder: Path) -> ModelConfig:
    """The proposal for a file, read back as `rounds validate` reads it."""
    written = folder / "proposed.yaml"
    written.write_text(propose(path, folder=folder), encoding="utf-8")
    return source.read(written)


def audited(path: Path, folder: Path, stage: Stage | None = None) -> tuple[ModelConfig, set[str]]:
    """The last whole window under the proposal, and the verdicts it gives."""
    config = accepted(path, folder)
    opened = source.connect(config, folder)
    try:
        period = config.reference_window(config.grid.window(0))
        window = config.grid.window(config.grid.index(period.end))
        return config, {str(f.verdict) for f in step(config, window, opened, stage=stage).findings}
    finally:
        opened.close()


def readable(path: Path, folder: Path) -> tuple[ModelConfig, int]:
    """The proposal, and how many rows lie in the reference it proposes."""
    config = accepted(path, folder)
    opened = source.connect(config, folder)
    try:
        period = config.reference_window(config.grid.window(0))
        held = within(checked(opened.table(), config.columns, ""), config.columns, period, config)
        return config, held.count().to_pyarrow().as_py()
    finally:
        opened.close()


def rows(n: int = 1200) -> list[dict[str, object]]:
    """Predictions of a made-up ward, ten a day."""
    draw = random.Random(3)
    made = []
    for i in range(n):
        risk = draw.betavariate(2, 5)
        late = i > n - 100
        made.append(
            {
                "prediction_id": f"p{i}",
                "patient_id": draw.randrange(n),
                "predicted_at": datetime(2026, 1, 5) + timedelta(days=i * DAYS / n),  # noqa: DTZ001  a local clock
                "risk_score": risk,
                "alert": int(risk > 0.4),
                "readmitted_30d": None if late else int(draw.random() < risk),
                "age": draw.randrange(18, 95),
                "sex": draw.choice(["f", "m"]),
                "ethnic_group": draw.choice(["a", "b", "c"]),
                "hospital": draw.choice(["north", "south"]),
                "lactate": draw.lognormvariate(0, 1),
                "triage": draw.randrange(1, 5),
                "ward": draw.choice(["icu", "ed", "surgery"]),
                "note": f"Seen by the team on day {i}, resting comfortably and eating well.",
                "surname": "Featherstonehaugh",
                "discharged_on": date(2026, 6, 1),
                "model_version": "2.1",
                "unit_no": None,
            }
        )
    return made


def parquet(path: Path, table: list[dict[str, object]]) -> Path:
    pq.write_table(pa.Table.from_pylist(table), path)
    return path


def csv(path: Path, table: list[dict[str, object]]) -> Path:
    def text(value: object) -> str:
        said = "" if value is None else str(value)
        return '"' + said.replace('"', '""') + '"' if re.search(r'[",\n]', said) else said

    lines = [",".join(map(text, table[0])), *(",".join(map(text, row.values())) for row in table)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("write", [parquet, csv], ids=["parquet", "csv"])
def test_every_part_is_found_by_name_and_contents(write, tmp_path: Path) -> None:
    columns = accepted(write(tmp_path / f"ward.{write.__name__}", rows()), tmp_path).columns
    assert columns.time == "predicted_at"
    assert columns.id == "prediction_id"
    assert columns.patient == "patient_id"
    assert columns.score == "risk_score"
    assert columns.decision == "alert"
    assert columns.outcome == "readmitted_30d"
    assert columns.site == "hospital"
    assert columns.version is None  # named only by a person: the version above is a guess itself
    assert columns.numeric == ("age", "lactate")
    assert columns.categorical == ("triage", "ward")
    assert columns.text == ("note",)
    groups = {a.name: a.bands for a in columns.sensitive}
    assert groups == {"age": (45, 65, 80), "sex": (), "ethnic_group": ()}


def test_a_proposal_runs_as_it_stands(tmp_path: Path) -> None:
    config, verdicts = audited(csv(tmp_path / "ward.csv", rows()), tmp_path)
    assert str(config.window.length) == "P28D"  # ten a day: the shortest that holds 200
    assert verdicts
    assert "failed" not in verdicts


def test_a_proposal_for_the_shipped_patients_runs(tmp_path: Path) -> None:
    config, verdicts = audited(DEMO, tmp_path, "scored")
    assert config.columns.score == "risk_surv2m"
    assert config.source.derive == {"risk_surv2m": '1 - "surv2m"'}
    assert config.columns.outcome == "d60"
    assert "failed" not in verdicts


def test_decisions_alone_are_enough(tmp_path: Path) -> None:
    kept = [{k: v for k, v in row.items() if k not in ("risk_score",)} for row in rows()]
    config, verdicts = audited(parquet(tmp_path / "alerts.parquet", kept), tmp_path)
    assert config.columns.score is None
    assert config.columns.decision == "alert"
    assert "failed" not in verdicts


def test_a_score_alone_is_enough_and_its_threshold_is_to_be_checked(tmp_path: Path) -> None:
    kept = [{k: row[k] for k in ("predicted_at", "risk_score", "age")} for row in rows()]
    path = csv(tmp_path / "scores.csv", kept)
    assert "CHECK: the score from which anyone acts" in propose(path)
    assert accepted(path, tmp_path).columns.decision == ScoreAtLeast(score_at_least=0.5)


def test_without_score_and_decision_it_says_what_to_add(tmp_path: Path) -> None:
    kept = [{k: row[k] for k in ("predicted_at", "age", "ward")} for row in rows()]
    with pytest.raises(SourceInvalid) as refused:
        propose(csv(tmp_path / "ward.csv", kept))
    assert str(refused.value) == (
        "ward.csv: no score and no decision found; add a column of probabilities in [0, 1] named like "
        "risk_score, or of 0 and 1 named like decision. It has 'predicted_at', 'age', 'ward'"
    )


def test_without_a_time_it_says_what_to_add(tmp_path: Path) -> None:
    kept = [{k: row[k] for k in ("risk_score", "age")} for row in rows()]
    with pytest.raises(SourceInvalid, match=r"^ward\.csv: no column holds a date or time, .* 'age'$"):
        propose(csv(tmp_path / "ward.csv", kept))


def test_a_header_without_rows_is_no_ground_for_a_guess(tmp_path: Path) -> None:
    (tmp_path / "ward.csv").write_text("time,score\n")
    with pytest.raises(SourceInvalid, match=r"^ward\.csv: it has a header and no row"):
        propose(tmp_path / "ward.csv")


def test_one_row_is_enough_to_propose_from(tmp_path: Path) -> None:
    config = accepted(csv(tmp_path / "ward.csv", rows()[:1]), tmp_path)
    assert config.columns.score == "risk_score"


def test_columns_left_out_are_named_with_the_reason(tmp_path: Path) -> None:
    said = propose(csv(tmp_path / "ward.csv", rows()))
    assert "#   surname: names a person, or narrows one down" in said
    assert "#   discharged_on: a date; derive a duration from it, such as days since" in said
    assert "#   unit_no: holds no value in any row" in said


def test_every_declaration_is_marked_a_guess(tmp_path: Path) -> None:
    said = propose(csv(tmp_path / "ward.csv", rows()))
    unmarked = [
        line
        for line in said.splitlines()
        if re.match(r" *[a-z_]+: *\S", line) and "# guess: " not in line and "kind: files" not in line
    ]
    assert [line.split(":")[0].strip() for line in unmarked] == ["path"]


def test_no_value_of_a_row_is_written(tmp_path: Path) -> None:
    table = rows()
    table[7]["note"] = "Ernestine Featherby, 12 Long Lane, seen again after her fall on the stairs."
    table[8] |= {"ward": "Zebedee Quill", "sex": "Ottoline", "hospital": "St Wilfrid"}
    said = propose(csv(tmp_path / "ward.csv", table))
    for word in ("Ernestine", "Zebedee", "Ottoline", "Wilfrid", "Featherstonehaugh", "p77", "2.1", "surgery"):
        assert word not in said


AWKWARD = {"predicted_at": "Zeit (lokal)", "risk_score": 'risk "A"', "lactate": "Größe, cm", "sex": "no",
           "ward": "病棟", "age": "it's", "triage": "a: b # c", "alert": "null"}  # fmt: skip


@pytest.mark.parametrize("write", [parquet, csv], ids=["parquet", "csv"])
def test_any_column_name_can_be_used(write, tmp_path: Path) -> None:
    table = [{AWKWARD.get(k, k): v for k, v in row.items()} for row in rows()]
    path = write(tmp_path / f"my ward's.{write.__name__}", table)
    config, verdicts = audited(path, tmp_path, "scored")
    assert config.columns.time == "Zeit (lokal)"
    assert config.columns.score == 'risk "A"'
    assert {"Größe, cm", "it's"} <= set(config.columns.numeric)
    assert {"病棟", "no", "a: b # c", "null"} <= set(config.columns.categorical)
    assert "failed" not in verdicts


def test_words_for_missing_are_noticed(tmp_path: Path) -> None:
    table = rows()
    for row in table[::3]:
        row["lactate"], row["readmitted_30d"] = "NA", "NULL"
    config = accepted(csv(tmp_path / "ward.csv", table), tmp_path)
    assert config.source.settings["missing"] == ["", "NA", "NULL"]
    assert "lactate" in config.columns.numeric
    assert config.columns.outcome == "readmitted_30d"


def test_yes_and_no_become_one_and_zero(tmp_path: Path) -> None:
    table = [row | {"readmitted_30d": "Yes" if row["readmitted_30d"] else "No "} for row in rows()]
    config = accepted(parquet(tmp_path / "ward.parquet", table), tmp_path)
    assert config.columns.outcome == "readmitted_30d_01"
    opened = source.connect(config, tmp_path)
    made = opened.table().readmitted_30d_01.sum().to_pyarrow().as_py()
    opened.close()
    assert made == sum(row["readmitted_30d"] == "Yes" for row in table)


def test_a_percentage_becomes_a_share(tmp_path: Path) -> None:
    table = [row | {"risk_score": 100 * float(str(row["risk_score"]))} for row in rows()]
    config, held = readable(csv(tmp_path / "ward.csv", table), tmp_path)
    assert config.source.derive == {"risk_score_share": '"risk_score" / 100.0'}
    assert held == 560  # 56 days of ten


@pytest.mark.parametrize(
    "written",
    [
        lambda at: int(at.strftime("%Y%m%d")),
        lambda at: int(at.replace(tzinfo=UTC).timestamp()),
        lambda at: 1000 * int(at.replace(tzinfo=UTC).timestamp()),
    ],
    ids=["20260105", "seconds", "milliseconds"],
)
@pytest.mark.parametrize("write", [parquet, csv], ids=["parquet", "csv"])
def test_a_time_written_as_a_number_is_made_one(written, write, tmp_path: Path) -> None:
    table = [row | {"predicted_at": written(row["predicted_at"])} for row in rows()]
    table = [{("timestamp" if k == "predicted_at" else k): v for k, v in row.items()} for row in table]
    config, held = readable(write(tmp_path / f"ward.{write.__name__}", table), tmp_path)
    assert config.columns.time == "predicted_at"
    assert held == 560
    assert config.reference_window(config.grid.window(0)).start == datetime(2026, 1, 5, tzinfo=UTC)


def test_a_date_that_could_be_either_way_round_is_to_be_checked(tmp_path: Path) -> None:
    table = [row | {"predicted_at": f"0{i % 9 + 1}/02/2026"} for i, row in enumerate(rows())]
    path = csv(tmp_path / "ward.csv", table)
    said = propose(path)
    assert 'time_format: "%d/%m/%Y"' in said  # nine days of February rather than nine months
    assert 'CHECK: day and month could be either way round; "%m/%d/%Y" fits too' in said
    accepted(path, tmp_path)


def test_json_is_looked_at_too(tmp_path: Path) -> None:
    path = tmp_path / "ward.ndjson"
    path.write_text("\n".join(json.dumps(row, default=str) for row in rows()))
    config, held = readable(path, tmp_path)
    assert config.columns.outcome == "readmitted_30d"
    assert held == 560


def test_a_glob_is_looked_at_as_one(tmp_path: Path) -> None:
    table = rows()
    folder = tmp_path / "early-warning"
    folder.mkdir()
    csv(folder / "a.csv", table[:600])
    csv(folder / "b.csv", table[600:])
    said = propose(folder / "*.csv")
    assert 'from 1,200 rows of "*.csv"' in said
    assert "model: early-warning" in said


def test_the_path_starts_where_the_config_is_kept(tmp_path: Path) -> None:
    path = csv(tmp_path / "ward.csv", rows())
    (tmp_path / "configs").mkdir()
    assert "path: ../ward.csv" in propose(path, folder=tmp_path / "configs")


def test_a_config_written_elsewhere_still_finds_its_data(tmp_path: Path) -> None:
    path = csv(tmp_path / "ward.csv", rows())
    written = tmp_path / "configs" / "ward.yaml"
    written.parent.mkdir()
    assert init.callback is not None
    init.callback(path, None, written)
    source.connect(source.read(written), written.parent).close()
    with pytest.raises(UsageError, match="name another file with --out"):
        init.callback(path, None, written)


def test_the_name_given_is_the_name(tmp_path: Path) -> None:
    said = propose(csv(tmp_path / "Ward Data.csv", rows()), model="sepsis-icu")
    assert "\nmodel: sepsis-icu\n" in said
    assert "\nmodel: ward-data " in propose(tmp_path / "Ward Data.csv")


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spill = tmp_path / "spill"
    spill.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spill))
    propose(csv(tmp_path / "ward.csv", rows()))
    assert list(spill.iterdir()) == []


@pytest.mark.parametrize(
    ("outcome", "known", "asked"),
    [
        ("d60", "P60D", "by its name; is every outcome known by then?"),
        ("mortality_12_months", "P12M", "by its name"),
        ("death_covid19", "P30D", "how long until every one is known?"),
        ("outcome", "P30D", "how long until every one is known?"),
    ],
)
def test_how_long_an_outcome_takes_is_read_from_its_name(
    outcome: str, known: str, asked: str, tmp_path: Path
) -> None:
    renamed = [{(outcome if k == "readmitted_30d" else k): v for k, v in row.items()} for row in rows(200)]
    said = propose(csv(tmp_path / "ward.csv", renamed))
    assert f"matures_after: {known}}}" in said
    assert f"CHECK: {asked}" in said

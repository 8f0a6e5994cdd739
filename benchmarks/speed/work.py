"""One piece of work in a process of its own: `python -m benchmarks.speed.work NAME FOLDER [N]`.

It prints one line of JSON: seconds of processor and of wall time without imports, and the process's
peak memory. What the machine does beside it lengthens the wall time far more than the processor's.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.speed import data

NOW, WEEK = "2026-02-01", "2026-01-19"
Work = Callable[[], Any]


def _kept(folder: Path, text: str) -> Path:
    from monitors.canonical import digest

    place = folder / "configs"
    place.mkdir(exist_ok=True)
    path = place / f"{digest(text)[-12:]}.yaml"
    path.write_text(text)
    return path


def _window(folder: Path, text: str) -> tuple[Any, Any, Any, Any]:
    """A config, its window and frozen reference, which is counted once and kept; and how it is opened."""
    from flows import source
    from flows.binning import freeze
    from flows.counting import Frozen
    from monitors.reference import Reference
    from monitors.window import moment

    path = _kept(folder, text)
    config = source.read(path)
    held = path.with_suffix(".json")
    if not held.exists():
        opened = source.connect(config, path.parent)
        reference = freeze(opened.table(), config, config.grid.ending_by(moment("2026-01-12")))
        opened.close()
        held.write_text(json.dumps(reference.payload()))
    reference = Reference.read(json.loads(held.read_text()))
    window = config.grid.ending_by(moment(WEEK))
    return config, window, Frozen(reference.bins, reference.score_edges), path.parent


def _imported(folder: Path) -> None:
    """Count a few rows, so that what is imported when it is first used is not taken for counting."""
    from flows import source
    from flows.counting import count

    config, window, frozen, place = _window(folder, data.declared(data.parts(folder, 1, 10_000)))
    opened = source.connect(config, place)
    count(opened.table(), config, window, frozen)
    opened.close()


def counting(folder: Path, text: str) -> Work:
    """One window counted: every histogram, every cube."""
    from flows import source
    from flows.counting import count

    config, window, frozen, place = _window(folder, text)
    _imported(folder)

    def work() -> dict[str, Any]:
        opened = source.connect(config, place)
        try:
            profile = count(opened.table(), config, window, frozen)
        finally:
            opened.close()
        return {"rows": profile.rows, "digest": profile.digest}

    return work


def count(folder: Path, millions: int) -> Work:
    """Rounds counts a window of so many million rows."""
    return counting(folder, data.declared(data.parts(folder, millions)))


def scan(folder: Path, millions: int) -> Work:
    """A bare scan of the same columns of the same window: a sum of each number, the greatest of each text."""
    import duckdb

    paths = data.parts(folder, millions)
    files = [str(paths[0].parent / "reference.parquet"), *map(str, paths)]

    def work() -> dict[str, Any]:
        with duckdb.connect() as engine:
            held = engine.read_parquet(files)
            kinds = dict(zip(held.columns, held.types, strict=True))
            asked = [f"max({c})" if str(k) == "VARCHAR" else f"sum({c})" for c, k in kinds.items()
                     if c != "scored_at"]  # fmt: skip
            inside = "scored_at >= '2026-01-12' AND scored_at < '2026-01-19'"
            got = engine.execute(
                f"SELECT count(*), {', '.join(asked)} FROM read_parquet({files}) WHERE {inside}"
            ).fetchall()
        return {"rows": got[0][0]}

    return work


def wide(folder: Path, columns: int) -> Work:
    """Rounds counts 100,000 rows of so many columns."""
    return counting(folder, data.declared(data.parts(folder, 1, 100_000, columns), columns=columns))


def groups(folder: Path, wanted: int) -> Work:
    """Rounds counts 1,000,000 rows by so many groups, a hundred to a column at most."""
    import duckdb

    each = min(wanted, 100)
    names = [f"g{i}" for i in range(wanted // each)]
    (path,) = data.parts(folder, 1)
    place = folder / f"groups-{wanted}"
    if not (place / "part-00.parquet").exists():
        place.mkdir(exist_ok=True)
        made = ", ".join(f"'g' || (floor(random() * {each})::INT) AS {name}" for name in names)
        with duckdb.connect() as engine:
            engine.execute("SET threads = 1; SELECT setseed(0.5)")
            for name in ("reference.parquet", "part-00.parquet"):
                engine.execute(
                    f"COPY (SELECT scored_at, score, outcome, {made} FROM '{path.parent / name}') "
                    f"TO '{place / name}'"
                )
    return counting(folder, data.declared([place / "part-00.parquet"], columns=0, sensitive=names))


def drift(folder: Path, millions: int) -> Work:
    """Rounds judges the drift of 30 columns: counts the window, and works out every distance."""
    from flows import source
    from flows.monitor import step
    from monitors.ledger import Ledger
    from monitors.window import moment

    text = data.declared(data.parts(folder, millions), sensitive=(), outcome=False)
    path = _kept(folder, text + "plan: [{measure: psi, columns: all, margin: 0.2}]\n")
    config = source.read(path)
    window = config.grid.ending_by(moment(WEEK))

    def work() -> dict[str, Any]:
        kept = Ledger(f"sqlite:///{folder}/drift.db", lambda: moment(NOW))
        opened = source.connect(config, path.parent)
        try:
            return {"rows": step(config, window, opened, ledger=kept).rows}
        finally:
            opened.close()

    work()  # counts the reference, once
    return work


def evidently(folder: Path, millions: int) -> Work:
    """Evidently's DataDriftPreset with its defaults, the frames already in memory."""
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    (path,) = data.parts(folder, millions)
    frames = [pd.read_parquet(p) for p in (path.parent / "reference.parquet", path)]
    numbers = [c for c in frames[0] if str(c)[0] == "x"]
    categories = [c for c in frames[0] if str(c)[0] == "c"]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=categories)

    def work() -> dict[str, Any]:
        before, now = (Dataset.from_pandas(f, data_definition=definition) for f in frames)
        Report([DataDriftPreset()]).run(now, before)
        return {"rows": len(frames[1])}

    return work


def bootstrap(folder: Path, draws: int) -> Work:
    """Rounds counts the groups of 1,000,000 rows and draws every group's people again, `draws` times."""
    from flows import source
    from flows.counting import count
    from monitors.bootstrap import Places, simultaneous
    from monitors.drawn import rates, risks

    text = data.declared(data.parts(folder, 1), columns=0)
    config, window, frozen, place = _window(folder, text)

    def work() -> dict[str, Any]:
        opened = source.connect(config, place)
        try:
            profile = count(opened.table(), config, window, frozen)
        finally:
            opened.close()
        found = 0
        for attribute in (a.name for a in config.columns.attributes):
            places = Places.of(profile.cubes[attribute])
            drawn = places.draw(draws)
            now = rates(places, places.flagged, 0.3) | risks(places)
            again = rates(drawn, drawn.flagged, 0.3) | risks(drawn)
            found += sum(len(simultaneous(now[name], again[name]).low) for name in now)
        return {"rows": profile.rows, "intervals": found, "measures": len(now)}

    return work


def fairlearn(folder: Path, draws: int) -> Work:
    """Fairlearn's MetricFrame, eight measures by each of three attributes, with `n_boot` draws."""
    import pandas as pd
    from fairlearn.metrics import (
        MetricFrame,
        false_negative_rate,
        false_positive_rate,
        selection_rate,
        true_negative_rate,
        true_positive_rate,
    )  # fmt: skip
    from sklearn.metrics import accuracy_score, f1_score, precision_score

    from benchmarks.data import ATTRIBUTES

    (path,) = data.parts(folder, 1)
    rows = pd.read_parquet(path, columns=[*ATTRIBUTES, "score", "outcome"])
    decision = (rows["score"] >= 0.3).astype(int)
    measures = {
        f.__name__: f
        for f in (selection_rate, true_positive_rate, false_positive_rate, true_negative_rate,
                  false_negative_rate, precision_score, accuracy_score, f1_score)
    }  # fmt: skip

    def work() -> dict[str, Any]:
        for attribute in ATTRIBUTES:
            boot = {"n_boot": draws, "ci_quantiles": [0.025, 0.975], "random_state": 1} if draws else {}
            MetricFrame(metrics=measures, y_true=rows["outcome"], y_pred=decision,
                        sensitive_features=rows[attribute], **boot)  # fmt: skip
        return {"rows": len(rows)}

    return work


def audits(folder: Path, rows: int) -> Work:
    """Ten whole audits of so many rows × 30 features × 3 attributes, from opening the file to the ledger."""
    from flows import source
    from flows.monitor import step
    from monitors.ledger import Ledger
    from monitors.window import moment

    path = _kept(folder, data.declared(data.parts(folder, 1, rows)))
    config = source.read(path)
    window = config.grid.ending_by(moment(WEEK))

    def work() -> dict[str, Any]:
        for i in range(10):
            kept = Ledger(f"sqlite:///{folder}/audits-{rows}-{i}.db", lambda: moment(NOW))
            opened = source.connect(config, path.parent)
            try:
                step(config, window, opened, ledger=kept)
            finally:
                opened.close()
        return {"rows": rows}

    work()  # counts the references, once
    return work


def parquet(folder: Path, millions: int) -> Work:
    """The window that the other engines count, in Parquet."""
    return counting(folder, data.declared(data.parts(folder, millions)))


def spark(folder: Path, millions: int) -> Work:
    """Spark on this machine counts the same files on the same frozen bins."""
    paths = data.parts(folder, millions)
    files = [str(paths[0].parent / "reference.parquet"), *map(str, paths)]
    options = {"spark.driver.memory": "4g"}
    return _elsewhere(
        folder, paths, {"kind": "spark", "path": files, "master": "local[2]", "options": options}
    )


def postgres(folder: Path, millions: int) -> Work:
    """PostgreSQL counts the same rows on the same frozen bins; BENCH_POSTGRES says where it is."""
    import duckdb
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    paths = data.parts(folder, millions)
    place = os.environ["BENCH_POSTGRES"]
    with psycopg.connect(place, autocommit=True) as held, duckdb.connect() as engine:
        rows = engine.read_parquet([str(path) for path in paths])
        names = ", ".join(rows.columns)
        kinds = {"VARCHAR": "text", "TIMESTAMP": "timestamp", "TINYINT": "smallint"}
        columns = ", ".join(
            f"{name} {kinds.get(str(kind), 'float8')}"
            for name, kind in zip(rows.columns, rows.types, strict=True)
        )
        held.execute(f"DROP TABLE IF EXISTS bench; CREATE TABLE bench ({columns})")
        with held.cursor() as cursor, cursor.copy(f"COPY bench ({names}) FROM STDIN (FORMAT csv)") as copy:
            csv = folder / "rows.csv"
            rows.write_csv(str(csv), header=False)
            with csv.open("rb") as file:
                while block := file.read(1 << 20):
                    copy.write(block)
            csv.unlink()
        held.execute("ANALYZE bench")
    parts = conninfo_to_dict(place)
    url = f"postgresql://{parts['user']}@{parts['host']}:{parts['port']}/{parts['dbname']}"
    fork = os.fork()  # what follows shall not carry what copying took
    if fork:
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1]))
    os.execv(sys.executable, [sys.executable, "-m", "benchmarks.speed.work", "asked", str(folder), "1", url])


def asked(folder: Path, millions: int) -> Work:
    """The count of the table that `postgres` has copied."""
    paths = data.parts(folder, millions)
    declared = {"kind": "sql", "url": sys.argv[4], "table": "bench", "timeout": "PT1H"}
    return _elsewhere(folder, paths, declared)


def _elsewhere(folder: Path, paths: list[Path], source_declared: dict[str, Any]) -> Work:
    """The count of another source on the bins that Parquet's reference has."""
    from flows import source
    from flows.counting import count as counted

    _, window, frozen, _ = _window(folder, data.declared(paths))
    path = _kept(folder, data.declared(paths, source=source_declared))
    config = source.read(path)

    def work() -> dict[str, Any]:
        opened = source.connect(config, path.parent)
        try:
            profile = counted(opened.table(), config, window, frozen)
        finally:
            opened.close()
        return {"rows": profile.rows, "digest": profile.digest}

    return work


WORK = {
    f.__name__: f
    for f in (asked, parquet, postgres, spark, count, scan, wide, groups, drift, evidently, bootstrap)
} | {"fairlearn": fairlearn, "audits": audits}


def main(name: str, folder: Path, number: int) -> None:
    work = WORK[name](folder, number)
    processor, wall = time.process_time(), time.perf_counter()
    found = work()
    spent = {"cpu": time.process_time() - processor, "wall": time.perf_counter() - wall}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"name": name, "number": number, **spent, "peak_mb": round(peak), **found}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).absolute(), int(sys.argv[3]))

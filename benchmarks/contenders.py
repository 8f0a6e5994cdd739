"""What is timed: one audit of the same Parquet files, by Rounds and by its peers, each by itself.

Run as a program, `python -m benchmarks.contenders NAME FOLDER`, it prints one line of JSON with
the seconds the work took (imports and reading the files apart) and the process's peak memory.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FRAMES = ("reference.parquet", "current.parquet")


def rounds(folder: Path) -> Callable[[], Any]:
    """One window from files to findings, the reference having been counted once."""
    from flows import source
    from flows.monitor import step
    from monitors.disaggregate import by_group  # noqa: F401  imports count for nobody
    from monitors.ledger import Ledger
    from monitors.window import moment

    path = folder / "bench.yaml"
    config = source.read(path)
    ledger = Ledger(f"sqlite:///{folder}/ledger.db", lambda: moment("2026-02-01"))
    window = config.grid.ending_by(moment("2026-01-19"))

    def audit() -> int:
        opened = source.connect(config, folder)
        try:
            return step(config, window, opened, ledger=ledger).rows
        finally:
            opened.close()

    return audit


def reference(folder: Path) -> Callable[[], Any]:
    """Rounds' once-only count of the reference."""
    from flows import source
    from flows.binning import freeze
    from monitors.window import moment

    config = source.read(folder / "bench.yaml")
    window = config.grid.ending_by(moment("2026-01-12"))

    def count() -> int:
        opened = source.connect(config, folder)
        try:
            return freeze(opened.table(), config, window).profile.rows
        finally:
            opened.close()

    return count


def evidently(folder: Path) -> Callable[[], Any]:
    """Evidently's DataDriftPreset with its defaults, the frames already in memory."""
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    frames = [pd.read_parquet(folder / name) for name in FRAMES]
    numbers = [c for c in frames[0] if str(c).startswith("x")]
    categories = [c for c in frames[0] if str(c).startswith("c")]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=categories)

    def report() -> Any:
        before, now = (Dataset.from_pandas(f, data_definition=definition) for f in frames)
        return Report([DataDriftPreset()]).run(now, before)

    return report


def fairlearn(folder: Path) -> Callable[[], Any]:
    """Fairlearn's MetricFrame, the audit's measures by each attribute, the frame already in memory."""
    import pandas as pd
    from fairlearn.metrics import (
        MetricFrame,
        false_positive_rate,
        mean_prediction,
        selection_rate,
        true_positive_rate,
    )
    from sklearn.metrics import precision_score, roc_auc_score

    from benchmarks.data import ATTRIBUTES

    rows = pd.read_parquet(folder / FRAMES[1])
    decision = (rows["score"] >= 0.3).astype(int)
    decided = {"selection_rate": selection_rate, "tpr": true_positive_rate,
               "fpr": false_positive_rate, "ppv": precision_score}  # fmt: skip
    scored = {"auroc": roc_auc_score, "expected": mean_prediction}

    def audit() -> list[Any]:
        found = []
        for attribute in ATTRIBUTES:
            for metrics, guess in ((decided, decision), (scored, rows["score"])):
                frame = MetricFrame(metrics=metrics, y_true=rows["outcome"], y_pred=guess,
                                    sensitive_features=rows[attribute])  # fmt: skip
                found.append(frame.by_group)
        return found

    return audit


CONTENDERS = {f.__name__: f for f in (rounds, reference, evidently, fairlearn)}


def main(name: str, folder: Path, repeat: int) -> None:
    """Time one contender and print what it took."""
    work = CONTENDERS[name](folder)
    if name == "rounds":
        work()  # counts the reference, once
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"name": name, "seconds": seconds, "peak_mb": round(peak)}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1)

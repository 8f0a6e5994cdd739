"""A peer, run by the Python of its own environment: `PYTHON peers.py NAME REFERENCE CURRENT`.

It prints what `work.py` prints. Frames are in memory and what a peer may do once for a reference is done
before the clock starts.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

Work = Callable[[], Any]


def frames(reference: str, current: str) -> tuple[Any, Any, list[str]]:
    """Both frames and their feature columns."""
    import pandas as pd

    before, now = pd.read_parquet(reference), pd.read_parquet(current)
    columns = [c for c in now if c[0] in "xc" and c[1:].isdigit()]
    return before[columns].copy(), now[columns].copy(), columns


def nannyml(reference: str, current: str) -> Work:
    """Univariate drift by Jensen-Shannon, fitted before."""
    from nannyml import UnivariateDriftCalculator

    before, now, columns = frames(reference, current)
    measure = UnivariateDriftCalculator(
        column_names=columns, chunk_number=1,
        continuous_methods=["jensen_shannon"], categorical_methods=["jensen_shannon"],
    )  # fmt: skip
    measure.fit(before)
    return lambda: measure.calculate(now)


def popmon(reference: str, current: str) -> Work:
    """Stability metrics of one week against histograms of the reference, made before."""
    import pandas as pd
    from popmon.hist.filling import make_histograms
    from popmon.pipeline.metrics import df_stability_metrics

    before, now, columns = frames(reference, current)
    before["at"], now["at"] = pd.Timestamp("2026-01-05"), pd.Timestamp("2026-01-12")
    kept = {"features": [f"at:{c}" for c in columns], "time_axis": "at"}
    held = make_histograms(before, **kept, time_width="1w", time_offset="2026-01-05")
    # Features and bins, those of time too, are the reference's; popmon takes none beside it.
    return lambda: df_stability_metrics(
        now,
        time_axis="at",
        reference_type="external",
        reference=held,
    )


def whylogs(reference: str, current: str) -> Work:
    """A profile of the week and its drift from the reference's, made before."""
    from whylogs import log
    from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores

    before, now, _ = frames(reference, current)
    held = log(pandas=before).view()
    return lambda: calculate_drift_scores(
        target_view=log(pandas=now).view(), reference_view=held, with_thresholds=True
    )


def main(name: str, reference: str, current: str) -> None:
    warnings.simplefilter("ignore")
    work = {f.__name__: f for f in (nannyml, popmon, whylogs)}[name](reference, current)
    processor, wall = time.process_time(), time.perf_counter()
    work()
    spent = {"cpu": time.process_time() - processor, "wall": time.perf_counter() - wall}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"name": name, **spent, "peak_mb": round(peak)}))


if __name__ == "__main__":
    main(*sys.argv[1:])

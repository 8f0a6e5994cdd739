"""Evidently's report of a window, drawn from counts; it shows our figures and never judges.

Evidently takes three seconds to load: it happens when used, here and in `flows/evidently_text.py` alone.
"""

from __future__ import annotations

import json
import logging
import math
import threading
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from flows.rebuilt import rebuilt, scaled
from monitors.audit import Audit, Finding, Verdict
from monitors.coarse import coarsened
from monitors.config import ModelConfig
from monitors.errors import NotComputable
from monitors.histogram import CategoryBins, Histogram, NumericBins
from monitors.metric import Estimate
from monitors.profile import EVERYONE, Profile
from monitors.reference import Reference
from monitors.suppression import published
from monitors.told import small

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

_NUMBER, _CATEGORY = frozenset({"num"}), frozenset({"cat"})
_BOTH = _NUMBER | _CATEGORY
_METHODS: Mapping[str, frozenset[str]] = {
    "anderson": _NUMBER,
    "chisquare": _CATEGORY,
    "cramer_von_mises": _NUMBER,
    "ed": _NUMBER,
    "es": _NUMBER,
    "hellinger": _BOTH,
    "jensenshannon": _BOTH,
    "kl_div": _BOTH,
    "ks": _NUMBER,
    "psi": _BOTH,
    "t_test": _NUMBER,
    "wasserstein": _NUMBER,
    "z": _CATEGORY,
}
# Registered by Evidently 0.7.23 and not offered here, each for what it was seen to do.
REFUSED: Mapping[str, str] = {
    "TVD": "takes seconds and reseeds the global generator; name total_variation instead",
    "abs_text_content_drift": "needs the texts themselves",
    "empirical_mmd": "takes minutes at 5,000 rows, and another value each time",
    "fisher_exact": "fails unless both windows have the same number of rows",
    "g_test": "fails unless both windows have the same number of rows; name chisquare instead",
    "mannw": "is one-sided: a fall is never drift; name ks or wasserstein instead",
    "perc_text_content_drift": "needs the texts themselves",
}
P_VALUES = frozenset({"anderson", "chisquare", "cramer_von_mises", "es", "ks", "t_test", "z"})
NOTHING = "no column can be shown"
_OURS = "rounds:"  # before the name of a metric of ours, as Evidently's method
_UNTRUE_TAB = "DATA DRIFT"  # the value over row numbers, and rebuilt rows have no order

# Evidently reseeds numpy's global generator and its tests are registered for the whole process.
_one_at_a_time = threading.Lock()
_registered: set[str] = set()
_shown: dict[tuple[str, str], tuple[float, bool]] = {}


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a report.

    Attributes:
        snapshot: strict JSON that Evidently can load; empty when there is no report.
        html: the page, complete in one file; empty when there is no report.
        columns: the columns it shows.
        left_out: columns it does not show, and why.
        reason: why there is no report; None when there is one.
    """

    snapshot: str = ""
    html: bytes = b""
    columns: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None


def methods() -> frozenset[str]:
    """The methods a plan may name as `evidently:METHOD`."""
    return frozenset(_METHODS)


def measure(method: str, reference: Histogram, current: Histogram) -> Estimate:
    """Evidently's own figure for one column, on rows rebuilt from the counts.

    A number lies at its bin's centre, rows outside the reference at its edge; missing values
    take no part, as always in Evidently. More than 5,000 rows a side are scaled down, so a
    p-value (`P_VALUES`, where less means more drift) is that of 5,000.

    Raises:
        NotComputable: no such method, or one that is refused and why.
    """
    if method not in _METHODS:
        why = REFUSED.get(method, f"is not one of {sorted(_METHODS)}")
        raise NotComputable(f"evidently:{method} {why}")
    kind = "num" if isinstance(reference.bins, NumericBins) else "cat"
    if kind not in _METHODS[method]:
        raise NotComputable(f"evidently:{method} cannot measure {reference.column!r}, which is {kind}")
    sides = [rebuilt(scaled(side), missing=None).dropna() for side in (reference, current)]
    n = current.rows - current.missing
    if any(side.empty for side in sides):
        return Estimate.absent("no values on one side", n)
    if method == "z" and len({*sides[0], *sides[1]}) > 2:
        return Estimate.absent("evidently:z compares two categories, and there are more", n)
    with _evidently():
        from evidently.legacy.calculations.stattests import get_stattest
        from evidently.legacy.core import ColumnType

        as_type = ColumnType(kind)  # the enum: a plain "num" is taken for a category
        try:
            found = get_stattest(*sides, as_type, method)(*sides, as_type, None)
            value = float(found.drift_score)
        except Exception as error:  # noqa: BLE001  whatever it meets, the others go on
            return Estimate.absent(f"evidently:{method} failed ({type(error).__name__})", n)
    if not math.isfinite(value):
        return Estimate.absent(f"evidently:{method} gives no number for these counts", n)
    return Estimate(value, None, None, n)


def report_window(
    audit: Audit, config: ModelConfig, reference: Reference, profile: Profile, workspace: Path
) -> dict[str, bytes | Path]:
    """The report of a recorded audit as files for its run, and as a run in the workspace."""
    shown = published(audit)
    subjects = [finding.subject for finding in shown.findings]
    drawn = report(
        _histograms(reference.profile, config, subjects),
        _histograms(profile, config, subjects),
        shown.findings,
        name=f"{audit.window} {audit.stage}",
        at=audit.window.end,
    )
    for column, why in drawn.left_out.items():
        log.info("%s: the Evidently report leaves out %s: %s", audit.model, column, why)
    if drawn.reason is not None:
        level = logging.INFO if drawn.reason == NOTHING else logging.WARNING
        log.log(level, "%s: no Evidently report for %s: %s", audit.model, audit.window, drawn.reason)
        return {}
    try:
        add_to_workspace(workspace, audit.model, drawn.snapshot)
    except Exception as error:  # noqa: BLE001  a picture must never stop a monitoring run
        log.warning("%s: not added to %s (%s)", audit.model, workspace, type(error).__name__)
    return {
        "evidently/report.html": drawn.html,
        "evidently/snapshot.json": drawn.snapshot.encode(),
        "evidently/left_out.json": json.dumps(dict(drawn.left_out), ensure_ascii=False).encode(),
    }


def report(
    reference: Mapping[str, Histogram],
    current: Mapping[str, Histogram],
    findings: Iterable[Finding],
    *,
    name: str,
    at: datetime,
    coarsen: Callable[[Histogram], Histogram] = coarsened,
) -> Report:
    """Draw Evidently's report; whatever goes wrong becomes a reason and stops nothing.

    Args:
        reference: the reference in counts, by what findings call the subject.
        current: the window in counts, likewise.
        findings: already published; those of drift with a value are shown, digit for digit.
        name: what the run is called in Evidently.
        at: when the window ended.
        coarsen: folds small cells away. It sees the rows that will be drawn, so that no bar
            stands for 1 to 10 of them, scaled down or not.
    """
    named = {(f.metric, f.subject): f for f in reversed([*findings]) if f.group is None}
    drift = [f for f in reversed(named.values()) if f.family == "drift"]
    left_out: dict[str, str] = {}
    drawn: dict[str, tuple[pd.Series[Any], pd.Series[Any]]] = {}
    for column in dict.fromkeys(finding.subject for finding in drift):
        try:
            drawn[column] = _drawable(column, reference, current, coarsen)
        except NotComputable as error:
            left_out[column] = str(error)
    for column in list(drawn):
        if all(f.value is None for f in drift if f.subject == column):
            reasons = {f.reason for f in drift if f.subject == column and f.reason}
            left_out[column] = "; ".join(sorted(reasons)) or "it has no figure"
            del drawn[column]
    shown = [f for f in drift if f.value is not None]
    try:
        with _evidently():
            return _report(drawn, shown, left_out, name, at)
    except Exception as error:  # noqa: BLE001  a picture must never stop a monitoring run
        return Report(left_out=left_out, reason=f"Evidently failed ({type(error).__name__})")


def add_to_workspace(folder: Path, project: str, snapshot: str) -> str:
    """Put a report where `evidently ui --workspace FOLDER` shows it; returns the run's id there.

    A project and a run are known by their names, so the same window again takes the place of
    its earlier report. Evidently's server loads every report it has: keep the folder small.
    """
    with _evidently():
        from evidently.core.report import Snapshot
        from evidently.ui.workspace import ProjectModel, Workspace

        run = Snapshot.loads(snapshot)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        workspace = Workspace.create(str(folder))
        known = workspace.search_project(project)
        project_id = known[0].id if known else uuid.uuid5(uuid.NAMESPACE_URL, project)
        if not known:
            workspace.add_project(ProjectModel(id=project_id, name=project))
        run_id = uuid.uuid5(project_id, run.get_name() or "")
        workspace.state.write_snapshot(project_id, run_id, run.to_snapshot_model())
        return str(run_id)


def _histograms(profile: Profile, config: ModelConfig, subjects: Iterable[str]) -> dict[str, Histogram]:
    """By subject; the score's under "score", decision and outcome from the cube of everyone."""
    found = dict(profile.histograms)
    if config.columns.score in found:
        found["score"] = found[config.columns.score]
    everyone = profile.cubes[EVERYONE]
    for role, value in (("decision", everyone.decision), ("outcome", everyone.outcome)):
        if role in subjects:
            ones, zeros, unknown = (int(everyone.n[value == v].sum()) for v in (1, 0, -1))
            found[role] = Histogram(role, CategoryBins(("1", "0")), (ones, zeros), missing=unknown)
    return found


@contextmanager
def _evidently() -> Iterator[None]:
    """One user of Evidently at a time, its warnings kept, the global generator put back."""
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        state = np.random.get_state()  # Evidently reseeds it
        try:
            yield
        finally:
            np.random.set_state(state)
            _shown.clear()


def _drawable(
    column: str,
    reference: Mapping[str, Histogram],
    current: Mapping[str, Histogram],
    coarsen: Callable[[Histogram], Histogram],
) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """A column's rows on both sides, or NotComputable with what is wrong with them."""
    sides: list[pd.Series[Any]] = []
    for side, histograms in (("reference", reference), ("window", current)):
        histogram = histograms.get(column)
        if histogram is None:
            raise NotComputable(f"the {side} has no counts of it")
        shown = coarsen(scaled(histogram))
        rows = rebuilt(shown, missing="(missing)").rename(column)
        if rows.dropna().empty and not _valued(histogram):
            raise NotComputable(f"the {side} has no values of it")
        if rows.dropna().empty or any(small(int(n)) for n in shown.cells):
            raise NotComputable(f"the {side} has fewer people than may be shown")
        sides.append(rows)
    return sides[0], sides[1]


def _valued(histogram: Histogram) -> bool:
    """Whether anybody has a value that could be drawn, before those of a few are left out."""
    if isinstance(histogram.bins, NumericBins):
        return sum(histogram.counts) + histogram.below + histogram.above > 0
    return histogram.rows > 0


def _report(
    drawn: Mapping[str, tuple[pd.Series[Any], pd.Series[Any]]],
    findings: Sequence[Finding],
    left_out: dict[str, str],
    name: str,
    at: datetime,
) -> Report:
    import pandas as pd
    from evidently import DataDefinition, Dataset
    from evidently import Report as Page
    from evidently.core.report import Snapshot
    from evidently.metrics import ValueDrift

    _tell(findings)

    def run(columns: Sequence[str]) -> Any:
        definition = DataDefinition(
            numerical_columns=[c for c in columns if drawn[c][0].dtype == np.float64],
            categorical_columns=[c for c in columns if drawn[c][0].dtype != np.float64],
        )
        before, after = (
            Dataset.from_pandas(pd.DataFrame({c: drawn[c][side] for c in columns}), definition)
            for side in (0, 1)
        )
        metrics = [
            ValueDrift(column=f.subject, method=_OURS + f.metric, threshold=f.margin)
            for f in findings
            if f.subject in columns
        ]
        return Page(metrics).run(after, before, timestamp=at, name=name)

    columns = list(drawn)
    try:
        snapshot = run(columns) if columns else None
    except Exception:  # noqa: BLE001  one column must not take the others down: find it
        for column in columns[:]:
            try:
                run([column])
            except Exception as error:  # noqa: BLE001  likewise
                left_out[column] = f"Evidently failed on it ({type(error).__name__})"
                columns.remove(column)
        snapshot = run(columns) if columns else None
    if snapshot is None:
        return Report(left_out=left_out, reason=NOTHING)
    text = json.dumps(_strict(json.loads(snapshot.dumps())), allow_nan=False, ensure_ascii=False)
    page = Snapshot.loads(text).get_html_str(as_iframe=False)
    return Report(text, page.encode(), tuple(columns), left_out)


def _tell(findings: Sequence[Finding]) -> None:
    """Make each metric a test of Evidently's that answers with our figure and our verdict."""
    from evidently.legacy.calculations.stattests import StatTest, register_stattest
    from evidently.legacy.core import ColumnType

    for finding in findings:
        place = (finding.metric, finding.subject)
        _shown[place] = (float(finding.value or 0.0), finding.verdict is Verdict.BEYOND)
        if finding.metric not in _registered:
            test = StatTest(
                name=_OURS + finding.metric,
                display_name=f"{finding.metric} by Rounds, in {finding.unit}",
                allowed_feature_types=[ColumnType.Numerical, ColumnType.Categorical],
            )
            register_stattest(test, _answer(finding.metric))
            _registered.add(finding.metric)


def _answer(metric: str) -> Callable[..., tuple[float, bool]]:
    def figure(reference: pd.Series[Any], *_: object) -> tuple[float, bool]:
        return _shown[metric, str(reference.name)]

    return figure


def _strict(value: Any) -> Any:
    """Without NaN and infinities, which JSON does not have, and without the untrue pictures."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _strict(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_strict(item) for item in value if not _untrue(item)]
    return value


def _untrue(item: Any) -> bool:
    return isinstance(item, dict) and item.get("title") == _UNTRUE_TAB

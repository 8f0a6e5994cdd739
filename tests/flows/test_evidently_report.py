"""Evidently's report shows our figures, survives any column, and shows nobody."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from flows import evidently_report
from flows.evidently_report import Report, add_to_workspace, measure, methods, report, report_window
from flows.rebuilt import ROWS, rebuilt, scaled
from monitors import discovery
from monitors.audit import Audit, Finding, Verdict
from monitors.config_file import parse
from monitors.cube import Cube
from monitors.errors import NotComputable
from monitors.histogram import CategoryBins, Histogram, NumericBins
from monitors.profile import EVERYONE, Profile
from monitors.reference import Reference
from monitors.told import small
from monitors.window import Window

END = datetime(2026, 1, 12, tzinfo=UTC)
URINE = NumericBins((0.0, 1.0, 2.0, 3.0), (0.5, 1.5, 2.5), 0.8)
WARDS = CategoryBins(("icu", "surgery"))

REFERENCE = {
    "urine": Histogram("urine", URINE, (3000, 4000, 3000), missing=500, below=40, above=60),
    "ward": Histogram("ward", WARDS, (6000, 4000), missing=100, other=500),
}
CURRENT = {
    "urine": Histogram("urine", URINE, (100, 200, 280), missing=20, above=12),
    "ward": Histogram("ward", WARDS, (300, 280), missing=12, unseen=20),
}


def distances(
    reference: dict[str, Histogram] = REFERENCE, current: dict[str, Histogram] = CURRENT
) -> list[Finding]:
    """Every distance of every column, from the true counts, as an audit would hold them."""
    found = []
    for column, now in current.items():
        was = reference[column]
        kind = "numeric" if isinstance(now.bins, NumericBins) else "categorical"
        for name, metric in discovery.metrics().items():
            if metric.facts.reads != "distance" or kind not in metric.facts.kinds:
                continue
            if metric.facts.ordered:
                value = metric.compute(was.ordered, now.ordered, was.positions)
            else:
                value = metric.compute(was.cells, now.cells)
            found.append(finding(name, column, value=float(value)))
    return found


def finding(metric: str, subject: str, **given: Any) -> Finding:
    facts = {"family": "drift", "unit": "nats", "verdict": Verdict.BEYOND, "margin": 0.1, **given}
    return Finding(metric=metric, subject=subject, **facts)


def drawn(
    reference: dict[str, Histogram] = REFERENCE,
    current: dict[str, Histogram] = CURRENT,
    findings: list[Finding] | None = None,
) -> Report:
    shown = findings if findings is not None else distances(reference, current)
    return report(reference, current, shown, name="window", at=END)


def figures(snapshot: str) -> dict[tuple[str, str], float]:
    """What Evidently says of each column by each method."""
    read = json.loads(snapshot)
    found = {}
    for result in read["metric_results"].values():
        params = result["metric_value_location"]["metric"]["params"]
        found[params["method"].removeprefix("rounds:"), params["column"]] = result["value"]
    return found


def bars(snapshot: str) -> dict[str, int]:
    """Every bar's height in every picture, by what stands under it."""
    found: dict[str, int] = {}

    def walk(item: Any, at: str) -> None:
        if isinstance(item, dict):
            if item.get("type") == "bar" and item.get("visible") is True:  # the other is in percent
                pairs = list(zip(item["x"], item["y"], strict=True))
                assert all(isinstance(y, int) for _, y in pairs)
                found.update({f"{at} {item['name']} {x}": y for x, y in pairs})
            for key, value in item.items():
                walk(value, f"{at}/{key}")
        elif isinstance(item, list):
            for i, value in enumerate(item):
                walk(value, f"{at}/{i}")

    walk(json.loads(snapshot)["metric_results"], "")
    return found


def test_importing_it_does_not_load_evidently() -> None:
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, flows.evidently_report; print({'evidently', 'pandas'} & set(sys.modules))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "set()"


def test_every_figure_is_ours_to_the_last_digit() -> None:
    findings = distances()
    shown = drawn()
    assert shown.reason is None
    assert shown.columns == ("urine", "ward")
    assert figures(shown.snapshot) == {(f.metric, f.subject): f.value for f in findings}
    assert len(findings) > 10


def test_a_margin_and_a_verdict_are_ours_too() -> None:
    quiet = finding("psi", "urine", value=0.5, margin=0.7, verdict=Verdict.CANNOT_TELL)
    shown = drawn(findings=[quiet])
    assert "Data drift not detected" in shown.snapshot
    assert '"threshold": 0.7' in shown.snapshot
    loud = replace(quiet, verdict=Verdict.BEYOND)
    assert "Data drift detected" in drawn(findings=[loud]).snapshot


def test_the_page_is_whole_and_the_snapshot_strict_json() -> None:
    shown = drawn()

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(shown.snapshot, parse_constant=refuse)
    page = shown.html.decode()
    assert page.lstrip().startswith("<!doctype html>") or "<html" in page[:500]
    assert not re.findall(r"""<(?:script|link)[^>]+(?:src|href)=["']https?://""", page)
    assert "psi by Rounds" in page


def test_no_picture_pretends_that_rebuilt_rows_have_an_order() -> None:
    assert "Index binned" not in drawn().snapshot


def test_no_small_group_is_in_the_page() -> None:
    bins = CategoryBins(("common", "usual", "seldom"))
    before = {"kind": Histogram("kind", bins, (500, 400, 100), missing=3)}
    after = {"kind": Histogram("kind", bins, (60, 40, 4), missing=7, unseen=2)}
    shown = drawn(before, after, [finding("psi", "kind", value=0.2)])
    assert shown.reason is None
    heights = bars(shown.snapshot)
    assert heights
    assert not [n for n in heights.values() if small(n)]
    current = [name for name in heights if "current" in name]
    assert not [name for name in current if "seldom" in name]


def test_a_label_that_is_small_on_both_sides_is_nowhere() -> None:
    bins = CategoryBins(("common", "usual", "zz-ward-of-mrs-x"))
    before = {"kind": Histogram("kind", bins, (500, 400, 10))}
    after = {"kind": Histogram("kind", bins, (60, 40, 4))}
    shown = drawn(before, after, [finding("psi", "kind", value=0.2)])
    assert b"usual" in shown.html
    assert b"zz-ward-of-mrs-x" not in shown.html
    assert "zz-ward-of-mrs-x" not in shown.snapshot


def test_a_cell_scaled_down_to_a_few_rows_is_not_drawn_as_a_few() -> None:
    wide = {"ward": Histogram("ward", WARDS, (999_000, 1_000))}
    shown = drawn(wide, wide, [finding("psi", "ward", value=0.0)])
    heights = bars(shown.snapshot)
    assert sum(n for name, n in heights.items() if "current" in name) == ROWS
    assert not [n for n in heights.values() if small(n)]


def test_a_withheld_figure_is_not_shown() -> None:
    hidden = finding("psi", "ward", value=None, verdict=Verdict.WITHHELD, reason="too few")
    shown = drawn(findings=[hidden, finding("psi", "urine", value=0.4)])
    assert figures(shown.snapshot) == {("psi", "urine"): 0.4}
    assert shown.left_out == {"ward": "too few"}


@pytest.mark.parametrize(
    ("column", "reference", "current", "why"),
    [
        ("all missing", (50, 50, 50), None, "the window has no values of it"),
        ("never there", None, (50, 50, 50), "the reference has no values of it"),
        ("few", (50, 50, 50), (1, 2, 2), "the window has fewer people than may be shown"),
        ("one row", (50, 50, 50), (0, 1, 0), "the window has fewer people than may be shown"),
        ("ten", (50, 50, 50), (0, 10, 0), "the window has fewer people than may be shown"),
        ("few before", (2, 2, 1), (50, 50, 50), "the reference has fewer people than may be shown"),
        ("empty", (50, 50, 50), (0, 0, 0), "the window has no values of it"),
    ],
)
def test_an_awkward_column_is_left_out_by_name_and_the_others_stay(
    column: str,
    reference: tuple[int, ...] | None,
    current: tuple[int, ...] | None,
    why: str,
) -> None:
    def made(counts: tuple[int, ...] | None) -> Histogram:
        if counts is None:
            return Histogram(column, URINE, (0, 0, 0), missing=600)
        return Histogram(column, URINE, counts)

    shown = drawn(
        {**REFERENCE, column: made(reference)},
        {**CURRENT, column: made(current)},
        [finding("psi", column, value=1.0), finding("psi", "urine", value=0.4)],
    )
    assert shown.left_out == {column: why}
    assert figures(shown.snapshot) == {("psi", "urine"): 0.4}


@pytest.mark.parametrize("bins", [URINE, CategoryBins(("a", "b", "c"))])
def test_a_handful_of_values_is_never_called_none(bins: NumericBins | CategoryBins) -> None:
    few = Histogram("few", bins, (2, 0, 3))
    if isinstance(bins, NumericBins):
        few = replace(few, missing=1_000_000)  # of so many rows, five are none once scaled
    before = Histogram("few", bins, (50, 50, 50))
    shown = drawn({**REFERENCE, "few": before}, {**CURRENT, "few": few}, [finding("psi", "few", value=1.0)])
    assert shown.left_out == {"few": "the window has fewer people than may be shown"}


@pytest.mark.parametrize("name", ["target", "prediction", "id", "Ünï 'cødé' \"<b>\" / 1", "index"])
def test_any_name_of_a_column_will_do(name: str) -> None:
    shown = drawn(
        {name: replace(REFERENCE["urine"], column=name)},
        {name: replace(CURRENT["urine"], column=name)},
    )
    assert shown.reason is None
    assert shown.columns == (name,)


def test_constant_columns_are_drawn() -> None:
    flat = {"urine": Histogram("urine", NumericBins((5.0, 5.0), (5.0,), 0.0), (400,))}
    assert drawn(flat, flat, [finding("psi", "urine", value=0.0)]).columns == ("urine",)
    one = {"ward": Histogram("ward", CategoryBins(("icu",)), (400,))}
    assert drawn(one, one, [finding("psi", "ward", value=0.0)]).columns == ("ward",)


def test_a_reference_without_bins_is_left_out() -> None:
    none = {"new": Histogram("new", NumericBins((), (), 0.0), (), missing=300)}
    now = {"new": Histogram("new", NumericBins((), (), 0.0), (), missing=100, unseen=200)}
    shown = drawn(none, now, [finding("missing_share", "new", value=0.3)])
    assert shown.reason == "no column can be shown"
    assert set(shown.left_out) == {"new"}


def test_a_column_on_which_evidently_fails_does_not_take_the_others_down() -> None:
    # An infinite centre is what no histogram of ours holds; Evidently cannot draw it.
    broken = Histogram("broken", replace(URINE, centers=(np.inf, np.inf, np.inf)), (50, 50, 50))
    shown = drawn(
        {**REFERENCE, "broken": broken},
        {**CURRENT, "broken": broken},
        [finding("psi", "broken", value=1.0), finding("psi", "urine", value=0.4)],
    )
    assert shown.left_out == {"broken": "Evidently failed on it (ValueError)"}
    assert figures(shown.snapshot) == {("psi", "urine"): 0.4}


def test_whatever_goes_wrong_becomes_a_reason() -> None:
    mistaken: Any = finding("psi", "urine", value="many")
    assert drawn(findings=[mistaken]).reason == "Evidently failed (ValueError)"


def test_nothing_of_numpys_is_left_changed() -> None:
    np.random.seed(1)
    expected = np.random.random()
    np.random.seed(1)
    with evidently_report._evidently():
        np.random.seed(99)
    assert np.random.random() == expected


def test_evidently_ui_finds_the_report_once(tmp_path: Path) -> None:
    from evidently.ui.workspace import Workspace

    snapshot = drawn().snapshot
    folder = tmp_path / "workspace"
    first = add_to_workspace(folder, "sepsis", snapshot)
    assert add_to_workspace(folder, "sepsis", snapshot) == first
    other = add_to_workspace(folder, "sepsis", snapshot.replace('"name": "window"', '"name": "next"'))
    assert add_to_workspace(folder, "falls", snapshot) != first
    workspace = Workspace.create(str(folder))
    (project,) = workspace.search_project("sepsis")
    assert {str(run) for run in workspace.list_runs(project.id)} == {first, other}
    held = workspace.get_run(project.id, first)
    assert held.timestamp == END
    values = {result.value for result in held.metric_results.values()}
    assert values == {f.value for f in distances()}


def test_a_window_brings_its_files_and_its_place_in_the_workspace(tmp_path: Path) -> None:
    config = parse(
        "{model: sepsis, version: '1', source: {kind: files},"
        " columns: {time: at, score: risk, decision: flag, numeric: [urine], categorical: [ward]},"
        " window: P7D, reference: {from: 2025-01-06, to: 2025-06-30}}",
        "sepsis.yaml",
    )
    cubes = {EVERYONE: Cube.of("", [("", -1, 0, 1, -1, 300, 0), ("", -1, 1, 2, -1, 200, 0)])}
    week = Window.parse("2026-01-05T00:00:00Z/2026-01-12T00:00:00Z")
    before, after = (
        Profile(
            window=week,
            rows=612,
            duplicates=0,
            wrong_version=None,
            last=None,
            histograms={**side, "risk": replace(side["urine"], column="risk")},
            cubes=cubes,
        )
        for side in (REFERENCE, CURRENT)
    )
    audit = Audit(
        model="sepsis",
        version="1",
        window=week,
        stage="scored",
        rows=612,
        config="sha256:c",
        reference="sha256:r",
        profile=after.digest,
        software="0.1.0",
        findings=(
            finding("wasserstein", "score", value=0.3, n=592),
            finding("total_variation", "decision", value=0.0, n=500),
            finding("psi", "urine", value=0.4, n=9),
        ),
    )
    files = report_window(audit, config, Reference(before), after, tmp_path / "evidently")
    assert set(files) == {
        "evidently/report.html",
        "evidently/snapshot.json",
        "evidently/left_out.json",
    }
    snapshot = files["evidently/snapshot.json"]
    assert isinstance(snapshot, bytes)
    # Nine rows are too few to show: the figure was withheld on the way.
    assert figures(snapshot.decode()) == {("wasserstein", "score"): 0.3, ("total_variation", "decision"): 0.0}
    assert b"urine" in files["evidently/left_out.json"]
    assert list((tmp_path / "evidently").rglob("*.json"))


def test_a_number_that_json_lacks_becomes_null() -> None:
    assert evidently_report._strict({"a": [np.nan, np.inf, 1.0]}) == {"a": [None, None, 1.0]}


def test_evidentlys_own_figure_is_evidentlys() -> None:
    was, now = REFERENCE["urine"], CURRENT["urine"]
    sides = [rebuilt(scaled(h), missing=None).dropna() for h in (was, now)]
    expected = stats.ks_2samp(*sides).pvalue
    estimate = measure("ks", was, now)
    assert estimate.value == pytest.approx(expected)
    assert estimate.n == 592
    distance = stats.wasserstein_distance(*sides) / np.std(sides[0])
    assert measure("wasserstein", was, now).value == pytest.approx(distance)


@pytest.mark.parametrize("method", sorted(methods()))
def test_every_method_that_is_offered_answers(method: str) -> None:
    kind = "urine" if "num" in evidently_report._METHODS[method] else "ward"
    was, now = REFERENCE[kind], CURRENT[kind]
    if method == "z":
        two = CategoryBins(("icu", "surgery"))
        was, now = Histogram("ward", two, (60, 40)), Histogram("ward", two, (50, 50))
    estimate = measure(method, was, now)
    assert estimate.value is not None
    assert (estimate.value <= 1) or method not in evidently_report.P_VALUES


def test_what_evidently_registers_is_offered_or_refused_with_a_reason() -> None:
    measure("psi", REFERENCE["urine"], CURRENT["urine"])
    from evidently.legacy.calculations.stattests import registry

    theirs = {name for name in registry._registered_stat_tests if not name.startswith("rounds:")}
    assert theirs == methods() | set(evidently_report.REFUSED)
    for name in methods():
        kinds = {kind.value for kind in registry._registered_stat_tests[name]}
        assert kinds - {"text"} == evidently_report._METHODS[name]


def test_evidentlys_own_tests_stay_as_they_were() -> None:
    before = measure("psi", REFERENCE["ward"], CURRENT["ward"]).value
    drawn(findings=[finding("psi", "ward", value=123.0)])
    assert measure("psi", REFERENCE["ward"], CURRENT["ward"]).value == before


@pytest.mark.parametrize(
    ("method", "column", "why"),
    [
        ("mannw", "urine", "evidently:mannw is one-sided"),
        ("phi", "urine", "evidently:phi is not one of"),
        ("ks", "ward", "evidently:ks cannot measure 'ward', which is cat"),
    ],
)
def test_a_method_that_cannot_be_had_says_why(method: str, column: str, why: str) -> None:
    with pytest.raises(NotComputable, match=re.escape(why)):
        measure(method, REFERENCE[column], CURRENT[column])


def test_a_side_without_values_has_no_figure() -> None:
    nobody = Histogram("urine", URINE, (0, 0, 0), missing=40)
    assert measure("ks", REFERENCE["urine"], nobody).why == "no values on one side"
    assert measure("z", REFERENCE["ward"], CURRENT["ward"]).value is None


def test_a_figure_that_is_no_number_is_absent() -> None:
    flat = Histogram("urine", NumericBins((5.0, 5.0), (5.0,), 0.0), (400,))
    estimate = measure("t_test", flat, flat)
    assert estimate.value is None
    assert estimate.why == "evidently:t_test gives no number for these counts"


@pytest.mark.parametrize("total", [7, ROWS, ROWS + 1, 1_234_567])
def test_rebuilt_rows_keep_the_shares(total: int) -> None:
    parts = tuple(int(n) for n in np.random.default_rng(total).multinomial(total, [0.5, 0.3, 0.2]))
    histogram = Histogram("urine", URINE, (*parts[:2], 0), missing=parts[2])
    shown = scaled(histogram)
    assert shown.rows == min(total, ROWS) == len(rebuilt(shown, missing=None))
    assert np.abs(shown.cells - histogram.cells * shown.rows / total).max() < 1

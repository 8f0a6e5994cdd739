"""An onlooker with every file of successive shareable reports, and the pages that were there before.

Three windows are reported, then all four, then the last alone. Everything the files hold is read, solved
together for the people behind it, and no count of 1 to 10 comes out.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from dashboards.report import formats, issue
from dashboards.report.facts import Facts
from dashboards.report.model import Figure, Report, Table
from monitors import assess as assessing
from monitors.assess import assess
from monitors.assessed import Assessed
from monitors.audit import Audit
from monitors.cube import Cube
from monitors.ledger import Ledger
from monitors.profile import Profile
from monitors.reference import Reference
from monitors.told import small
from monitors.window import Window, moment
from tests.monitors import test_pooled_attack as year
from tests.monitors import test_withholding_attack as one

NOW = moment("2026-03-01")
SPANS = (
    (year.WINDOWS[0].start, year.WINDOWS[2].end),
    (year.WINDOWS[0].start, year.WINDOWS[3].end),
    (year.WINDOWS[3].start, year.WINDOWS[3].end),
)
# What else a report counts: denominator and numerator, written again and not taken from the code.
COUNTED: dict[str, tuple[one.Holds, one.Holds]] = {
    **one.COUNTED,
    "negative_predictive_value": (lambda o, d: o != -1 and d == 0, lambda o, d: o == 0 and d == 0),
    "false_negative_rate": (lambda o, d: o == 1 and d != -1, lambda o, d: o == 1 and d == 0),
    "missed_per_1000": (lambda o, d: o != -1 and d != -1, lambda o, d: o == 1 and d == 0),
    "scored_share": (lambda o, d: True, lambda o, d: d != -1),
    "label_coverage": (lambda o, d: d != -1, lambda o, d: o != -1 and d != -1),
}
SHARES = (*one.SHARES, "negative_predictive_value", "false_negative_rate", "scored_share", "label_coverage")
COUNTS = (
    "n", "Events", "Flagged n", "Patients", "Scored encounters", "Outcome events",
    "Scored", "Flagged", "Right",
)  # fmt: skip


@dataclass
class World:
    """A year of people, what was released of its windows, and the reports with their files."""

    counts: list[one.People]
    releases: list[Audit]
    held: list[Assessed]
    reports: list[Report]
    files: dict[str, bytes]


def made(folder: Path) -> World:
    ledger = Ledger(f"sqlite:///{folder}/ledger.db", lambda: NOW)
    declared = year.config(periods=None)
    counts = year.year(1)
    before = Window(moment("2025-01-06"), moment("2025-06-02"))
    reference = Reference(year.profile(40 * counts[0], before))
    ledger.append("reference", reference.digest, reference.payload(), model="m")
    releases = []
    for window, people in zip(year.WINDOWS, counts, strict=True):
        seen = year.profile(people, window)
        audit = year.audit(declared, seen, None)
        audit = Audit.read({**audit.payload(), "reference": reference.digest})
        ledger.record(audit, seen)
        releases.append(year.release.keep(ledger, audit))
    held = [assess(ledger, declared, *span) for span in SPANS]
    reports = [issue.issue(ledger, each, NOW) for each in held]
    files = {
        f"{report.id}/report.{kind}": write(report)
        for report in reports
        for kind, write in formats.FORMATS.items()
    }
    return World(counts, releases, held, reports, files)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return made(tmp_path_factory.mktemp("reports"))


def learned(world: World) -> tuple[np.ndarray, np.ndarray]:
    """All that the releases and the reports' data files tell: rows of 0 and 1, and what they add to."""
    facts: dict[bytes, tuple[np.ndarray, float]] = {}

    def learn(line: np.ndarray, count: float | None) -> None:
        if count is not None:
            facts[line.tobytes()] = line, round(count)

    told = [(release, False) for release in world.releases]
    for held, report in zip(world.held, world.reports, strict=True):
        file = json.loads(world.files[f"{report.id}/report.json"])
        told.append((Audit.read(file["audit"]), held.aside))
    for seen, aside in told:

        def of(holds: one.Holds, aside: bool = aside) -> one.Holds:
            return (lambda o, d: o != -1 and d != -1 and holds(o, d)) if aside else holds

        span = str(seen.window)
        learn(year.row("", ("",), span, False, of(lambda o, d: True)), seen.rows)
        for f in seen.findings:
            if f.metric not in COUNTED:
                continue
            whole, part = (of(holds) for holds in COUNTED[f.metric])
            attribute, groups = (f.subject, f.holds or (f.group,)) if f.group is not None else ("", ("",))
            learn(year.row(attribute, groups, span, False, whole), f.n)
            learn(year.row(attribute, groups, span, False, part), f.events)
            if f.group is not None and f.reference_n is not None:
                learn(year.row(attribute, groups, span, True, whole), f.reference_n)
                if f.metric in SHARES and f.baseline is not None:
                    learn(year.row(attribute, groups, span, True, part), f.baseline * f.reference_n)
    lines = list(facts.values())
    return np.array([line for line, _ in lines]), np.array([count for _, count in lines])


def solved(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str, str, str, int]]:
    """Every count of 1 to 10 told to within less than ten, by all of it together."""
    read: Callable[[list[Audit]], tuple[np.ndarray, np.ndarray]] = lambda releases: learned(world)  # noqa: E731
    monkeypatch.setattr(year, "read", read)
    return year.recovered(world.counts, [])


def test_no_count_of_1_to_10_is_recovered_from_successive_reports(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not [*solved(world, monkeypatch)]


def test_reports_that_pass_by_the_register_give_small_counts_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted weakness: each report checked by itself alone."""
    monkeypatch.setattr(assessing, "register", lambda ledger, audit: [])
    assert next(solved(made(tmp_path), monkeypatch), None)


def test_something_of_groups_is_still_told(world: World) -> None:
    """Little, where every window was told by group before: what a period adds is what it gives away."""
    for report in world.reports[:2]:
        told = [f for f in report.audit["findings"] if f["group"] and f["n"] is not None]
        assert len(told) > 5


def tables(report: Report) -> Iterator[Table]:
    blocks = [b for s in (*report.sections, *report.appendices) for b in s.blocks]
    yield from (b for b in (*blocks, report.page.verdicts, report.page.options) if isinstance(b, Table))


def test_no_cell_that_counts_people_holds_1_to_10(world: World) -> None:
    seen = 0
    for report in world.reports:
        for table in tables(report):
            for at, column in enumerate(table.columns):
                if column.title in COUNTS:
                    held = [row[at].replace(",", "") for row in table.rows]
                    seen += sum(cell.isdigit() for cell in held)
                    assert not [c for c in held if c.isdigit() and small(int(c))], (table.id, column.title)
    assert seen > 20


def test_the_part_of_a_gap_that_is_miscalibration_stands_for_no_few_people(world: World) -> None:
    for report in world.reports:
        t3a = next(t for t in tables(report) if t.id == "t3a")
        titles = [c.title for c in t3a.columns]
        own, again, events = (titles.index(t) for t in ("Caught: TPR %", "TPR % if recalibrated", "Events"))
        for row in t3a.rows:
            if re.match(r"\d", row[own]) and re.match(r"\d", row[again]) and row[events].isdigit():
                share = float(row[own].split(" ")[0]) - float(row[again])
                assert not small(round(abs(share) / 100 * int(row[events]))), row


def cells(
    cube: Cube, groups: tuple[str, ...], rest: bool, edges: tuple[float, ...], fine: tuple[float, ...]
) -> np.ndarray:
    member = np.isin(np.array(cube.group), groups) ^ rest
    keep = member & (cube.cell >= 0) & (cube.outcome >= 0)
    place = np.clip(np.searchsorted(edges, np.asarray(fine)[cube.cell[keep]], side="right") - 1, 0, None)
    found = np.zeros((2, len(edges)), dtype=int)
    np.add.at(found, (cube.outcome[keep], place), cube.n[keep])
    return found


def test_no_band_of_a_drawing_holds_1_to_10_in_the_whole_or_in_any_window(world: World) -> None:
    for held in world.held:
        for attribute in ("", *Facts(held).attributes):
            views = Facts(held).views(attribute)
            if views is None:
                continue
            named = tuple(s.group for s in views.shown if s.group)
            places = [((g,), False) for g in named] + [(named, True), ((), True)]
            profiles: tuple[Profile, ...] = (held.profile, *held.parts)
            edges = views.shown[0].edges
            for profile in profiles:
                for groups, rest in places:
                    counted = cells(profile.cubes[attribute], groups, rest, edges, profile.score_edges)
                    assert not ((counted > 0) & (counted < 11)).any(), (attribute, groups, rest)


NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def numbers(text: str) -> set[str]:
    return set(NUMBER.findall(text))


def test_the_pictures_and_their_words_hold_no_number_that_no_table_tells(world: World) -> None:
    """Titles, descriptions, alt text, labels: ticks apart, all of it stands in the report's own words."""
    for report in world.reports:
        told = numbers(json.dumps(report.audit)) | numbers(
            " ".join(" ".join(r) for t in tables(report) for r in t.rows)
        )
        for section in report.sections:
            for block in section.blocks:
                if isinstance(block, Figure):
                    spoken = numbers(block.alt + block.reading)
                    rounded = {f"{float(n.replace(',', '')):.0f}" for n in told if "e" not in n}
                    scaled = {f"{100 * float(n.replace(',', '')):.0f}" for n in told if len(n) < 20}
                    free = {"100", "1,000", "0", "3", "4", *map(str, range(11, 30))}
                    assert spoken <= told | rounded | scaled | free, (
                        block.id,
                        spoken - told - rounded - scaled,
                    )
                    assert "data-" not in block.svg


def test_no_file_name_tells_a_count(world: World) -> None:
    for name in world.files:
        assert re.fullmatch(r"R-[0-9a-f]{12}/report\.(html|pdf|json)", name)


def test_the_pdf_says_no_number_that_the_page_does_not(world: World, tmp_path: Path) -> None:
    if shutil.which("pdftotext") is None:
        assert not os.environ.get("CI"), "CI installs pdftotext"
        pytest.skip("pdftotext is not installed")
    for report in world.reports:
        file = tmp_path / "report.pdf"
        file.write_bytes(world.files[f"{report.id}/report.pdf"])
        done = subprocess.run(["pdftotext", str(file), "-"], capture_output=True, text=True, check=True)
        page = re.sub(r"<[^>]+>", " ", world.files[f"{report.id}/report.html"].decode())
        glued = re.sub(r"\s|\u200b", "", page)
        lines = [re.sub(r"\s|\u200b", "", line) for line in done.stdout.splitlines()]
        foreign = {line for line in lines if line and line not in glued and numbers(line)}
        foreign = {line for line in foreign if not re.fullmatch(r"page\d+of\d+|\d{1,2}", line)}
        assert (
            not {n for line in foreign for n in numbers(line)} - numbers(glued) - {str(n) for n in range(40)}
        )

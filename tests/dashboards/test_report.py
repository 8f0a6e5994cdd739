"""The report: from counts to one model, from that to HTML and PDF, the same each time."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pikepdf
import pytest
from jsonschema import Draft202012Validator
from playwright.sync_api import Browser

from dashboards.report import formats, issue
from dashboards.report.model import Figure, Report, Table, schema
from monitors.assess import assess
from monitors.assessed import Edition
from monitors.errors import LedgerError
from monitors.ledger import Ledger
from monitors.window import moment
from tests.architecture.test_words import said
from tests.dashboards import committee

SMALL = {
    "a": {"tp": 300, "fp": 200, "fn": 100, "tn": 600},
    "b": {"tp": 120, "fp": 90, "fn": 130, "tn": 300},
    "c": {"tp": 12, "fp": 3, "fn": 8, "tn": 40},
}
SPOKEN = re.compile(r"\b(fair|unbiased|passed|compliant)\b", re.IGNORECASE)


def reported(folder: Path, edition: Edition = "shareable", at: str = "2026-05-01") -> tuple[Ledger, Report]:
    config = committee.declared("ward-risk", "race")
    ledger = committee.ledger_of(folder, config, "race", SMALL)
    return ledger, issue.issue(ledger, assess(ledger, config, edition=edition), moment(at))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return reported(tmp_path_factory.mktemp("report"))[1]


def tables(report: Report) -> dict[str, Table]:
    blocks = [b for s in (*report.sections, *report.appendices) for b in s.blocks]
    return {b.id: b for b in (*blocks, report.page.verdicts, report.page.options) if isinstance(b, Table)}


def test_every_row_of_a_table_has_a_cell_for_each_column(report: Report) -> None:
    for table in tables(report).values():
        assert {len(row) for row in table.rows} <= {len(table.columns)}, table.id
        assert table.rows, table.id


def test_the_sections_come_in_the_agreed_order(report: Report) -> None:
    assert [s.number for s in report.sections] == [str(n) for n in range(2, 16)]
    assert {s.number for s in report.appendices} == set("ABCDEFGHIJ")


def test_what_could_not_be_checked_is_never_empty(report: Report) -> None:
    assert len(report.page.unchecked) >= 3


def test_the_options_hold_doing_nothing_and_turning_it_off(report: Report) -> None:
    names = [row[0] for row in tables(report)["t8"].rows]
    assert names[:2] == ["Do nothing", "Turn it off"]


def test_doing_nothing_misses_as_many_as_were_missed(report: Report) -> None:
    option = next(row for row in report.page.options.rows if row[0] == "Do nothing")
    n = sum(sum(held.values()) for held in SMALL.values())
    missed = sum(held["fn"] for held in SMALL.values())
    assert option[2] == f"{1000 * missed / n:,.0f}"


def test_it_is_what_the_committed_schema_says(report: Report) -> None:
    Draft202012Validator(schema()).validate(json.loads(report.json()))
    assert Report.read(json.loads(report.json())) == report


def test_the_same_ledger_gives_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        ledger, report = reported(tmp_path / name)
        again = issue.issue(
            ledger, assess(ledger, committee.declared("ward-risk", "race")), moment("2027-01-01")
        )
        assert again == report, "what was issued stays"
        made.append({kind: write(report) for kind, write in formats.FORMATS.items()})
    assert made[0] == made[1]


def test_every_comparison_stands_whole_in_the_appendix_with_its_adjusted_p(report: Report) -> None:
    found = tables(report)
    whole = [row for name, t in found.items() if name.startswith("t4") and name != "t4" for row in t.rows]
    judged = [
        f for f in report.audit["findings"]
        if f["group"] and f["margin"] is not None and f["against"] == "rest" and f["severity"] == "committee"
    ]  # fmt: skip
    assert len(whole) == len(judged) >= 12
    place = [c.title for c in found["t4b"].columns].index("Adjusted p")
    assert sum(bool(re.fullmatch(r"<?[01]\.\d+", row[place])) for row in whole) >= 5


def test_the_attributes_of_hti_1_are_all_there_with_what_answers_them(report: Report) -> None:
    rows = tables(report)["attributes"].rows
    assert len(rows) == 31
    assert {row[3] for row in rows} <= {"yes", "partial", "no"}
    assert (
        dict(r[:2] for r in tables(report)["card"].rows)["Device status, as claimed"]
        == "Nobody recorded it here."
    )


def test_issuing_leaves_an_entry_and_the_chain_whole(tmp_path: Path) -> None:
    ledger, report = reported(tmp_path)
    entry = ledger.get(issue.KIND, report.id)
    assert entry is not None
    assert entry.summary["head"] == report.head
    assert ledger.verify() >= 4


def test_no_row_of_a_group_with_few_people_is_told(report: Report) -> None:
    for id_ in ("t1", "t3a", "t4"):
        held = [row for row in tables(report)[id_].rows if "race c" in row or row[:2] == ("race", "c")]
        assert held, id_
        assert any("withheld" in " ".join(row).lower() for row in held), id_


def test_the_restricted_edition_masks_what_is_small_and_says_what_it_is(tmp_path: Path) -> None:
    _, report = reported(tmp_path, "restricted")
    assert report.watermark == "Restricted: contains small counts"
    row = next(row for row in tables(report)["t3a"].rows if row[0] == "race c")
    assert "<11" in row
    assert tables(report)["t12"].rows[0][3] == "primary"


@pytest.mark.parametrize("edition", ["shareable", "restricted"])
def test_no_word_in_it_says_more_than_was_measured(tmp_path: Path, edition: Edition) -> None:
    _, report = reported(tmp_path, edition)
    page = formats.FORMATS["html"](report).decode()
    assert SPOKEN.findall(page) == []
    assert said(page) == []


def test_in_what_is_shared_both_kinds_of_withholding_look_alike(report: Report) -> None:
    assert {row[3] for row in tables(report)["t12"].rows} == {"not told apart"}


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        held = dict(attributes)
        self.tags.append(tag)
        self.loaded += [str(held[name]) for name in ("src", "style", "onclick") if name in held]
        if tag in ("link", "script", "img", "iframe", "object"):
            self.loaded.append(tag)
        if "id" in held:
            self.ids.append(str(held["id"]))
        if tag == "a":
            self.targets.append(str(held.get("href")))


def test_the_page_loads_and_runs_nothing(report: Report) -> None:
    page = _Page()
    page.feed(formats.FORMATS["html"](report).decode())
    assert page.loaded == []
    assert len(page.ids) == len(set(page.ids))
    assert {target.removeprefix("#") for target in page.targets} <= set(page.ids)


def test_a_period_the_ledger_does_not_hold_is_refused(tmp_path: Path) -> None:
    config = committee.declared("ward-risk", "race")
    ledger = committee.ledger_of(tmp_path, config, "race", SMALL)
    with pytest.raises(
        LedgerError, match="no audit of ward-risk version 1 there; run `rounds backfill` first"
    ):
        assess(ledger, config, moment("2030-01-01"), moment("2031-01-01"))


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_the_page_fits_is_silent_and_can_be_read_by_all(
    report: Report, browser: Browser, tmp_path: Path, width: int, scheme: str
) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(formats.FORMATS["html"](report))
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page, noise = context.new_page(), list[str]()
    page.on("console", lambda message: noise.append(message.text))
    page.on("request", lambda request: noise.append(request.url) if request.url != file.as_uri() else None)
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    page.evaluate((Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    context.close()
    assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found] == []
    assert noise == []


def test_the_pdf_is_tagged_of_both_standards_and_says_the_same(report: Report, tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    file.write_bytes(formats.FORMATS["pdf"](report))
    raw = file.read_bytes()
    for mark in (b"pdfuaid:part>1", b"pdfaid:part>2", b"pdfaid:conformance>A"):
        assert mark in raw, mark  # readers look for it in the file as it is
    with pikepdf.open(file) as document:
        assert document.Root.MarkInfo.Marked
        assert str(document.Root.Lang) == "en"
    if shutil.which("pdftotext") is None:
        assert not os.environ.get("CI"), "CI installs pdftotext"
        pytest.skip("pdftotext is not installed")
    read = subprocess.run(["pdftotext", str(file), "-"], capture_output=True, text=True, check=True)
    squeezed = re.sub(r"\s+", "", read.stdout)
    for said_ in (report.id, report.head, report.watermark, *report.page.unchecked, *report.page.answer):
        assert re.sub(r"\s+", "", said_) in squeezed
    assert re.search(r"page ?1 of \d+", read.stdout)


def test_every_figure_has_words_for_those_who_cannot_see_it(report: Report) -> None:
    drawn = [b for s in report.sections for b in s.blocks if isinstance(b, Figure)]
    assert {f.number for f in drawn} >= {"2", "3"}
    for figure in drawn:
        assert len(figure.alt) > 40
        assert figure.reading.endswith(".")
        assert "<title>" in figure.svg
        assert "<desc>" in figure.svg


def test_the_first_page_can_be_read_at_fourteen(report: Report) -> None:
    """Flesch and Kincaid's grade: a grade of 9 is an age of about 14."""
    text = " ".join((report.page.question, *report.page.answer, *report.page.unchecked, *report.page.changed))
    assert grade(text) <= 9.0


def grade(text: str) -> float:
    sentences = max(len(re.findall(r"[.?!](?:\s|$)", text)), 1)
    spoken = re.findall(r"[A-Za-z']+|\d+", text)
    syllables = sum(max(len(re.findall(r"[aeiouy]+", w.lower().removesuffix("e"))), 1) for w in spoken)
    return 0.39 * len(spoken) / sentences + 11.8 * syllables / len(spoken) - 15.59

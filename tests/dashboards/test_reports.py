"""The pages of reports: read as they were issued, the restricted edition by its readers alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from dashboards.app import create_app
from dashboards.identity import CURRENT, Identity
from dashboards.pages import reports
from dashboards.report import formats, issue
from dashboards.report.model import Report
from monitors.assess import assess
from tests.dashboards import committee
from tests.dashboards.conftest import served
from tests.dashboards.test_report import SMALL


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Report, Report]]:
    config = committee.declared("ward-risk", "race")
    ledger = committee.ledger_of(tmp_path_factory.mktemp("issued"), config, "race", SMALL)
    open_, closed = (
        issue.issue(ledger, assess(ledger, config, edition=edition), committee.NOW)
        for edition in ("shareable", "restricted")
    )
    app = create_app(ledger, {"ward-risk": config}, published=lambda a: a, now=lambda: committee.NOW)
    with served(app) as site:
        yield site, open_, closed


def test_the_files_are_those_the_command_writes(issued: tuple[str, Report, Report]) -> None:
    site, report, _ = issued
    with httpx.Client(base_url=site, trust_env=False) as client:
        for kind, write in formats.FORMATS.items():
            answer = client.get(f"/reports/{report.id}/report.{kind}")
            assert answer.content == write(report)
            assert answer.headers["content-type"] == reports.TYPES[kind]
        assert client.get(f"/reports/{report.id}/report.exe").status_code == 404


def test_the_restricted_edition_is_neither_listed_nor_served_to_anybody(
    issued: tuple[str, Report, Report],
) -> None:
    site, open_, closed = issued
    with httpx.Client(base_url=site, trust_env=False) as client:
        listed = client.get("/reports").text
        assert open_.id in listed
        assert closed.id not in listed
        assert [row["report"] for row in client.get("/api/reports").json()] == [open_.id]
        assert client.get(f"/reports/{closed.id}").status_code == 404
        assert client.get(f"/reports/{closed.id}/report.json").status_code == 404


@pytest.mark.parametrize(("role", "may"), [("viewer", False), ("auditor", True), ("admin", True)])
def test_the_restricted_edition_is_for_the_committee_s_roles(
    issued: tuple[str, Report, Report], tmp_path: Path, role: str, may: bool
) -> None:
    config = committee.declared("ward-risk", "race")
    ledger = committee.ledger_of(tmp_path, config, "race", SMALL)
    closed = issue.issue(ledger, assess(ledger, config, edition="restricted"), committee.NOW)
    entry = ledger.get(issue.KIND, closed.id)
    assert entry is not None
    mark = CURRENT.set(Identity("Ada", role))  # type: ignore[arg-type]
    assert reports.readable(entry) is may
    CURRENT.reset(mark)


@pytest.mark.browser
def test_a_report_opens_in_the_service_s_own_style_and_is_silent(
    issued: tuple[str, Report, Report], browser: Browser
) -> None:
    site, report, _ = issued
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page, noise = context.new_page(), list[str]()
    page.on("console", lambda message: noise.append(message.text))
    page.goto(site + "/decisions")
    page.get_by_role("link", name="all reports").click()
    page.get_by_role("link", name=report.id).click()
    assert page.locator("h1").inner_text() == report.title
    shown = page.evaluate("getComputedStyle(document.querySelector('.choices')).listStyleType")
    context.close()
    assert shown == "none"
    assert noise == []

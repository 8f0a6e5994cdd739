"""Every page over the demo's own ledger, and what a new reader finds there in three clicks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from dashboards.app import create_app
from flows import run as runs
from flows import source
from flows.home import Home
from monitors.audit import Verdict
from monitors.ledger import Ledger
from monitors.release import kept
from monitors.window import Window
from tests.dashboards.conftest import served

MODEL = Path(__file__).parents[2] / "configs" / "models" / "support-survival.yaml"
AT = datetime(1996, 1, 1, tzinfo=UTC)  # every outcome of the windows is known by then
SINCE, UNTIL = datetime(1993, 4, 1, tzinfo=UTC), datetime(1994, 1, 23, tzinfo=UTC)
NAME = "support-survival"
PAGES = (
    "/", f"/models/{NAME}", f"/models/{NAME}/groups", f"/models/{NAME}/groups?scores=race",
    f"/models/{NAME}/features", f"/models/{NAME}/features/urine", f"/models/{NAME}/features/dzgroup",
    f"/models/{NAME}/window", "/alerts", "/health", "/glossary", "/runbooks", "/metrics", "/api/models",
    f"/api/models/{NAME}/windows",
)  # fmt: skip
pytestmark = [pytest.mark.server]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """The demo's last windows with their outcomes, as its own run writes them; no copy to MLflow."""
    home = Home.of({}, tmp_path_factory.mktemp("demo"))
    list(runs.run(MODEL, home, runs.span(SINCE, UNTIL), AT, copy=False))
    return runs.open_ledger(home)


@pytest.fixture(scope="module")
def site(ledger: Ledger) -> Iterator[str]:
    config = source.read_to_show(MODEL)
    app = create_app(
        ledger, {config.model: config}, published=lambda audit: kept(ledger, audit), now=lambda: AT
    )
    with served(app) as address:
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def test_every_page_over_the_demo_answers(site: str) -> None:
    with httpx.Client(base_url=site, trust_env=False, timeout=600) as client:
        statuses = {path: client.get(path).status_code for path in PAGES}
    assert statuses == dict.fromkeys(PAGES, 200)


@pytest.mark.browser
def test_three_clicks_tell_whom_the_model_serves_worst_and_how_sure_that_is(
    site: str, ledger: Ledger, page: Page
) -> None:
    page.goto(site + "/")
    page.get_by_role("link", name="SUPPORT survival model (180 days)").click()  # one
    page.get_by_role("navigation", name="Pages of this model").get_by_role(
        "link", name="Groups"
    ).click()  # two
    answer = page.locator(".answer")
    expect(answer).to_be_visible()
    assert (answer.bounding_box() or {})["y"] < 600, "without scrolling"
    said = answer.inner_text()
    audit = kept(ledger, ledger.audits(NAME)[-1].audit)
    assert isinstance(audit.window, Window)
    judged = {f.group for f in audit.findings if f.family == "fairness" and f.verdict is not Verdict.WITHHELD}
    assert re.search(r"How sure:", said), said
    assert any(group and group in said for group in judged), said

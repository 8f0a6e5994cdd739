"""What a person sees: every page, wide and on a phone, in the light and in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboards import ward
from tests.dashboards.conftest import served
from tests.dashboards.test_sign_in import guarded, written

pytestmark = pytest.mark.browser
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
WIDTHS, SCHEMES = (1280, 390), ("light", "dark")
NOT_FOUND = "Failed to load resource: the server responded with a status of 404 (Not Found)"
LATE = (
    "preloaded using link preload but not used within a few seconds"  # said of a slow machine, not of a page
)


@pytest.fixture(params=[(w, s) for w in WIDTHS for s in SCHEMES], ids=lambda p: f"{p[0]}-{p[1]}")
def seen(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    context.set_default_navigation_timeout(120_000)  # a slow machine is no fault of a page
    yield context.new_page()
    context.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_navigation_timeout(120_000)  # a slow machine is no fault of a page
    yield context.new_page()
    context.close()


def test_every_page_fits_is_silent_stays_at_home_and_can_be_read_by_all(seen: Page, site: str) -> None:
    """One visit a page, so that the whole matrix takes seconds."""
    said: list[str] = []
    asked: list[str] = []
    seen.on("console", lambda message: said.append(message.text))
    seen.on("pageerror", lambda error: said.append(str(error)))
    seen.on("request", lambda request: asked.append(request.url))
    for name, path in ward.PAGES.items():
        seen.goto(site + path)
        seen.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
        wider = seen.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{name} is {wider} px too wide"
        assert seen.locator("h1").count() == 1, name
        seen.evaluate(AXE)  # through the debugger, which the page's policy does not bind
        found = seen.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found] == [], name
    assert [text for text in said if text != NOT_FOUND and LATE not in text] == []
    assert said.count(NOT_FOUND) == 1, "only the page that is not there"
    assert [url for url in asked if not url.startswith((site, "data:"))] == []
    assert any(url.endswith("/inter-latin.woff2") for url in asked)


def test_typing_filters_the_board_and_makes_a_link_of_it(page: Page, site: str) -> None:
    page.goto(site + "/")
    rows = page.locator("#board tbody tr")
    expect(rows).to_have_count(9)
    page.get_by_label("Find").press_sequentially("readmi", delay=10)
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Readmission 30d")
    expect(page.get_by_role("status")).to_contain_text("1 of 9 models")
    expect(page).to_have_url(site + "/?q=readmi")
    expect(page.get_by_label("Find")).to_be_focused()
    page.reload()
    expect(rows).to_have_count(1)


def test_choosing_a_verdict_filters_the_board(page: Page, site: str) -> None:
    page.goto(site + "/")
    page.get_by_label("Verdict").select_option("silent")
    expect(page.locator("#board tbody tr")).to_have_count(2)
    expect(page).to_have_url(site + "/?verdict=silent")


def test_a_site_filters_the_board_chosen_or_typed(page: Page, site: str) -> None:
    page.goto(site + "/")
    rows = page.locator("#board tbody tr")
    page.get_by_role("combobox", name="Site").focus()
    page.keyboard.type("So")  # as a keyboard chooses
    expect(rows).to_have_count(2)
    expect(page).to_have_url(site + "/?site=South")
    expect(page.get_by_role("status")).to_contain_text("2 of 9 models used at South")
    page.reload()
    expect(page.get_by_role("combobox", name="Site")).to_have_value("South")
    expect(rows).to_have_count(2)
    page.get_by_role("combobox", name="Site").select_option("")
    expect(rows).to_have_count(9)
    page.get_by_label("Find").press_sequentially("north", delay=10)
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("2 sites")


def test_a_deep_link_opens_its_window_and_the_steps_walk_on(page: Page, site: str) -> None:
    page.goto(site + "/models/sepsis-early-warning?window=2026-01-05")
    expect(page.get_by_label("Window", exact=True).locator("option:checked")).to_contain_text(
        "5 Jan – 12 Jan 2026"
    )
    expect(page.get_by_text("You are reading an earlier window")).to_be_visible()
    page.get_by_role("link", name="Later").click()
    expect(page.get_by_label("Window", exact=True).locator("option:checked")).to_contain_text(
        "12 Jan – 19 Jan 2026"
    )


def test_without_scripts_the_filter_still_works(browser: Browser, site: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site + "/")
    page.get_by_label("Find").fill("triage")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#board tbody tr")).to_have_count(1)
    page.get_by_label("Find").fill("")
    page.get_by_role("combobox", name="Site").select_option("North")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#board tbody tr")).to_have_count(1)
    expect(page.locator("#board")).to_contain_text("Sepsis early warning")
    context.close()


def test_the_keyboard_reaches_the_content_and_shows_where_it_is(page: Page, site: str) -> None:
    page.goto(site + "/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_hostile_names_stay_text(page: Page, site: str) -> None:
    opened: list[str] = []
    page.on("dialog", lambda dialog: (opened.append(dialog.message), dialog.dismiss()))
    page.goto(site + ward.PAGES["hostile"])
    expect(page.locator("h1")).to_have_text("odd-one")
    assert opened == []
    assert page.locator("main script").count() == 0
    assert "{{7*7}}" in page.content()


def test_print_shows_every_row_of_the_board(page: Page, site: str) -> None:
    page.goto(site + "/")
    page.emulate_media(media="print")
    expect(page.locator("#board tbody tr:visible")).to_have_count(9)
    expect(page.locator(".filter")).to_be_hidden()


@pytest.mark.parametrize("refused", [False, True], ids=["at first", "refused"])
def test_the_way_in_can_be_read_by_all(seen: Page, tmp_path: Path, refused: bool) -> None:
    app = guarded(written(tmp_path, "tokens: t.tokens"), tmp_path, ward_too=False)
    with served(app) as address:
        seen.goto(f"{address}/models/any?window=2026-01-05")  # leads to the way in
        expect(seen.locator("h1")).to_contain_text("Sign in")
        if refused:
            seen.get_by_label("Token").fill("not a token")
            seen.get_by_role("button", name="Sign in").click()
            expect(seen.get_by_text("Nobody holds this token.")).to_be_visible()
        assert seen.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        seen.evaluate(AXE)
        found = seen.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found] == []

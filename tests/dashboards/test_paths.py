"""The ways people take: three clicks to the group served worst, links that restore, keys, print, zones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboards import counted, ward

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, timezone_id="America/New_York")
    yield context.new_page()
    context.close()


def test_whom_the_model_serves_worst_and_how_sure_that_is_takes_two_clicks(page: Page, site: str) -> None:
    page.goto(site + "/")
    page.get_by_role("link", name="Sepsis early warning").first.click()
    page.get_by_role("navigation", name="Pages of this model").get_by_role("link", name="Groups").click()
    expect(page.locator("#worst")).to_contain_text("race black")
    expect(page.locator(".answer")).to_contain_text("How sure: sure enough to act.")
    expect(page.locator(".answer .pill")).to_have_text("Beyond")


def test_a_link_to_a_measure_an_attribute_and_a_window_restores_all_three(page: Page, site: str) -> None:
    page.goto(site + "/models/sepsis-early-warning/groups?window=2026-01-05")
    page.get_by_label("Measure").get_by_role("link", name="Flagged").click()
    page.get_by_label("Grouped by").get_by_role("link", name="sex").click()
    rows = page.locator("table.forest tbody tr")
    expect(rows).to_have_count(2)
    address = page.url
    page.goto(site + "/")
    page.goto(address)
    expect(rows).to_have_count(2)
    expect(page.locator("table.forest caption")).to_contain_text("Flagged")
    chosen = page.get_by_label("Window", exact=True).locator("option:checked")
    expect(chosen).to_contain_text("5 Jan – 12 Jan 2026")


def test_withheld_and_cannot_tell_look_like_themselves(page: Page, site: str) -> None:
    page.goto(site + ward.PAGES["groups"])
    withheld = page.locator("table.forest tbody tr", has_text="other")
    expect(withheld.locator("svg .mark.withheld")).to_have_count(1)
    expect(withheld.locator(".whisker")).to_have_count(0)
    unsure = page.locator("table.forest tbody tr", has_text="asian")
    expect(unsure.locator(".whisker.cannot_tell")).to_have_count(1)


@pytest.mark.parametrize(
    ("path", "typed", "left"),
    [("/models/sepsis-early-warning/window", "lactate", 3), (f"/models/{counted.NAME}/features", "heart", 1)],
)
def test_typing_filters_a_table_and_makes_a_link_of_it(
    page: Page, site: str, path: str, typed: str, left: int
) -> None:
    page.goto(site + path)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type(typed)
    rows = page.locator("#board tbody tr")
    expect(rows).to_have_count(left)
    expect(page).to_have_url(f"{site}{path}?q={typed}")
    page.reload()
    expect(rows).to_have_count(left)


def test_moments_are_in_the_readers_zone_and_in_utc_when_pointed_at(page: Page, site: str) -> None:
    page.goto(site + "/health")
    moment = page.locator("time.moment").first
    expect(moment).to_have_attribute("title", "4 Mar 2026, 09:00 UTC")
    expect(moment).to_contain_text("4 Mar 2026, 04:00")


@pytest.mark.parametrize("name", ["window", "groups", "features", "sick"])
def test_print_keeps_every_row(page: Page, site: str, name: str) -> None:
    page.goto(site + ward.PAGES[name])
    rows = page.locator("table.quality tbody tr")
    before = rows.count()
    page.emulate_media(media="print")
    expect(page.locator("table.quality tbody tr:visible")).to_have_count(before)
    expect(page.locator(".filter, .places").first).to_be_hidden()


def test_the_glossary_opens_at_the_word(page: Page, site: str) -> None:
    page.goto(site + ward.PAGES["groups"])
    page.locator('a.term[href$="#simultaneous-interval"]').first.click()
    expect(page.locator("#simultaneous-interval")).to_be_in_viewport()


@pytest.mark.parametrize("name", ["hostile", "hostile groups", "hostile window", "alerts"])
def test_hostile_names_stay_text_on_every_page(page: Page, site: str, name: str) -> None:
    opened: list[str] = []
    page.on("dialog", lambda dialog: (opened.append(dialog.message), dialog.dismiss()))
    page.goto(site + ward.PAGES[name])
    assert page.locator("main script").count() == 0
    assert "{{7*7}}" in page.content()
    assert opened == []

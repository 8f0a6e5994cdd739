"""The readiness page: all it holds is said, it loads nothing, and everybody can read it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from dashboards.readiness import html, show
from monitors.readiness.report import Dimension, Readiness, Reason, Share

AT = datetime(2026, 5, 4, tzinfo=UTC)
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
REPORT = Readiness(
    source="ward <b>.csv", at=AT, rows=4000, first=AT, last=AT,
    groups={"language": {"English": 3900, "Spanish": 89, "Navajo": None}},
    dimensions=(
        Dimension.of(
            "completeness",
            [
                Reason("completeness", "limit", "weight", "weight: no value; mend `source.derive` <i>"),
                Reason("completeness", "repair", "weight", "weight: worse", "language", "Spanish"),
                Share("weight", "no value", "language", "English", 0.01),
                Share("weight", "no value", "language", "Spanish", 0.4),
                Share("weight", "no value", "language", "Navajo", None),
            ],
        ),
        Dimension.of("validity", [], [("language", "English")]),
        Dimension("agreement", absent="no `site` is named"),
    ),
)  # fmt: skip


def test_the_page_says_the_grade_the_reasons_and_what_was_not_asked() -> None:
    page = html(REPORT)
    assert "Repair first: a model learned or audited on it as it is would be misled; 2 of 3" in page
    assert "ward &lt;b&gt;.csv" in page
    assert "mend <code>source.derive</code> &lt;i&gt;" in page
    assert "no `site` is named" in page
    assert page.index("weight: worse") < page.index("weight: no value; mend")
    assert not re.search(r"<(script|link|img|iframe)\b", page)
    cells = re.findall(
        r"<th scope=\"row\"><bdi>(\w+)</bdi></th><td class=\"figure\">([^<]+)</td>(.*?)</tr>", page
    )
    assert [(group, rows) for group, rows, _ in cells] == [
        ("English", "3,900"), ("Spanish", "89"), ("Navajo", "withheld")
    ]  # fmt: skip
    marks = {group: re.findall(r"<b>(\w)</b>|class=\"none\">([^<]+)<", rest) for group, _, rest in cells}
    assert marks["English"] == [("A", ""), ("A", ""), ("", "–")]
    assert marks["Spanish"] == [("C", ""), ("", "–"), ("", "–")]
    assert marks["Navajo"] == [("", "withheld"), ("", "–"), ("", "–")]


def test_a_terminal_shows_the_gravest_first(capsys: pytest.CaptureFixture[str]) -> None:
    show(REPORT)
    shown = capsys.readouterr().out
    assert shown.startswith("C repair first")
    assert shown.index("weight: worse") < shown.index("weight: no value")
    assert "not asked" in shown


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_and_can_be_read_by_all(
    browser: Browser, tmp_path: Path, width: int, scheme: str
) -> None:
    (tmp_path / "readiness.html").write_text(html(REPORT), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"file://{tmp_path}/readiness.html")
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.evaluate(AXE)
    found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    page.close()
    assert wider <= 0
    assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found] == []

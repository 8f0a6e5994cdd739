"""The notebook page's own block runs, and what it shows needs nothing, runs nothing, tells nothing small."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser, expect

import rounds
from dashboards import notebook
from monitors.audit import DRAWN_BY, Audit
from monitors.errors import SourceInvalid
from tests.dashboards import ward

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "configs/models/support-survival.yaml"
DATA = ROOT / "configs/data/support2/support2.csv.gz"


@pytest.fixture(scope="module")
def audit() -> Audit:
    """What the page's block leaves behind."""
    text = (ROOT / "docs/notebook.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    held: dict[str, Audit] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        exec(compile(block, "docs/notebook.md", "exec"), held)
    return held["audit"]


def test_an_audit_shows_itself_with_charts_and_withholds(audit: Audit) -> None:
    shown = audit._repr_html_()
    assert shown is not None
    assert shown.startswith('<iframe sandbox=""')
    inside = html.unescape(re.findall(r'srcdoc="(.*?)" width', shown, re.DOTALL)[0])
    assert "28 Sep – 27 Dec 1993" in inside
    assert inside.count("<svg") > 20
    assert "Withheld" in inside
    assert "<script" not in inside
    assert not re.search(r'(src|href)="', inside)


def test_another_table_may_hold_the_reference(audit: Audit) -> None:
    rows = pl.read_csv(DATA, infer_schema_length=None)
    phase_one = rows["admit_date_est"] < "1991-09"
    again = rounds.audit(
        rows.filter(~phase_one), CONFIG, reference=rows.filter(phase_one), window="1993-09-28"
    )
    assert [f.key for f in again.findings] == [f.key for f in audit.findings]
    assert again.rows == audit.rows


def test_what_is_no_table_is_named() -> None:
    with pytest.raises(SourceInvalid, match="a list is no table; pass a pandas, Polars or Arrow table"):
        rounds.audit([1], CONFIG)


def test_without_the_notebook_an_audit_shows_its_text(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitors.audit.DRAWN_BY", [])
    assert audit._repr_html_() is None


@pytest.mark.browser
def test_a_browser_shows_it_and_hostile_names_stay_text(browser: Browser, audit: Audit) -> None:
    odd = replace(audit, model=ward.HOSTILE, findings=(*audit.findings, *ward.hostile(9)))
    assert [notebook.html] == DRAWN_BY
    context = browser.new_context(viewport={"width": 1000, "height": 900})
    page = context.new_page()
    opened: list[str] = []
    page.on("dialog", lambda dialog: (opened.append(dialog.message), dialog.dismiss()))
    page.set_content(notebook.html(odd))
    inside = page.frame_locator("iframe")
    expect(inside.locator("h1")).to_have_text("28 Sep – 27 Dec 1993")
    expect(inside.locator("table.forest tbody tr").first).to_be_visible()
    assert opened == []
    context.close()

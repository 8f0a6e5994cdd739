"""The site: every page has its place, every link and anchor leads somewhere, nothing comes from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import site


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    assert site.build(folder) == []
    return folder / "site"


def test_every_page_is_on_the_site_where_index_says(built: Path) -> None:
    pages = {page.relative_to(site.DOCS).with_suffix(".html").as_posix() for page in site.DOCS.rglob("*.md")}
    made = {page.relative_to(built).as_posix() for page in built.rglob("*.html")}
    assert pages <= made
    home = (built / "index.html").read_text(encoding="utf-8")
    assert [p for p in pages if f'href="{p}"' not in home and f'href="./{p}"' not in home] == []


def test_the_search_is_beside_the_pages(built: Path) -> None:
    assert (built / "search.js").stat().st_size > 100_000
    assert 'src="site/iframe-worker.js"' in (built / "index.html").read_text(encoding="utf-8").replace(
        "./", ""
    )


def test_a_page_without_a_place_and_a_link_to_nowhere_stop_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "DOCS", tmp_path / "docs")
    monkeypatch.setattr(site, "INDEX", tmp_path / "docs" / "index.md")
    for folder in ("", *site.FOLDERS):
        (tmp_path / "docs" / folder).mkdir()
    (tmp_path / "docs" / "lost.md").write_text("# Lost\n", encoding="utf-8")
    site.INDEX.write_text("# Home\n\n## Begin\n\n- [Here](here.md): it\n", encoding="utf-8")
    assert site.build(tmp_path) == ["docs/index.md does not name lost.md: say where it is read"]
    (tmp_path / "docs" / "lost.md").rename(tmp_path / "docs" / "here.md")
    (tmp_path / "docs" / "here.md").write_text("# Here\n\n[no](index.md#not-there)\n", encoding="utf-8")
    (said,) = site.build(tmp_path)
    assert "anchor does not exist" in said


def test_what_is_fetched_from_elsewhere_is_seen(tmp_path: Path) -> None:
    page = '<script src="https://cdn.example/a.js"></script><a href="https://fine.example">a link</a>'
    (tmp_path / "a.html").write_text(page, encoding="utf-8")
    assert site.fetched(tmp_path) == ['<script src="https://cdn.example/a.js"']

"""The documentation as a site in build/site: docs/ in the order of docs/index.md, readable without a network.

    python -m scripts.site

docs/index.md is the only table of contents: its headings become the sections, its links the pages. Nothing
is loaded from elsewhere, and the search works from the file system. A page that index.md does not name, a
link that leads nowhere, or anything fetched from another host stops it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
INDEX = DOCS / "index.md"
FOLDERS = ("runbooks", "decisions")  # listed by themselves, page by page
_LINK = re.compile(r"(?m)^- \[([^\]]+)\]\(([^)]+)\)")
_ELSEWHERE = re.compile(r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=\"(?:https?:)?//[^\"]+\"")
# Links as GitHub and the dashboards have them, and as the site does.
_AS_SITE = (
    ("](../CHANGELOG.md)", "](changelog.md)"),
    *((f"]({folder})", f"]({folder}/index.md)") for folder in FOLDERS),
)
_SLUGS = {"object": "pymdownx.slugs.slugify", "kwds": {"case": "lower"}}  # anchors as GitHub makes them
SETTINGS: dict[str, Any] = {
    "site_name": "Rounds",
    "docs_dir": "source",
    "site_dir": "site",
    "use_directory_urls": False,
    "theme": {
        "name": "material",
        "font": False,
        "features": [
            "content.code.copy", "navigation.footer", "navigation.sections", "navigation.top",
            "search.highlight", "toc.follow",
        ],
        "palette": [
            {"media": f"(prefers-color-scheme: {scheme})", "scheme": name,
             "toggle": {"icon": f"lucide/{icon}", "name": f"To {other}"}}
            for scheme, name, icon, other in (
                ("light", "default", "moon", "dark"), ("dark", "slate", "sun", "light"),
            )
        ],
    },
    "plugins": ["search", "offline"],
    "extra_css": ["site/extra.css"],
    # Search from the file system needs it; unnamed, it would be fetched from another host.
    "extra": {"generator": False, "polyfills": ["site/iframe-worker.js"]},
    "markdown_extensions": [
        "tables", "sane_lists", {"toc": {"permalink": True, "slugify": _SLUGS}},
        "pymdownx.highlight", "pymdownx.superfences",
    ],
}  # fmt: skip


def sections() -> list[tuple[str, list[tuple[str, str]]]]:
    """The sections of docs/index.md, each a heading with its links: a title and where it leads."""
    _, *parts = re.split(r"(?m)^## ", INDEX.read_text(encoding="utf-8"))
    return [(part.partition("\n")[0], _LINK.findall(part)) for part in parts]


def unplaced() -> list[str]:
    """The pages of docs/ that docs/index.md does not name."""
    named = {target for _, links in sections() for _, target in links} | {INDEX.name}
    return sorted({page.name for page in DOCS.glob("*.md")} - named)


def title(page: Path) -> str:
    """A page's first heading."""
    return page.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")


def _listed(folder: str) -> list[tuple[str, str]]:
    return [(title(page), page.name) for page in sorted((DOCS / folder).glob("*.md"))]


def navigation() -> list[Any]:
    """What stands at the side, in the order of docs/index.md."""
    made: list[Any] = [{"Home": INDEX.name}]
    for heading, links in sections():
        pages: list[Any] = []
        for name, target in links:
            if target in FOLDERS:
                inside = [{said: f"{target}/{page}"} for said, page in _listed(target)]
                pages.append({name: [f"{target}/index.md", *inside]})
            else:
                pages.append({name: "changelog.md" if target.startswith("..") else target})
        made.append({heading: pages})
    return made


def lay_out(source: Path) -> None:
    """A copy of docs/ as the site needs it: links within it, the changelog, and a list for each folder."""
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(DOCS, source)
    (source / "changelog.md").write_bytes((ROOT / "CHANGELOG.md").read_bytes())
    for name, folder in (("Runbooks", "runbooks"), ("Decisions", "decisions")):
        lines = [f"- [{said}]({page})" for said, page in _listed(folder)]
        (source / folder / "index.md").write_text("\n".join([f"# {name}", "", *lines, ""]), encoding="utf-8")
    for page in source.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        for as_kept, as_shown in _AS_SITE:
            text = text.replace(as_kept, as_shown)
        text = re.sub(r"\]\(/runbooks/([a-z-]+)\)", r"](\1.md)", text)  # as the dashboards link them
        page.write_text(text, encoding="utf-8")


def fetched(site: Path) -> list[str]:
    """What the pages of a site would load from another host."""
    pages = [page.read_text(encoding="utf-8") for page in site.rglob("*.html")]
    return sorted({found for page in pages for found in _ELSEWHERE.findall(page)})


def build(folder: Path) -> list[str]:
    """Build the site in a folder's `site`; what is wrong, nothing where all is there."""
    if missing := unplaced():
        return [f"docs/index.md does not name {page}: say where it is read" for page in missing]
    lay_out(folder / SETTINGS["docs_dir"])
    config = folder / "mkdocs.yml"
    config.write_text(yaml.safe_dump(SETTINGS | {"nav": navigation()}, sort_keys=False), encoding="utf-8")
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict", "--config-file", str(config)]
    built = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)  # noqa: S603
    if built.returncode:
        return [re.sub(r"\x1b\[[0-9;]*m", "", built.stdout + built.stderr)]
    return [f"loaded from elsewhere: {found}" for found in fetched(folder / SETTINGS["site_dir"])]


def main() -> int:
    """Build it in build/site; 1 where something on it would not be there."""
    problems = build(ROOT / "build")
    print("\n".join(problems) or "build/site/index.html: open it, or serve the folder")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())

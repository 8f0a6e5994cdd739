"""Picture every page for docs/pages.md: one made ledger, the real server, Debian's Chromium.

`make pictures` takes some minutes; a name or more after `python -m scripts.pictures` pictures these alone.
"""

from __future__ import annotations

import io
import secrets
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
import uvicorn
from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from starlette.applications import Starlette

from dashboards.app import create_app
from dashboards.entry import Entry
from dashboards.sign_in import hashed
from dashboards.sign_in import read as sign_in
from flows import run as runs
from flows import source
from flows.home import Home
from monitors.acting import held
from monitors.governance.matters import matters
from monitors.ledger import Ledger
from monitors.release import kept
from scripts.pictured import AT, make

OUT = Path(__file__).parents[1] / "docs" / "images"
CHROMIUM = "/usr/bin/chromium"
SWITCHES = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
COLOURS = 112
MODEL = "/models/support-survival"


@dataclass(frozen=True, slots=True)
class Picture:
    """One page as it is seen: where, how wide and high, in which light, and from what on."""

    path: str
    height: int = 800
    width: int = 1280
    scheme: str = "light"
    start: str = ""  # what stands at the picture's upper edge; the page's own if nothing
    only: str = ""  # a part of the page, and nothing around it
    guarded: bool = False  # as where people sign in


def pictures(ledger: Ledger) -> dict[str, Picture]:
    """Every picture by its file's name."""
    known = matters(ledger)
    decided = next(matter for matter in known if matter.decisions)
    report = max(
        (e for e in ledger.entries("report", bodies=False) if "supersedes" in e.summary), key=lambda e: e.seq
    )
    queue = ledger.entries("review_queue", bodies=False)[-1].key
    alert = next(a for a in held(ledger, AT) if a.acknowledged)
    return {
        "fleet": Picture("/", 720),
        "fleet-phone": Picture("/", 900, 390, "dark"),
        "model": Picture(MODEL, 900),
        "finding": Picture(f"{MODEL}?window=1992-04-06", 1000, only=".acts"),
        "groups": Picture(f"{MODEL}/groups", 1160),
        "groups-phone": Picture(f"{MODEL}/groups", 1100, 390),
        "groups-scores": Picture(f"{MODEL}/groups", 710, scheme="dark", start="#scores"),
        "features": Picture(f"{MODEL}/features", 760),
        "feature": Picture(f"{MODEL}/features/urine", 960),
        "category": Picture(f"{MODEL}/features/dzgroup", 940, scheme="dark"),
        "window": Picture(f"{MODEL}/window", 860),
        "alerts": Picture("/alerts", 800),
        "alert-phone": Picture(f"/alerts?key={alert.key}", 900, 390, "dark"),
        "runbooks": Picture("/runbooks", 560),
        "runbook": Picture("/runbooks/missing-inputs", 760),
        "decisions": Picture("/decisions", 900),
        "decision": Picture(f"/decisions?matter={quote(decided.key, safe='')}", 900),
        "reports": Picture("/reports", 420),
        "report": Picture(f"/reports/{report.key}", 740),
        "inventory": Picture("/inventory", 740),
        "tool": Picture("/inventory?tool=fracture-reader", 860),
        "review": Picture(f"/review?queue={quote(queue, safe='')}", 1000),
        "evidence": Picture("/evidence", 640),
        "health": Picture("/health", 620),
        "glossary": Picture("/glossary", 560),
        "sign-in": Picture("/sign-in", 420, guarded=True),
    }


def apps(home: Home, files: list[Path], folder: Path) -> tuple[Ledger, Starlette, Starlette]:
    """The ledger, the pages over it, and the same where people sign in."""
    ledger = runs.open_ledger(home)
    configs = {config.model: config for config in map(source.read_to_show, files)}
    (folder / "sign-in.yaml").write_text("tokens: people.tokens\n", encoding="utf-8")
    tokens = folder / "people.tokens"
    tokens.touch(mode=0o600)
    tokens.write_text(f"Ada viewer {hashed(secrets.token_urlsafe())}\n", encoding="utf-8")
    entry = Entry.of(*sign_in(folder / "sign-in.yaml"), lambda: AT)

    def made(entry: Entry | None) -> Starlette:
        return create_app(ledger, configs, published=lambda a: kept(ledger, a), now=lambda: AT, entry=entry)

    return ledger, made(None), made(entry)


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """Where the application is served, on a free port of the loopback."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="critical", lifespan="off", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


def taken(browser: Browser, address: str, one: Picture) -> bytes:
    """A picture as a PNG of few colours, a third of the size."""
    context = browser.new_context(
        viewport={"width": one.width, "height": one.height},
        color_scheme="dark" if one.scheme == "dark" else "light",
        timezone_id="UTC",
        locale="en-GB",
    )
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(address + one.path, wait_until="networkidle")
    page.evaluate("document.fonts.ready")
    if one.start:
        page.locator(one.start).evaluate("at => scrollTo(0, at.getBoundingClientRect().top + scrollY - 24)")
    shot = page.locator(one.only).screenshot() if one.only else page.screenshot()
    context.close()
    return _few_colours(shot)


def _few_colours(shot: bytes) -> bytes:
    made = io.BytesIO()
    with Image.open(io.BytesIO(shot)) as image:
        full = image.convert("RGB")
        palette = _palette(full)
        # The nearest of them, told exactly: Pillow's own way rounds, and tints what is white.
        colours = np.array(palette.getpalette(), dtype=np.int32).reshape(-1, 3)
        seen, where = np.unique(np.asarray(full).reshape(-1, 3), axis=0, return_inverse=True)
        nearest = np.array([((colours - one) ** 2).sum(axis=1).argmin() for one in seen.astype(np.int32)])
        few = Image.fromarray(nearest[where.reshape(-1)].astype(np.uint8).reshape(full.size[::-1]), "P")
        few.putpalette(palette.getpalette() or [])
        few.save(made, "PNG", optimize=True)
    return made.getvalue()


def _palette(image: Image.Image) -> Image.Image:
    """Half the colours that cover most, as they are; half those most apart, so no verdict loses its own."""
    counted: list[tuple[int, tuple[int, int, int]]] = image.getcolors(1 << 24) or []  # type: ignore[assignment]
    often = [colour for _, colour in sorted(counted, reverse=True)[: COLOURS // 2]]
    apart = image.quantize(COLOURS - len(often), Image.Quantize.MAXCOVERAGE).getpalette() or []
    made = Image.new("P", (1, 1))
    made.putpalette([*(part for colour in often for part in colour), *apart])
    return made


def main(names: list[str]) -> int:
    """Picture the pages named, or all."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        ledger, app, guarded = apps(*make(folder), folder)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        with served(app) as open_to_all, served(guarded) as with_a_door:
            for title, one in pictures(ledger).items():
                if not names or title in names:
                    made = taken(browser, with_a_door if one.guarded else open_to_all, one)
                    (OUT / f"{title}.png").write_bytes(made)
                    print(f"docs/images/{title}.png, {len(made):,} bytes")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

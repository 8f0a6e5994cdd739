"""Write docs/demo-alerts.md: what the demo's eight windows would have told, and why."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from flows import run as runs
from flows.demo import END, START
from flows.home import Home
from monitors.acting import held
from monitors.alert import Alert, changes, standing
from monitors.audit import Audit, Verdict
from monitors.ledger import Ledger
from monitors.release import kept

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "configs" / "models" / "support-survival.yaml"
PAGE = ROOT / "docs" / "demo-alerts.md"
HEAD = """\
# What the demo alerts on

The demo audits nine thousand real inpatients of the SUPPORT study as if the model were live in the study's
second phase. Replayed window by window through the same debouncing that a live run uses, it tells what is
listed here and nothing else. Written by `python -m scripts.demo_alerts`; a test keeps it true.

| window | what | who acts | figures | why it was told |
| --- | --- | --- | --- | --- |
"""
TAIL = """
## What was looked at and not told

Checks somebody acts on that were beyond their margin in some window: {beyond}. Of these told: {told}. Pages
among them: {pages}. One window beyond is no news unless silence or impossible input cannot wait, and what
chance could have done is not beyond.

## How to read it

Urine output was recorded for nobody in the study's first phase and for nine of ten in the second. Missing
less often is a change of the feed too: the model was built where the measurement was never there. It is a
ticket for the interface team; nobody is woken for it.
"""


def audited(folder: Path) -> Ledger:
    """The ledger after the demo's windows."""
    home = Home.of({}, folder)
    list(runs.run(MODEL, home, runs.span(START, END), runs.now(), copy=False))
    return runs.open_ledger(home)


def shown(ledger: Ledger) -> list[Audit]:
    """The demo's windows as people may see them, and the alerts its ledger holds agree."""
    audits = [kept(ledger, r.audit) for r in ledger.audits("support-survival")]
    raised = {(h.notice.labels["metric"], h.notice.labels["subject"]) for h in held(ledger, runs.now())}
    replayed = {(a.finding.metric, a.finding.subject) for n in range(len(audits)) for a in told(audits, n)}
    assert raised == replayed, (raised, replayed)  # noqa: S101  the page would otherwise say what no run does
    return audits


def told(audits: list[Audit], place: int) -> list[Alert]:
    """The changes of one window, given those before it."""
    return list(changes(standing(audits[:place]), audits[place]))


def cells(alert: Alert) -> list[str]:
    """One line of the table."""
    found, window = alert.finding, alert.window
    figures = "–" if found.low is None else f"{found.value:.3g} ({found.low:.3g} to {found.high:.3g})"
    return [
        f"{window.start:%d %b %Y} to {window.end:%d %b %Y}",
        f"{found.name} {alert.state}",
        found.severity,
        f"{figures}, margin {found.margin:g}",
        alert.why,
    ]


def page(audits: list[Audit]) -> str:
    """The page's text."""
    lines, pages, count = [], 0, 0
    for place in range(len(audits)):
        for alert in told(audits, place):
            count += alert.state == "began"
            pages += alert.finding.severity == "page"
            lines.append(f"| {' | '.join(cells(alert))} |")
    beyond = {
        f.key for a in audits for f in a.findings if f.verdict is Verdict.BEYOND and f.severity != "info"
    }
    rows = "\n".join(lines) or "| – | nothing | – | – | – |"
    return HEAD + rows + "\n" + TAIL.format(beyond=len(beyond), told=count, pages=pages)


def main() -> int:
    """Run the demo's windows and write the page."""
    with tempfile.TemporaryDirectory() as folder:
        PAGE.write_text(page(shown(audited(Path(folder)))), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A ledger of many models, each with the demo's real audits and releases, and a scrape of it.

`python -m benchmarks.fleet scrape FOLDER` is a process of its own: what a restart costs.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

from configs import __file__ as shipped
from dashboards.exposition import Exposition
from dashboards.reading import Reading
from flows import run as runs
from flows.demo import END, START
from flows.home import Home
from monitors import glance
from monitors.acting import raised
from monitors.audit import Audit
from monitors.config_file import read
from monitors.ledger import Ledger
from monitors.notice import Notice
from monitors.release import RULES, kept

MODEL = Path(shipped).parent / "models" / "support-survival.yaml"


def name(number: int) -> str:
    """What the model of that number is called."""
    return f"model-{number:03d}"


def write(folder: Path, models: int, windows: int) -> None:
    """The demo's last windows, audited once, and then as if each model had given them."""
    home = Home.of({}, folder / "demo")
    list(runs.run(MODEL, home, runs.span(START, END), END, copy=False))
    demo = runs.open_ledger(home)
    audits = [(r.audit, kept(demo, r.audit)) for r in demo.audits("support-survival", last=windows)]
    profiles = {audit.profile: demo.profile(audit.profile) for audit, _ in audits}
    alerts = [Notice.read(entry.body) for entry in demo.entries("alert")]
    ledger = Ledger(f"sqlite:///{folder}/ledger.db", lambda: END)
    for number in range(models):
        for audit, release in audits:
            profile = profiles[audit.profile]
            assert profile is not None
            own = replace(audit, model=name(number))
            recorded, _ = ledger.record(own, profile)
            told = replace(release, model=name(number)).payload()
            ledger.append("release", f"{recorded.digest}|{RULES}", told, model=name(number), stage=own.stage,
                          version=own.version, window=str(own.window))  # fmt: skip
        for each in alerts:
            labels = {**each.labels, "model_id": name(number)}
            raised(ledger, replace(each, labels=labels), str(audits[-1][0].window))
        glance.keep(ledger, name(number))


def scrape(folder: Path, models: int) -> dict[str, object]:
    """The first scrape of a new process, and the one after it, in seconds of processor time."""
    config = read(MODEL)
    configs = {name(n): config.model_copy(update={"model": name(n)}) for n in range(models)}
    ledger = Ledger(f"sqlite:///{folder}/ledger.db", lambda: END)
    exposition = Exposition(Reading(ledger, configs, _never, lambda: END))
    took, body = [], b""
    for _ in range(3):
        begun = time.process_time()
        body = exposition.text()
        took.append(round(time.process_time() - begun, 3))
    (folder / "metrics.txt").write_bytes(body)
    series = sum(not line.startswith(b"#") for line in body.splitlines())
    return {"first": took[0], "again": min(took[1:]), "series": series, "bytes": len(body)}


def _never(_: Audit) -> Audit:
    raise AssertionError("a scrape that finds every glance kept publishes nothing anew")


if __name__ == "__main__":
    print(json.dumps(scrape(Path(sys.argv[2]), int(sys.argv[3]))))

"""Write the sample report in docs/: the shipped inpatients, the study's second phase against its first.

One window of two years, so that every group stands on two years of patients, the five hospitals among
them. The shipped plan is registered and approved first, for that window and with the reference's volumes;
its committee is an example. The clock is fixed, so the same files come out each time.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import yaml

from dashboards.crosswalk import rows
from dashboards.report import formats, issue
from flows import run as runs
from flows import source
from flows.home import Home
from monitors.assess import assess
from monitors.assessed import Edition
from monitors.audit import Audit
from monitors.config import ModelConfig
from monitors.evaluate import evaluate
from monitors.governance.audit_plan import AuditPlan
from monitors.governance.evidence import House
from monitors.governance.registration import approve, register
from monitors.governance.resolving import flags
from monitors.ledger import Ledger
from monitors.reference import Reference
from monitors.release import keep
from monitors.window import moment

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "configs" / "models" / "support-survival.yaml"
OUT = ROOT / "docs" / "sample"
PLAN = ROOT / "configs" / "plans" / "support-survival.yaml"
AT, AGREED = moment("2026-11-22"), moment("1991-12-09")
START, END = moment("1992-01-07"), moment("1994-01-07")


def declared(folder: Path) -> Path:
    """The shipped model with both years as one window."""
    said = yaml.safe_load(MODEL.read_text(encoding="utf-8"))
    # By the same name everywhere: where the data lie is part of what a configuration's digest is of.
    (folder / "data").symlink_to((MODEL.parent / said["source"]["path"]).parent.resolve())
    said["source"]["path"] = "data/*.csv.gz"
    said["window"] = {"length": "P24M", "anchor": "1992-01-07"}
    said["columns"]["sensitive"].append("site")
    del said["pooling"]["periods"]
    file = folder / MODEL.name
    file.write_text(yaml.safe_dump(said), encoding="utf-8")
    return file


def counted(folder: Path) -> tuple[Path, Ledger]:
    """The model's file, and a ledger that holds its one window, written at the fixed hour."""
    path = declared(folder)
    home = Home.of({}, folder / "home")
    (done,) = runs.run(path, home, runs.span(START, END), moment("1995-01-01"), copy=False)
    first = runs.open_ledger(home)
    entry = first.find("audit", done.digest)
    assert entry is not None  # noqa: S101  it was written a line above
    audit = Audit.read(entry.body)
    profile, reference = first.profile(audit.profile), first.find("reference", audit.reference)
    assert profile is not None and reference is not None  # noqa: S101, PT018
    url, config = f"sqlite:///{folder}/ledger.db", source.read(path)
    agreed(Ledger(url, lambda: AGREED), config, Reference.read(reference.body))
    fixed = Ledger(url, lambda: AT)
    fixed.append("reference", reference.key, reference.body, model=audit.model)
    fixed.record(audit, profile)
    keep(fixed, audit)
    return path, fixed


def agreed(ledger: Ledger, config: ModelConfig, reference: Reference) -> None:
    """The shipped plan for the one window, registered and approved by an invented committee."""
    said = yaml.safe_load(PLAN.read_text(encoding="utf-8"))
    said["period"] = {"from": START.date(), "to": END.date()}
    plan = AuditPlan.model_validate(said)
    period = plan.window(config)
    seen = evaluate(config, reference.profile, reference, "outcome", runs.setting(config))
    register(ledger, plan, period, flags(plan, period, seen, reference.profile.window))
    approve(
        ledger,
        plan.plan,
        1,
        "A. Name (an example)",
        "chair of an example committee",
        "agreed on phase I alone",
    )


def written(folder: Path, edition: Edition = "shareable") -> dict[str, bytes]:
    """The report's files by name."""
    path, ledger = counted(folder)
    config = source.read(path)
    house = House(ledger, {config.model: config}, AT, only=True)
    report = issue.issue(ledger, assess(ledger, config, START, END, edition), AT, rows(house))
    return {f"report.{kind}": write(report) for kind, write in formats.FORMATS.items()}


def main() -> int:
    """Write them."""
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        for file, content in written(Path(name)).items():
            (OUT / file).write_bytes(content)
            print(f"wrote {(OUT / file).relative_to(ROOT)}, {len(content):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())

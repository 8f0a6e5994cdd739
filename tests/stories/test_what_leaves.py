"""An onlooker with everything that leaves the ledger: pages, metrics, alerts, MLflow, Evidently, terminal.

One window is released twice, the second time with late rows and outcomes, and another beside it. What is
published is solved for the people behind it; and everything else is shown to say nothing more than that.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import yaml

from dashboards import terminal
from dashboards.app import create_app
from flows import run as runs
from flows.home import Home
from monitors.audit import Audit, Finding, Verdict
from monitors.config_file import parse
from monitors.ledger import Ledger
from monitors.release import RULES, kept
from monitors.told import small
from monitors.window import Window, moment
from tests.dashboards.conftest import served
from tests.monitors import test_withholding_attack as attack

MODEL = "sepsis"
WINDOWS = [Window.parse(f"2026-02-{a:02}T00:00:00Z/2026-02-{b:02}T00:00:00Z") for a, b in ((2, 9), (9, 16))]
NOW = moment("2026-02-20")
APPROVED = {"by": "ethics-committee", "when": "2026-01-01", "why": "few of each are seen"}
DECLARED: dict[str, Any] = {
    "model": MODEL,
    "version": "1",
    "source": {"kind": "files", "path": "ward.csv"},
    "columns": {"time": "at", "id": "visit", "score": "risk", "decision": {"score_at_least": 0.45},
                "outcome": "sepsis", "numeric": ["lactate"], "categorical": ["ward"],
                "sensitive": ["race", "sex", ["race", "sex"]]},
    "outcome": {"matures_after": "P3D"},
    "window": "P7D",
    "reference": {"from": "2026-01-05", "to": "2026-02-02"},
    "evidently": {"report": "always"},
    "pooling": {"approved": APPROVED, "groups": {"race": {"Other recorded groups": ["d", "e"]}}},
}  # fmt: skip


def rows(counts: attack.People, start: datetime, seed: int) -> Iterator[dict[str, Any]]:
    """People as rows, spread over a week; the score is on the decision's side of the threshold."""
    random = np.random.default_rng(seed)
    people = [cell for cell, n in zip(attack.CELLS, counts.tolist(), strict=True) for _ in range(n)]
    for i, k in enumerate(random.permutation(len(people)).tolist()):
        race, sex, outcome, decision = people[k]
        risk = {1: random.uniform(0.45, 0.9), 0: random.uniform(0.05, 0.449)}.get(decision)
        yield {
            "visit": f"{start:%m%d}-{i}",
            "at": (start + timedelta(days=7 * (i + 0.5) / len(people))).strftime("%Y-%m-%d %H:%M:%S"),
            "risk": "" if risk is None else round(float(risk), 6),
            "sepsis": "" if outcome < 0 else outcome,
            "lactate": round(float(random.lognormal(0.5, 0.5)), 3),
            "ward": random.choice(["icu", "ed", "surgery"]),
            "race": race,
            "sex": sex,
        }


@dataclass
class World:
    """A hospital's files, its ledger, and all that came out of it, by what it is."""

    ledger: Ledger
    home: Home
    counts: list[attack.People]
    artefacts: dict[str, str]

    def raw(self) -> list[Audit]:
        """Every audit as recorded, revisions too."""
        return [Audit.read(entry.body) for entry in self.ledger.entries("audit", model=MODEL)]

    def releases(self) -> list[tuple[Audit, Audit]]:
        """Each with what people saw of it."""
        return [(audit, kept(self.ledger, audit)) for audit in self.raw()]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("attacked")
    home = Home.of({}, folder / "home")
    (folder / f"{MODEL}.yaml").write_text(yaml.safe_dump(DECLARED), encoding="utf-8")
    starts = [datetime(2026, 1, 5, tzinfo=UTC) + timedelta(weeks=i) for i in range(6)]
    counts = [attack.people(seed) for seed in (2, 4, 6, 8, 1, 3)]
    made = [row for i, start in enumerate(starts) for row in rows(counts[i], start, i)]
    late = np.zeros_like(counts[-1])
    late[np.random.default_rng(5).choice(np.flatnonzero(counts[-1]), 4, replace=False)] = 1
    added = [{**row, "visit": f"late-{i}"} for i, row in enumerate(rows(late, starts[-1], 9))]
    for held in (made, [*made, *added]):
        with (folder / "ward.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(made[0]))
            writer.writeheader()
            writer.writerows(held)
        done = list(
            runs.run(folder / f"{MODEL}.yaml", home, runs.span(WINDOWS[0].start, WINDOWS[1].end), NOW)
        )
        assert [r.stage for r in done] == ["outcome", "outcome"]
    ledger = runs.open_ledger(home)
    seen = World(ledger, home, [counts[-2], counts[-1], counts[-1] + late], {})
    seen.artefacts |= pages(ledger, lambda audit: kept(ledger, audit)) | copied(home) | said(ledger)
    return seen


def pages(ledger: Ledger, published: Callable[[Audit], Audit]) -> dict[str, str]:
    """What a browser, Prometheus and a terminal get."""
    config = parse(yaml.safe_dump(DECLARED), f"{MODEL}.yaml")
    app = create_app(ledger, {MODEL: config}, published=published, now=lambda: NOW)
    paths = ["/", "/metrics", "/alerts", f"/models/{MODEL}", "/api/models"]
    paths += [f"/models/{MODEL}?window={w.start:%Y-%m-%d}" for w in WINDOWS]
    paths += [f"/api/models/{MODEL}/windows/{w}" for w in WINDOWS]
    found = {}
    with served(app) as site, httpx.Client(base_url=site, trust_env=False) as client:
        for path in paths:
            answer = client.get(path)
            assert answer.status_code == 200, path
            found[path] = answer.text
    for i, recorded in enumerate(ledger.audits(MODEL)):
        written = io.StringIO()
        with contextlib.redirect_stdout(written):
            terminal.show_audit(published(recorded.audit))
        found[f"terminal {i}"] = written.getvalue()
    return found


def copied(home: Home) -> dict[str, str]:
    """Every run in MLflow, superseded ones too, and Evidently's workspace."""
    from mlflow import MlflowClient
    from mlflow.entities import ViewType

    client = MlflowClient(tracking_uri=home.mlflow_uri, registry_uri=home.mlflow_uri)
    found = {}
    experiments = [e.experiment_id for e in client.search_experiments()]
    for run in client.search_runs(experiments, run_view_type=ViewType.ALL):
        data = run.data
        found[f"mlflow {run.info.run_id}"] = json.dumps([data.params, data.metrics, dict(data.tags)])
    for place in (home.mlflow, home.evidently):
        for file in place.rglob("*"):
            if file.suffix in (".json", ".html"):
                found[str(file.relative_to(home.folder))] = file.read_text(encoding="utf-8")
    return found


def said(ledger: Ledger) -> dict[str, str]:
    """What on-call people are told."""
    return {f"alert {e.key}": json.dumps(e.body) for e in ledger.entries("raised", model=MODEL)}


def secrets(releases: list[tuple[Audit, Audit]]) -> set[str]:
    """Numbers of findings, to six digits, that no release tells."""
    told: set[str] = set()
    hidden: set[str] = set()
    for raw, seen in releases:
        told |= {text for finding in seen.findings for text in digits(finding)}
        hidden |= {text for finding in raw.findings for text in digits(finding)}
    return hidden - told


def digits(finding: Finding) -> Iterator[str]:
    for each in fields(finding):
        value = getattr(finding, each.name)
        if isinstance(value, float) and len(f"{value:.6g}".strip("-0.").replace(".", "")) == 6:
            yield f"{abs(value):.6g}"


def spilled(artefacts: dict[str, str], hidden: set[str]) -> dict[str, set[str]]:
    """The artefacts in which such a number stands, whatever the digits it is written with."""
    found = {}
    for name, whole in artefacts.items():
        # Plotly's colour scales stop at ninths, which are also shares of nine people.
        text = re.sub(r"\[\s*[\d.]+,\s*\\*\"(#|rgb)", "", whole)
        numbers = {f"{float(t):.6g}" for t in re.findall(r"\d+\.\d{5,17}(?:e-?\d+)?", text)}
        if numbers & hidden:
            found[name] = numbers & hidden
    return found


def test_every_kind_of_artefact_is_there(world: World) -> None:
    names = " ".join(world.artefacts)
    for kind in ("/metrics", "/api/models", "/alerts", "terminal", "mlflow ", "audit.json", "report.html",
                 "snapshot.json"):  # fmt: skip
        assert kind in names
    assert len(world.raw()) == 3  # the second window twice


@pytest.mark.parametrize("which", range(3))
def test_no_count_of_1_to_10_is_recovered_from_what_is_published(world: World, which: int) -> None:
    _, seen = world.releases()[which]
    told = [f for f in seen.findings if f.metric in attack.COUNTED or f.metric == "missing_share"]
    told = [f for f in told if f.holds is None and (f.group is not None or f.subject == "model")]
    assert not attack.recovered(world.counts[which], *attack.read(seen.with_findings(tuple(told))))


def test_the_second_release_of_a_window_differs_from_the_first_by_none_of_1_to_10(world: World) -> None:
    first, second = (seen for raw, seen in world.releases() if raw.window == WINDOWS[1])
    counts = [
        {(f.key, name): getattr(f, name) for f in seen.findings for name in ("n", "events", "reference_n")}
        | {("rows", "rows"): seen.rows}
        for seen in (first, second)
    ]
    apart = [
        abs(now - n)
        for key, n in counts[0].items()
        if n is not None and (now := counts[1].get(key)) is not None
    ]
    assert apart
    assert not [n for n in apart if small(n)]


def test_no_number_that_is_withheld_stands_in_any_artefact(world: World) -> None:
    hidden = secrets(world.releases())
    assert len(hidden) > 200
    assert spilled(world.artefacts, hidden) == {}


def test_pages_that_pass_by_the_door_are_caught(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted weakness: pages that find no release, over audits as they were recorded."""
    monkeypatch.setattr("dashboards.reading.RULES", "planted")
    caught = spilled(pages(world.ledger, lambda audit: audit), secrets(world.releases()))
    assert {"/metrics"} & set(caught) or any(path.startswith("/api") for path in caught)


def test_no_bar_of_a_picture_is_1_to_10_people(world: World) -> None:
    snapshots = [text for name, text in world.artefacts.items() if name.endswith("snapshot.json")]
    assert snapshots
    for snapshot in snapshots:
        tall = list(heights(json.loads(snapshot)["metric_results"]))
        assert tall
        assert not [n for n in tall if small(n)]


def heights(item: Any) -> Iterator[int]:
    """Every bar's height in every picture that counts people (others are in percent)."""
    if isinstance(item, dict):
        if item.get("type") == "bar":
            yield from (y for y in item.get("y") or () if isinstance(y, int))
        for value in item.values():
            yield from heights(value)
    elif isinstance(item, list):
        for value in item:
            yield from heights(value)


def test_all_else_says_nothing_that_the_releases_do_not(world: World, tmp_path: Path) -> None:
    """The same releases over other secrets give the same pages, metrics and terminal."""
    other = Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: NOW)
    for raw, seen in world.releases():
        told = {f.key: f for f in seen.findings}
        altered = tuple(changed(f, told.get(f.key)) for f in raw.findings)
        forged = raw.with_findings(altered)
        profile = world.ledger.profile(raw.profile)
        assert profile is not None
        assert altered != raw.findings
        other.record(forged, profile)
        other.append("release", f"{forged.digest}|{RULES}", seen.payload(), model=MODEL, version="1",
                     window=str(raw.window), stage=raw.stage)  # fmt: skip
    for reference in world.ledger.entries("reference", model=MODEL):
        other.append("reference", reference.key, reference.body, model=MODEL)
    was = pages(world.ledger, lambda audit: kept(world.ledger, audit))
    now = pages(other, lambda audit: kept(other, audit))
    for path, text in now.items():
        if path != "/alerts" and path != "/":
            both = plain(text), plain(was[path])
            both = both if path[:4] != "/api" else (json.loads(both[0]), json.loads(both[1]))
            assert both[0] == both[1], path


def changed(raw: Finding, seen: Finding | None) -> Finding:
    """The finding with every number that people do not see made another."""
    given: dict[str, Any] = {}
    for each in fields(raw):
        value = getattr(raw, each.name)
        hidden = seen is None or seen.verdict is Verdict.WITHHELD or getattr(seen, each.name) is None
        if hidden and isinstance(value, float) and each.name != "margin":
            given[each.name] = value * 0.917 + 0.0123
        elif hidden and type(value) is int:
            given[each.name] = value + 7
    return replace(raw, **given)


def plain(text: str) -> str:
    """Without hashes, times of writing and the run a copy went to."""
    text = re.sub(r"sha256:[0-9a-f]+|[0-9a-f]{32,64}", "HASH", text)
    text = re.sub(r'key="[0-9a-f]*"', "KEY", text)  # of an alert, which only the first ledger was told of
    text = re.sub(r"entry-\d+|entry=\d+|[Ee]ntry \d+", "ENTRY", text)
    text = re.sub(r"rounds_(last_success|copies|build|process)\S* .*", "", text)
    text = re.sub(r'(?<=moment">)[^<]+', "TIME", text)
    return re.sub(r"2026-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(Z|\+00:00)|\d+ \w+ 20\d\d \d\d:\d\d", "TIME", text)

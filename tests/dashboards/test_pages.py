"""Every page as a program sees it: what it says, what it withholds, what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from dashboards.app import create_app
from dashboards.board import board
from dashboards.reading import Reading
from dashboards.security import HEADERS
from monitors.audit import Audit, Finding, Verdict
from monitors.ledger import Ledger
from monitors.oncall import OnCall
from tests.dashboards import ward
from tests.dashboards.conftest import served

EVERY = [*ward.PAGES.values(), "/api/models", "/metrics", "/healthz", "/static/rounds.css", "/api/nothing"]


@pytest.mark.parametrize("path", EVERY)
def test_every_answer_is_guarded(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (200, 404)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ward.PAGES.values())
def test_no_page_styles_or_scripts_inline_or_asks_elsewhere(client: httpx.Client, path: str) -> None:
    html = client.get(path).text
    assert not re.search(r"<[^>]*\sstyle\s*=", html)
    assert not re.search(r"<[^>]*\son\w+\s*=", html)
    assert "<style" not in html
    ours = [f'<script src="/static/{name}.js" defer>' for name in ("vendor/htmx.min", "rounds")]
    assert re.findall(r"<script[^>]*>", html) == ours
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", html)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", ""])
def test_a_strange_host_is_refused(client: httpx.Client, host: str) -> None:
    answer = client.get("/", headers={"Host": host})
    assert answer.status_code == 400
    assert "Sepsis" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "localhost:8321"])
def test_our_own_hosts_are_answered(client: httpx.Client, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/models/nothing",
        "/models/sepsis-early-warning?window=1999-01-01",
        "/models/sepsis-early-warning?window=%27%22%3E%3Cscript%3E",
        "/runbooks/nothing",
        "/runbooks/..%2f..%2fREADME",
        "/runbooks/Calibration",
        "/docs",
        "/nothing",
    ],
)
def test_what_is_not_there_is_a_clear_404(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "Not found" in answer.text
    assert "<script>" not in answer.text


def test_the_board_puts_the_worst_first_and_silence_above_health(client: httpx.Client) -> None:
    html = client.get("/").text
    order = [
        html.index(f'href="/models/{model}"')
        for model in (
            "sepsis-early-warning",
            "deterioration-index",
            "fall-risk",
            "odd-one",
            "imaging-triage",
            "readmission-30d",
        )
    ]
    assert order == sorted(order)
    assert "3 windows missed; the last closed 23 days ago" in html
    assert "Never heard" in html
    assert "Not declared" in html
    assert "No audit is expected" in html


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ("q=readmi", 1),
        ("q=SEPSIS+lead", 1),
        ("q=nothing+like+it", 0),
        ("verdict=silent", 2),
        ("verdict=failed", 1),
        ("tier=high", 2),
        ("tier=none", 2),
        ("site=South", 2),
        ("site=North&tier=high", 1),
        ("site=none", 7),
        ("site=Annexe", 0),
        ("q=north", 1),
        ("owner=Dr.+Chen,+imaging+lead", 1),
        ("verdict=beyond&tier=high", 1),
    ],
)
def test_a_filter_leaves_what_was_asked_for(client: httpx.Client, asked: str, left: int) -> None:
    answer = client.get(f"/?{asked}")
    assert answer.text.count('<th scope="row" role="rowheader">') == left
    assert answer.headers["hx-replace-url"].startswith("/?")


def test_a_site_too_small_to_show_is_nowhere(client: httpx.Client) -> None:
    shown = client.get("/models/sepsis-early-warning").text
    assert "<dt>Sites</dt><dd><bdi>North</bdi>, <bdi>South</bdi></dd>" in shown
    for path in ("/", "/api/models", "/api/models.csv"):
        assert "South" in client.get(path).text
        assert not re.search("Annexe|West", client.get(path).text), "the next is withheld with it"


def test_a_model_that_names_no_site_is_where_rounds_is(app: Starlette) -> None:
    held = app.state.reading
    reading = Reading(held.ledger, {}, ward.published, lambda: ward.NOW, OnCall(site="St. Example"))
    assert {row.sites for row in board(reading)} == {("St. Example",)}


def test_a_model_says_what_to_do_with_figures_duration_action_and_runbook(client: httpx.Client) -> None:
    html = client.get("/models/sepsis-early-warning").text
    assert "For every 100 outcomes expected, 146 happened: risk is understated." in html
    assert "Lactate was missing for 49 of every 100 patients; in the reference, 2." in html
    assert html.index("146 happened") < html.index("Lactate was missing"), "what pages comes first"
    assert "3 windows in a row, since 9 Feb 2026" in html
    assert "Ask the interface team whether the feed or its mapping changed." in html
    assert 'href="/runbooks/missing-inputs"' in html
    assert "Warns the rapid response nurse." in html
    assert "sha256:" + "c" * 64 in html


def test_a_quiet_model_is_not_called_well(client: httpx.Client) -> None:
    html = client.get("/models/readmission-30d").text
    assert "Nothing is beyond its margin in this window." in html
    silent = client.get("/models/deterioration-index").text
    assert "nothing is known of now" in silent


def test_what_is_withheld_is_nowhere(client: httpx.Client) -> None:
    """The group of 7 has a gap of −40 points in the ledger; and "Unknown" goes with it."""
    path = "/models/sepsis-early-warning"
    last = "/api" + path + "/windows/2026-02-23"
    everything = [client.get(p).text for p in (path, path + "?gap=true_positive_rate", last, "/metrics", "/")]
    everything[3] = "\n".join(line for line in everything[3].splitlines() if "sepsis-early-warning" in line)
    for text in everything:
        assert "−40" not in text
        assert "-0.4" not in text
    audit = json.loads(everything[2])
    small = [f for f in audit["findings"] if f["group"] in ("other", "Unknown")]
    assert len(small) == 4
    for finding in small:
        assert finding["verdict"] == "withheld"
        assert {finding[k] for k in ("value", "low", "high", "n", "events", "level")} == {None}


def test_the_json_is_the_published_audit_itself(client: httpx.Client) -> None:
    listed = client.get("/api/models").json()
    assert [m["model"] for m in listed][:2] == ["sepsis-early-warning", "deterioration-index"]
    assert listed[1]["freshness"] == "stale"
    answer = client.get(listed[0]["href"])
    assert answer.headers["content-type"] == "application/json"
    audit = Audit.read(answer.json())
    assert audit.json() == answer.text
    assert str(audit.window) == "2026-02-23T00:00:00Z/2026-03-02T00:00:00Z"
    assert len(client.get(listed[0]["windows"]).json()) == ward.WEEKS
    missing = client.get("/api/models/sepsis-early-warning/windows/1999-01-01")
    assert missing.status_code == 404
    assert "1999" in missing.json()["error"]


def test_an_earlier_window_can_be_linked_to_in_two_ways(client: httpx.Client) -> None:
    day = client.get("/models/sepsis-early-warning?window=2026-01-05").text
    whole = client.get("/models/sepsis-early-warning?window=2026-01-05T00:00:00Z/2026-01-12T00:00:00Z").text
    assert day == whole
    assert "You are reading an earlier window" in day


def test_hostile_names_are_escaped_everywhere(client: httpx.Client) -> None:
    for path in ("/", "/models/odd-one", "/models/odd-one?columns=all&gap=true_positive_rate"):
        html = client.get(path).text
        assert "<script>alert" not in html
        assert "&lt;script&gt;" in html
        assert ">49<" not in html


def test_every_finding_passes_the_door(tmp_path: Path) -> None:
    """With a door that withholds everything, no number of any finding is on any page."""
    ledger, configs = ward.build(tmp_path)
    gone = dict.fromkeys(
        ("value", "low", "high", "n", "level", "baseline", "chance", "reference_n", "events")
    )

    def shut(finding: Finding) -> Finding:
        return replace(finding, verdict=Verdict.WITHHELD, margin=None, **gone)

    def nothing(audit: Audit) -> Audit:
        return audit.with_findings(tuple(map(shut, audit.findings)))

    app = create_app(ledger, configs, published=nothing, now=lambda: ward.NOW)
    with served(app) as site, httpx.Client(base_url=site, trust_env=False) as client:
        for path in (
            "/",
            "/models/sepsis-early-warning",
            "/metrics",
            "/api/models/sepsis-early-warning/windows/2026-02-23",
        ):
            text = client.get(path).text
            for telling in ("1.46", "146", "49", "0.31", "−19", "-0.19"):
                assert not re.search(rf"(?<![\w.:-]){re.escape(telling)}(?![\w.:-])", text), (path, telling)


def test_an_empty_house_says_what_to_do(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: ward.NOW)
    app = create_app(ledger, {}, published=ward.published, now=lambda: ward.NOW)
    with served(app) as site, httpx.Client(base_url=site, trust_env=False) as client:
        assert "rounds run" in client.get("/").text
        assert client.get("/api/models").json() == []
        assert "rounds_up 1.0" in client.get("/metrics").text


def broken(what: str) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(what)

    return fail


def test_a_ledger_that_cannot_be_read_is_said_and_nothing_leaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, configs = ward.build(tmp_path)
    for asked in ("head", "newest"):
        monkeypatch.setattr(ledger, asked, broken("secret://password"))
    app = create_app(ledger, configs, published=ward.published, now=lambda: ward.NOW)
    # A server closes the connection after an error nobody caught: each request has its own.
    alone = {"Connection": "close"}
    with served(app) as site, httpx.Client(base_url=site, trust_env=False, headers=alone) as client:
        page = client.get("/")
        assert page.status_code == 500
        assert page.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]
        assert "password" not in page.text
        assert client.get("/healthz").status_code == 503
        metrics = client.get("/metrics")
        assert metrics.status_code == 200
        assert re.findall(r"^[^#].*", metrics.text, re.MULTILINE) == ["rounds_up 0.0"]


def test_static_files_are_served_as_what_they_are(client: httpx.Client) -> None:
    kinds = {
        "/static/rounds.css": "text/css",
        "/static/vendor/htmx.min.js": "text/javascript",
        "/static/vendor/inter-latin.woff2": "font/woff2",
        "/static/rounds.svg": "image/svg+xml",
    }
    for path, kind in kinds.items():
        assert client.get(path).headers["content-type"].startswith(kind)
    assert client.get("/static/../app.py").status_code == 404


@pytest.mark.parametrize(
    ("page", "linked"),
    [
        ("https://mlflow.example/#/experiments/1/runs/abc", True),
        ("javascript:alert(1)", False),
        (None, False),
    ],
)
def test_a_window_links_to_its_run_where_mlflow_has_pages(
    tmp_path: Path, page: str | None, linked: bool
) -> None:
    ledger, configs = ward.build(tmp_path)
    audit = ledger.audits("readmission-30d")[-1]
    ledger.append("copied", audit.digest, {"run_id": "abc", **({"page": page} if page else {})})
    app = create_app(ledger, configs, published=ward.published, now=lambda: ward.NOW)
    with served(app) as site, httpx.Client(base_url=site, trust_env=False) as client:
        html = client.get("/models/readmission-30d/window").text
    assert "<code>abc</code>" in html
    assert (f'<a href="{page}"' in html) is linked
    assert "javascript:" not in html


def test_a_group_flagged_far_more_often_stands_at_the_top_of_its_page(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: ward.NOW)
    flagged = ward.finding(
        "selection_rate", "fairness", Verdict.BEYOND, subject="language", group="es", against="rest",
        unit=ward.SHARE, value=0.47, low=0.4, high=0.5, level=0.6, baseline=0.13, margin=0.1, n=300,
        reference_n=300, events=180, severity="committee",
    )  # fmt: skip
    ward.record(ledger, "notes", 1, (*ward.usual(1), flagged))
    app = create_app(ledger, {}, published=lambda audit: audit, now=lambda: ward.NOW)
    with served(app) as site, httpx.Client(base_url=site, trust_env=False) as client:
        html = client.get("/models/notes/groups").text
    assert "of language es, 60 were flagged; of everyone else, 13." in html
    assert "whether to its cost is for people to say" in html
    assert "No group is seen to be served worse" not in html

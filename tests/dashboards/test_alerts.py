"""The alerts page: what is open, who has it, and answers that only our own form can give."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from dashboards.app import create_app
from monitors.acting import Held, Mark, acknowledge, held, not_useful, raised
from monitors.ledger import Entry, Ledger
from monitors.review import month_of, review
from tests.dashboards import ward
from tests.dashboards.conftest import served

WINDOW = "2026-02-23T00:00:00Z/2026-03-02T00:00:00Z"
OPEN = ward.notice("sepsis-early-warning")
NAMES = [ward.HOSTILE, "‮evil‬ a\u200bb", '"><img src=x onerror=alert(1)>', "x" * 10_000, "{{7*7}} {% raw %}"]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: ward.NOW)
    raised(made, OPEN, WINDOW)
    return made


@pytest.fixture
def browser_like(ledger: Ledger) -> Iterator[httpx.Client]:
    app = create_app(ledger, {}, published=ward.published, now=lambda: ward.NOW)
    with served(app) as site, httpx.Client(base_url=site, trust_env=False) as made:
        yield made


def form(client: httpx.Client, key: str = OPEN.key) -> dict[str, str]:
    """What the page's own form would send."""
    html = client.get(f"/alerts?key={key}").text
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html)
    return {**dict(hidden), "by": "Ada", "reason": "calling the ward", "days": "2", "action": "acknowledge"}


def states(ledger: Ledger) -> list[str]:
    return [alert.state for alert in held(ledger, ward.NOW)]


@pytest.mark.parametrize(
    ("action", "state"), [("acknowledge", "acknowledged"), ("silence", "silenced"), ("not_useful", "open")]
)
def test_an_answer_on_the_page_is_in_the_ledger(
    browser_like: httpx.Client, ledger: Ledger, action: str, state: str
) -> None:
    answer = browser_like.post("/alerts", data={**form(browser_like), "action": action})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/alerts?key={OPEN.key}")
    assert states(ledger) == [state]
    html = browser_like.get(f"/alerts?key={OPEN.key}").text
    assert "by <bdi>Ada</bdi>" in html
    assert "calling the ward" in html
    assert ledger.verify() == 2


def test_a_change_is_planned_on_the_page_and_shown_there(browser_like: httpx.Client, ledger: Ledger) -> None:
    ward.record(ledger, "sepsis-early-warning", 9, tuple(ward.usual(9)))
    sent = {
        **form(browser_like),
        "action": "plan",
        "key": "sepsis-early-warning",
        "start": "2026-03-05T22:00",
    }
    answer = browser_like.post("/alerts", data=sent)
    assert (answer.status_code, answer.headers["location"]) == (303, "/alerts#planned")
    html = browser_like.get("/alerts").text
    assert "Planned changes and silences (1)" in html
    assert "not begun yet" in html
    assert states(ledger) == ["open"]
    refused = browser_like.post("/alerts", data={**sent, "start": "tonight"})
    assert refused.status_code == 422
    assert "say when the change begins" in refused.text


@pytest.mark.parametrize("fault", ["no token", "another token", "no cookie", "another cookie", "elsewhere"])
def test_a_form_from_elsewhere_is_refused(browser_like: httpx.Client, ledger: Ledger, fault: str) -> None:
    sent, headers = form(browser_like), {}
    if fault == "no token":
        del sent["token"]
    elif fault == "another token":
        sent["token"] = "0" * 64
    elif fault == "elsewhere":
        headers["Origin"] = "https://evil.example"
    else:
        browser_like.cookies.clear()
        if fault == "another cookie":
            headers["Cookie"] = "rounds_form=mine"
    answer = browser_like.post("/alerts", data=sent, headers=headers)
    assert answer.status_code == 403
    assert states(ledger) == ["open"]


def test_the_cookie_is_for_our_own_forms_alone(browser_like: httpx.Client) -> None:
    said = browser_like.get("/alerts").headers["set-cookie"].lower()
    assert "httponly" in said
    assert "samesite=strict" in said
    assert "path=/" in said


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"by": ""}, "an answer has a name and a reason"),
        ({"reason": " "}, "an answer has a name and a reason"),
        ({"reason": "x" * 501}, "at most 500"),
        ({"action": "delete"}, "say what to do"),
        ({"action": "silence", "days": "8"}, "1 to 7 days"),
        ({"action": "silence", "days": "-1"}, "1 to 7 days"),
        ({"key": "nothing"}, "there is no alert"),
    ],
)
def test_an_answer_that_cannot_be_kept_says_why(
    browser_like: httpx.Client, ledger: Ledger, wrong: dict[str, str], said: str
) -> None:
    answer = browser_like.post("/alerts", data={**form(browser_like), **wrong})
    assert answer.status_code == 422
    assert said in answer.text
    assert states(ledger) == ["open"]


def test_too_long_an_answer_is_not_read(browser_like: httpx.Client) -> None:
    assert browser_like.post("/alerts", data={"reason": "x" * 30_000}).status_code == 413


def test_an_alert_that_is_not_there_is_a_clear_404(browser_like: httpx.Client) -> None:
    assert browser_like.get("/alerts?key=nothing").status_code == 404
    assert browser_like.get("/alerts?month=soon").status_code == 404


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_hostile_names_and_answers_are_only_text(
    browser_like: httpx.Client, ledger: Ledger, name: str
) -> None:
    odd = ward.notice(name, name)
    raised(ledger, odd, WINDOW)
    sent = {**form(browser_like, odd.key), "by": name[:400], "reason": name[:400]}
    assert browser_like.post("/alerts", data=sent).status_code == 303
    for path in ("/alerts", f"/alerts?key={odd.key}"):
        html = browser_like.get(path).text
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "<bdi>49</bdi>" not in html
        assert html.count("<script") == 2, "our own"
    (mark,) = (alert.acknowledged for alert in held(ledger, ward.NOW) if alert.key == odd.key)
    assert mark is not None
    assert mark.reason == name[:400].strip()


def test_the_page_sorts_alerts_by_who_has_them(client: httpx.Client) -> None:
    html = client.get("/alerts").text
    places = [html.index(f'id="state-{state}"') for state in ("open", "acknowledged", "history")]
    assert places == sorted(places)
    assert 'href="/alerts"' in client.get("/").text
    assert 'href="/runbooks/performance"' in html


# --- the review ---


def fired(days: float, *, severity: str = "page", silent: bool = False, name: str = "auroc") -> Held:
    start = month_of("2026-02")[0]
    notice = replace(ward.notice("m", name, severity), starts=start + timedelta(days=days), silent=silent)
    return Held(notice, start + timedelta(days=days))


def taken(alert: Held, hours: float) -> Held:
    return replace(alert, acknowledged=Mark("Ada", "mine", alert.raised + timedelta(hours=hours)))


def over(alert: Held, hours: float) -> Held:
    return replace(alert, closed=alert.raised + timedelta(hours=hours))


def test_a_month_is_counted_by_hand() -> None:
    month = month_of("2026-02")
    alerts = [
        over(taken(fired(1), 1), 10),
        over(taken(fired(2), 3), 30),
        over(fired(3), 20),
        replace(taken(fired(4), 2), not_useful=Mark("Ben", "no", ward.NOW)),
        fired(-3),  # last month
        fired(40),  # next month
        fired(5, silent=True, name="brier"),
        fired(6, silent=True, name="brier"),
    ]
    auroc, brier = review(alerts, *month)
    assert (auroc.rule, auroc.fired, auroc.acted, auroc.alone, auroc.again) == ("auroc", 4, 3, 1, 3)
    assert (auroc.answer, auroc.open_for) == (timedelta(hours=2), timedelta(hours=20))
    assert (auroc.useless, auroc.actionable) == (1, 0.5)
    assert auroc.proposal == "none: 5 of the 10 firings it takes to say"
    assert (brier.fired, brier.trial, brier.actionable) == (0, 2, None)
    assert brier.proposal == "on trial: it would have told 2 times"


@pytest.mark.parametrize(
    ("severity", "acted", "said"),
    [
        ("page", 4, "tell a ticket instead: 40% of its last 10 firings led to something"),
        ("ticket", 0, "tell the daily digest instead: 0% of its last 10 firings led to something"),
        ("page", 5, "none"),
    ],
)
def test_a_rule_that_seldom_leads_to_something_is_proposed_for_less(
    severity: str, acted: int, said: str
) -> None:
    alerts = [fired(day, severity=severity) for day in range(10)]
    alerts = [taken(alert, 1) if i < acted else alert for i, alert in enumerate(alerts)]
    (line,) = review(alerts, *month_of("2026-02"))
    assert line.proposal == said


def test_the_page_and_the_ledger_agree_on_the_month(browser_like: httpx.Client, ledger: Ledger) -> None:
    acknowledge(ledger, OPEN.key, "Ada", "mine", ward.NOW)
    not_useful(ledger, OPEN.key, "Ada", "noise", ward.NOW)
    html = browser_like.get("/alerts?month=2026-03").text
    row = re.search(r"<bdi>auroc</bdi></th>(.*?)</tr>", html)
    assert row is not None
    assert re.findall(r"<td>(.*?)</td>", row[1])[:6] == ["page", "1", "1", "0", "0", "1"]
    assert "No alert was raised that month" in browser_like.get("/alerts?month=2025-03").text


def test_what_is_over_is_not_read_to_know_what_lasts(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(40):
        begun = replace(OPEN, starts=OPEN.starts - timedelta(days=1 + number))
        raised(ledger, begun, WINDOW)
        raised(ledger, replace(begun, ends=begun.starts + timedelta(hours=6)), WINDOW)
    read: list[int] = []
    those = Ledger.those

    def counted(self: Ledger, seqs: Sequence[int], *, bodies: bool = False) -> list[Entry]:
        read.extend(seqs)
        return those(self, seqs, bodies=bodies)

    monkeypatch.setattr(Ledger, "those", counted)
    reading = create_app(ledger, {}, published=ward.published, now=lambda: ward.NOW).state.reading
    assert [alert.key for alert in reading.alerts()[0]] == [OPEN.key]
    assert reading.owed()["pages_untold"] == 1
    assert len(read) == 1
    assert len(held(ledger, ward.NOW)) == 41, "history has them all"

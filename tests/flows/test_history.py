"""A night costs what it costs, however many windows lie behind it; a restated one is weighed from there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from flows import copying, earlier
from flows.channel import ChannelsConfig
from flows.copying import owed
from flows.home import Home
from flows.telling import WEIGHED, weigh
from monitors import chain, glance, heads, release
from monitors import ledger as ledgers
from monitors.audit import Audit, Finding, Verdict
from monitors.carried import Carried
from monitors.config import ModelConfig
from monitors.ledger import Ledger
from monitors.release import keep, releases, shown, summed
from monitors.window import Window
from tests.flows import rows as made
from tests.monitors.test_ledger import NOW, START, profile

CHECK = Finding(
    metric="missing_share", family="quality", subject="lactate", unit="share of rows", value=0.01, n=600,
    margin=0.1, severity="ticket", verdict=Verdict.WITHIN,
)  # fmt: skip


def day(config: ModelConfig, number: int, value: float = 0.01) -> Audit:
    start = START + timedelta(days=number)
    verdict = Verdict.BEYOND if value > 0.1 else Verdict.WITHIN
    return Audit(
        model=config.model, version=config.version, window=Window(start, start + timedelta(days=1)),
        stage="scored", rows=600, config="c", reference="r", profile="p", software="s",
        findings=(replace(CHECK, value=value, verdict=verdict),),
    )  # fmt: skip


@pytest.fixture
def kept(tmp_path: Path) -> Ledger:
    return Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: NOW)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The kind of each entry whose body was opened."""
    seen: list[str] = []
    body = chain.unpacked
    monkeypatch.setattr(chain, "unpacked", lambda row, said: (seen.append(row["kind"]), body(row, said))[1])
    return seen


def night(kept: Ledger, config: ModelConfig, audit: Audit) -> None:
    keep(kept, kept.record(audit, profile())[0].audit)
    weigh(config, kept, ChannelsConfig())
    glance.keep(kept, config.model)
    for owing in owed(config, kept):
        kept.append("copied", owing.digest, {"run_id": "x"}, model=config.model)


def test_a_night_opens_no_more_audits_after_many_than_after_a_few(kept: Ledger, opened: list[str]) -> None:
    config, counts = made.config(), []
    for number in range(40):
        opened.clear()
        night(kept, config, day(config, number))
        counts.append(len(opened))
    assert counts[39] == counts[20]
    assert sum(kind in ("audit", "profile") for kind in opened) <= 6


def test_a_list_of_windows_opens_none(kept: Ledger, opened: list[str]) -> None:
    config = made.config()
    night(kept, config, day(config, 0))
    opened.clear()
    (head,) = kept.heads(config.model, last=1)
    assert [said["rows"] for said in summed(kept, [head])] == [600]
    assert kept.heads(last=1) == [head]
    assert kept.places(config.model) == [(head.seq, head.window)]
    assert opened == []
    assert [r.audit.rows for r in releases(kept, config.model)] == [600]
    assert opened == ["release"], "the audit, as large again, stays closed"


def test_of_many_windows_the_last_few_are_the_last_few(kept: Ledger) -> None:
    config = made.config()
    for number in range(30):
        kept.record(day(config, number), profile())
        kept.record(replace(day(config, number), stage="outcome"), profile())
    every = kept.heads(config.model)
    assert [e.stage for e in every] == ["outcome"] * 30
    for last in (1, 2, 7, 30, 99):
        assert [e.seq for e in kept.heads(config.model, last=last)] == [e.seq for e in every[-last:]]
    since = START + timedelta(days=20)
    assert [e.seq for e in kept.heads(config.model, since=since)] == [e.seq for e in every[20:]]


def test_what_stood_before_a_window_is_read_no_further_back_than_is_looked(
    kept: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, looked = made.config(), list[int]()
    for number in range(12):
        kept.record(day(config, number), profile())
        for other in ("7", "8") if number > 4 else ():  # two more versions beside it
            kept.record(replace(day(config, number), version=other), profile())
    monkeypatch.setattr(earlier, "FURTHEST", 3)
    read = heads.light
    monkeypatch.setattr(ledgers, "light", lambda link, seqs: (looked.append(len(seqs)), read(link, seqs))[1])

    def before(number: int) -> list[str]:
        looked.clear()
        return [str(head.window)[8:10] for head in earlier._before(kept, day(config, number))]

    assert before(4) == ["06", "07", "08"]
    assert looked == [3]
    assert before(11) == ["13", "14", "15"]
    assert max(looked) <= 12, "and not 24"
    assert before(1) == ["05"]
    assert before(0) == []


def test_nothing_is_read_of_the_copies_that_mlflow_has(kept: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    config, home = made.config(), Home.of({}, Path(kept.url.removeprefix("sqlite:///")).parent)
    for number in range(9):
        night(kept, config, day(config, number))
    kept.record(day(config, 9), profile())
    kept.record(day(config, 10), profile())
    read, sent, looked = heads.light, list[str](), list[int]()
    monkeypatch.setattr(ledgers, "light", lambda link, seqs: (looked.append(len(seqs)), read(link, seqs))[1])
    monkeypatch.setattr(copying, "_send", lambda _c, audit, *_: sent.append(str(audit.window)[:10]) or {})
    assert copying.settle(config, kept, home, NOW) == 0
    assert sent == ["2026-01-14", "2026-01-15"]
    assert looked == [1, 1], "each alone, and none that is there"


def test_what_a_restated_window_changes_is_told_of_the_windows_after_it(kept: Ledger) -> None:
    config = made.config()
    for number in range(6):
        night(kept, config, day(config, number, 0.5 if number == 3 else 0.01))
    assert kept.entries("alert") == [], "beyond in one of three is no news"
    night(kept, config, day(config, 2, 0.5))
    began, ceased = kept.entries("alert")
    assert (str(began.window)[:10], str(ceased.window)[:10]) == ("2026-01-08", "2026-01-10")
    assert shown(kept, kept.heads(config.model)[2:3])[0].audit.findings[0].value == 0.5
    # What was carried beyond it came from another history, and is not built on.
    whole = Carried()
    for number in (6, 7):
        night(kept, config, day(config, number, 0.5))
    for each in releases(kept, config.model):
        whole = whole.after(each.audit, each.digest)
    last = kept.get(WEIGHED, kept.heads(config.model)[-1].digest)
    assert last is not None
    assert last.body == whole.payload()
    assert str(kept.entries("alert")[-1].window).startswith("2026-01-12")


def test_the_last_period_is_sought_newest_first_a_few_windows_at_a_time(
    kept: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of a window whose release is not kept yet read, and held, a line of every window there is."""
    config, looked = made.config(), list[int]()
    told = replace(CHECK, severity="info", over=f"{day(config, 0).window.start:%Y-%m-%dT%H:%M:%SZ}/")
    for number in range(12):
        audit = day(config, number)
        over = replace(told, over=f"{told.over}{str(audit.window).partition('/')[2]}")
        keep(
            kept,
            kept.record(audit.with_findings((CHECK, over)) if number == 5 else audit, profile())[0].audit,
        )
    those, last = kept.those, day(config, 11)
    monkeypatch.setattr(kept, "those", lambda seqs, **how: looked.append(len(seqs)) or those(seqs, **how))
    monkeypatch.setattr(release, "_AT_ONCE", 4)
    (found,) = release._last_period(kept, last)
    assert found.over is not None
    assert found.over.endswith(str(day(config, 5).window).partition("/")[2])
    assert looked == [4, 4], "two of the eleven before it were not looked at"
    assert release._last_period(kept, day(config, 5)) == ()

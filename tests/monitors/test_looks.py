"""An onlooker who looks at a review day by day learns from two looks nothing of a single answer."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from monitors.audit import Audit, Finding, Verdict
from monitors.few import small
from monitors.ledger import Ledger
from monitors.raters import form, queue
from monitors.raters.form import Reading
from monitors.raters.looks import State, seen
from monitors.raters.queue import Output, Queue, Stratum
from monitors.raters.reviewed import NOT_YET, looked_at, payload
from monitors.release import keep
from monitors.window import Window

WEEK = "2026-01-05T00:00:00Z/2026-01-12T00:00:00Z"
OUTPUTS = [f"{i:016x}" for i in range(200)]


def drawn(by: str = "", judge: str = "") -> Queue:
    names = ("en", "es") if by else ("everyone",)
    outputs = {
        key: Output(names[i % len(names)], i % 3 == 0 if judge else -1) for i, key in enumerate(OUTPUTS)
    }
    held = {name: Stratum(900 // len(names), 300 if judge else 0, 600 if judge else 0) for name in names}
    return Queue("", "scribe", "1", WEEK, by, judge, "harm", 0.05, held, outputs)


def counts(state: State) -> list[int]:
    return [n for pair in state.said.values() for n in pair]


@pytest.mark.parametrize("seed", range(12))
def test_of_no_two_looks_the_difference_is_a_handful(seed: int) -> None:
    random = np.random.default_rng(seed)
    held = drawn("language" if seed % 2 else "", "flag" if seed % 3 else "")
    rate = (0.02, 0.1, 0.3, 0.5)[seed % 4]
    order = [*random.permutation(200), *random.permutation(200)[:90]]  # some are read a second time
    said = [
        Reading("", OUTPUTS[i], f"r{n // 200}", {"harm": int(random.random() < rate)}, n + 1)
        for n, i in enumerate(order)
    ]
    for judge in (False, bool(held.judge)):
        states = seen(held, said, "harm", judge=judge)
        assert len(states) < 9  # few, so that the last is not long ago
        for one, other in combinations(states, 2):
            if not (one.telling or other.telling):
                assert not [d for d in np.abs(np.subtract(counts(one), counts(other))).tolist() if small(d)]
        if not judge and rate == 0.5:
            assert states[-1].readings > 150


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: datetime(2026, 1, 13, tzinfo=UTC))


def read(ledger: Ledger, held: Queue, first: int, last: int, harm: range) -> None:
    """One person reads some outputs, in one sitting."""
    given = []
    for i in range(first, last):
        said = "yes" if i in harm else "no"
        severity = "mild" if i in harm else "none"
        answers = {"omission": "no", "addition": "no", "harm": said, "severity": severity}
        given.append(("", answers | {"output": OUTPUTS[i], "by": "Ada"}))
    form.keep(ledger, held.key, given)


def audited(ledger: Ledger, n: int, events: int) -> Audit:
    """The release of an audit that counted so many."""
    found = Finding(
        metric="harm_share", family="performance", subject="model", unit="share of outputs", value=events / n,
        low=0.1, high=0.6, n=n, events=events, verdict=Verdict.BEYOND,
    )  # fmt: skip
    return keep(
        ledger,
        Audit(
            model="scribe", version="1", window=Window.parse(WEEK), stage="scored", rows=900, config="c",
            reference="r", profile=f"{n}", software="s", findings=(found,),
        ),
    )  # fmt: skip


def test_two_looks_a_day_apart_do_not_tell_the_answer_between_them(ledger: Ledger) -> None:
    held = queue.keep(ledger, drawn("language"))
    assert looked_at(ledger, held).rates[0].estimate.why == "nobody has read an output of: en, es"
    read(ledger, held, 0, 10, range(10))
    assert {rate.estimate.why for rate in looked_at(ledger, held).rates} == {NOT_YET}
    read(ledger, held, 10, 90, range(10, 30))
    monday = payload(looked_at(ledger, held))
    assert {r["value"] for r in monday["rates"] if r["question"] == "harm"} == {30 / 90, 15 / 45}
    for day in (90, 91):
        read(ledger, held, day, day + 1, range(day, day + 1))
        look = payload(looked_at(ledger, held))
        assert look.pop("read") == day + 1
        assert look == {name: value for name, value in monday.items() if name != "read"}
    read(ledger, held, 92, 200, range(92, 130))
    whole = payload(looked_at(ledger, held))
    assert whole["rests_on"]["harm"] == 200
    assert whole["rates"] != monday["rates"]


def test_an_audit_after_a_look_and_a_look_after_an_audit_are_two_looks(ledger: Ledger) -> None:
    held = queue.keep(ledger, drawn())
    read(ledger, held, 0, 90, range(30))
    same, next_day = audited(ledger, 90, 30), audited(ledger, 91, 31)
    assert [f.n for f in same.findings] == [90]
    assert [(f.n, f.events, f.low) for f in next_day.findings] == [(None, None, None)]
    assert [f.n for f in audited(ledger, 175, 70).findings] == [175]
    read(ledger, held, 90, 180, range(90, 133))  # 180 and 73, beside the audit's 175 and 70
    assert looked_at(ledger, held).rests["harm"] == 90
    assert len(seen(held, form.readings(ledger, held), "harm")) == 2  # but for the audit it would be told

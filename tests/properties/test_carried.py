"""What is carried from window to window says what the whole history would, restated or not."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.alert import changes
from monitors.audit import Audit
from monitors.carried import Carried, chained, histories
from tests.properties.test_alerts_wait import CHECK, PAGED, WEEKS, audits


@settings(max_examples=100, deadline=None)
@given(WEEKS, WEEKS, st.booleans())
def test_what_is_written_down_and_read_again_tells_the_same_alerts(
    one: list[tuple[object, float | None]], other: list[tuple[object, float | None]], gone: bool
) -> None:
    history = [
        replace(audit, findings=(*audit.findings, *beside.findings))
        for audit, beside in zip(audits(CHECK, one), audits(PAGED, other), strict=False)  # type: ignore[arg-type]
    ]
    if gone:  # a rule is taken out of the plan half way
        half = len(history) // 2
        history[half:] = [replace(a, config="other", findings=a.findings[1:]) for a in history[half:]]
    whole, carried = Carried(), Carried()
    for number, audit in enumerate(Audit.read(audit.payload()) for audit in history):  # as the ledger has it
        assert changes(carried.standing, audit) == changes(whole.standing, audit)
        whole = whole.after(audit, str(number))
        read = Carried.read(json.loads(json.dumps(carried.after(audit, str(number)).payload())))
        assert read is not None
        assert (read.history, read.last) == (whole.history, whole.last)
        carried = read


def test_another_audit_in_the_history_is_another_history() -> None:
    assert histories(["a", "b"]) == [chained("", "a"), chained(chained("", "a"), "b")]
    assert histories(["a", "b"])[1] != histories(["c", "b"])[1]


def test_what_was_written_in_another_form_is_nothing() -> None:
    assert Carried.read({}) is None

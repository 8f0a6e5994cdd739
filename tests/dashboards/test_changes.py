"""What changed since the window before: worse is worse, and what cannot be told is neither."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboards.changes import changes
from monitors.audit import Audit, Verdict
from monitors.window import Window
from tests.dashboards import ward

WINDOW = Window.parse("2026-01-05T00:00:00Z/2026-01-12T00:00:00Z")


def audit(verdict: Verdict, *, version: str = "1", severity: str = "ticket") -> Audit:
    held = ward.finding("auroc", "performance", verdict, severity=severity)
    return Audit(
        model="m", version=version, window=WINDOW, stage="scored", rows=9, config="c", reference="r",
        profile="p", software="s", findings=(held,),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("was", "now", "what"),
    [
        (Verdict.WITHIN, Verdict.BEYOND, "worse"),
        (Verdict.BEYOND, Verdict.WITHIN, "better"),
        (Verdict.WITHIN, Verdict.CANNOT_TELL, "no longer told"),
        (Verdict.BEYOND, Verdict.WITHHELD, "no longer told"),
        (Verdict.CANNOT_TELL, Verdict.BEYOND, "worse"),
        (Verdict.CANNOT_TELL, Verdict.WITHIN, "told again"),
    ],
)
def test_a_verdict_that_changed_is_named(was: Verdict, now: Verdict, what: str) -> None:
    (found,) = changes(audit(was), audit(now))
    assert (found.what, found.was, found.now) == (what, was, now)


def test_what_stayed_or_is_only_shown_is_no_change() -> None:
    assert changes(audit(Verdict.WITHIN), audit(Verdict.WITHIN)) == []
    shown = [audit(verdict, severity="info") for verdict in (Verdict.WITHIN, Verdict.BEYOND)]
    assert changes(*shown) == []
    assert changes(None, shown[0]) == []


def test_versions_checks_that_come_and_checks_that_go_are_changes() -> None:
    empty = replace(audit(Verdict.WITHIN), findings=())
    assert [c.what for c in changes(empty, audit(Verdict.WITHIN, version="2"))] == ["version", "new"]
    assert [c.what for c in changes(audit(Verdict.WITHIN), empty)] == ["gone"]

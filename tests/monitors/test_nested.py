"""Nested: no handful of people lies between two findings of what staff did."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitors.audit import Audit, Finding, Verdict
from monitors.nested import nested
from monitors.suppression import published
from monitors.window import Window, moment


def finding(metric: str, n: int, events: int, group: str | None = None) -> Finding:
    return Finding(
        metric=metric, family="oversight" if group is None else "fairness", unit="share of rows",
        subject="model" if group is None else "sex", group=group, verdict=Verdict.CANNOT_TELL, n=n,
        events=events, value=events / n, against=None if group is None else "rest", reference_n=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "hidden"),
    [
        ({"selection_rate": (900, 104), "action_rate": (100, 50)}, {1}),
        ({"selection_rate": (900, 111), "action_rate": (100, 50)}, set()),
        ({"selection_rate": (900, 110), "override_rate": (100, 50)}, {1}),
        ({"selection_rate": (900, 100), "action_rate": (100, 50)}, set()),
        ({"action_rate": (100, 50), "override_right_rate": (49, 30)}, {0, 1}),
        ({"override_rate": (100, 50), "override_right_rate": (39, 20)}, set()),
        ({"override_rate": (100, 50), "override_right_rate": (40, 20)}, {0, 1}),
        ({"selection_rate": (900, 104), "override_right_rate": (40, 20)}, set()),
        ({"action_rate": (100, 50), "time_to_action": (41, 41)}, {0, 1}),
        ({"override_rate": (100, 50), "time_to_action_90": (41, 41)}, {0, 1}),
        ({"action_rate": (100, 50), "time_to_action": (50, 50)}, set()),
        ({"selection_rate": (900, 104), "same_score_need_gap": (895, 895)}, {1}),
        ({"selection_rate": (900, 104), "top_need_gap": (889, 889)}, set()),
        ({"scored_share": (900, 900), "accuracy": (895, 600)}, {1}),
        ({"scored_share": (900, 900), "accuracy": (880, 600)}, set()),
        ({"accuracy": (900, 600), "hit_rate": (895, 600)}, {0, 1}),
        ({"accuracy": (900, 600), "macro_f1": (900, 600)}, set()),
        ({"harm_share": (200, 40), "serious_harm_share": (200, 32)}, {1}),
        ({"harm_share": (200, 40), "serious_harm_share": (200, 20)}, set()),
    ],
)
def test_what_lies_between_two_counts_is_not_told(
    counts: dict[str, tuple[int, int]], hidden: set[int]
) -> None:
    for group in (None, "f"):
        findings = [finding(metric, n, events, group) for metric, (n, events) in counts.items()]
        assert nested(findings, 11) == hidden


def test_what_is_left_of_everyone_but_the_group_is_not_told_either() -> None:
    findings = [
        finding("selection_rate", 900, 150), finding("action_rate", 120, 60),
        finding("selection_rate", 500, 100, "f"), finding("action_rate", 75, 40, "f"),
    ]  # fmt: skip
    assert nested(findings, 11) == {3}


def test_answers_not_known_of_a_handful_outside_a_group_are_not_told_either() -> None:
    findings = [
        finding("scored_share", 900, 890), finding("accuracy", 860, 600),
        finding("scored_share", 500, 490, "f"), finding("accuracy", 465, 300, "f"),
    ]  # fmt: skip
    assert nested(findings, 11) == {3}  # 40 of all, 35 of them in the group: 5 are not


def test_a_published_audit_shows_no_flags_without_an_action() -> None:
    digest = "sha256:" + "0" * 64
    audit = Audit(
        model="m", version="1", window=Window(moment("2026-01-05"), moment("2026-01-12")), stage="outcome",
        rows=900, config=digest, reference=digest, profile=digest, software="rounds",
        findings=(finding("selection_rate", 900, 104), finding("action_rate", 100, 50)),
    )  # fmt: skip
    shown = published(audit).findings
    assert shown[1].n is None
    assert shown[1].events is None


def test_what_was_found_by_reading_is_told_of_every_group_or_of_none() -> None:
    spanish, english, chinese = (
        replace(finding("harm_share", 100, events, group), unit="share of outputs")
        for group, events in (("es", 40), ("en", 30), ("zh", 4))
    )
    window = Window(moment("2026-01-05"), moment("2026-01-12"))

    def shown(*findings: Finding) -> list[str]:
        audit = Audit(
            model="m", version="1", window=window, stage="scored", rows=900, config="", reference="",
            profile="", software="", findings=findings,
        )  # fmt: skip
        return [f.verdict for f in published(audit).findings]

    assert shown(spanish, english) == ["cannot_tell"] * 2
    assert shown(spanish, english, replace(english, group="fr"), chinese) == ["withheld"] * 4

"""Alerts wait, hold and heal by rule, whatever the windows say: hysteresis, blindness, m of k apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.alert import AT_ONCE, USUAL, Key, Standing, after, changes, debounce, firing, standing
from monitors.audit import Audit, Finding, Verdict
from monitors.window import Window

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
MARGIN = 0.2
BLIND = (Verdict.CANNOT_TELL, Verdict.WITHHELD, Verdict.FAILED)
CHECK = Finding(metric="wasserstein", family="drift", subject="lactate", unit="", verdict=Verdict.WITHIN,
                margin=MARGIN, severity="ticket")  # fmt: skip
PAGED = replace(CHECK, metric="freshness", family="quality", subject="rows", severity="page")


@st.composite
def told(draw: st.DrawFn) -> tuple[Verdict, float | None]:
    """A verdict with a value that may go with it."""
    # More of those that move a standing, or few series ever come near to firing or healing.
    verdict = draw(st.sampled_from([*(Verdict.BEYOND, Verdict.WITHIN) * 2, *Verdict]))
    if verdict is Verdict.BEYOND:
        return verdict, draw(st.floats(0.21, 1))
    if verdict in (Verdict.WITHHELD, Verdict.FAILED):
        return verdict, None
    return verdict, draw(st.floats(0, 0.2))


WEEKS = st.lists(told(), min_size=1, max_size=24)
CHECKS = st.sampled_from([CHECK, PAGED])


def audits(check: Finding, said: list[tuple[Verdict, float | None]]) -> list[Audit]:
    """A window a week."""
    made = []
    for index, (verdict, value) in enumerate(said):
        start = MONDAY + timedelta(weeks=index)
        made.append(Audit(
            model="sepsis", version="1", window=Window(start, start + timedelta(weeks=1)), stage="scored",
            rows=300, config="c", reference="r", profile="p", software="0",
            findings=(replace(check, verdict=verdict, value=value),),
        ))  # fmt: skip
    return made


def followed(history: list[Audit]) -> list[tuple[bool, tuple[str, ...]]]:
    """After each window, whether the check fires and what was told."""
    held: dict[Key, Standing] = {}
    found = []
    for audit in history:
        said = tuple(alert.state for alert in changes(held, audit))
        held = after(held, audit)
        found.append((any(firing(held)), said))
    return found


@settings(max_examples=300, deadline=None)
@given(CHECKS, WEEKS)
def test_it_fires_only_when_beyond_in_as_many_of_the_last_windows_that_could_tell(
    check: Finding, said: list[tuple[Verdict, float | None]]
) -> None:
    rule = debounce(check)
    fires = [False, *(state for state, _ in followed(audits(check, said)))]
    for place, (before, now) in enumerate(pairwise(fires)):
        if now and not before:
            seen = [verdict for verdict, _ in said[: place + 1] if verdict not in BLIND]
            assert said[place][0] is Verdict.BEYOND
            assert sum(verdict is Verdict.BEYOND for verdict in seen[-rule.of :]) >= rule.needed


@settings(max_examples=300, deadline=None)
@given(CHECKS, WEEKS)
def test_it_heals_only_below_80_percent_of_its_margin_in_windows_that_could_tell(
    check: Finding, said: list[tuple[Verdict, float | None]]
) -> None:
    rule = debounce(check)
    fires = [False, *(state for state, _ in followed(audits(check, said)))]
    for place, (before, now) in enumerate(pairwise(fires)):
        if before and not now:
            seen = [(verdict, value) for verdict, value in said[: place + 1] if verdict not in BLIND]
            last = seen[-rule.needed :]
            assert len(last) == rule.needed
            assert all(v is Verdict.WITHIN and (value or 0.0) < 0.8 * MARGIN for v, value in last)


@settings(max_examples=300, deadline=None)
@given(CHECKS, WEEKS, st.lists(st.sampled_from(BLIND), min_size=1, max_size=3), st.data())
def test_windows_that_cannot_tell_neither_fire_nor_heal(
    check: Finding, said: list[tuple[Verdict, float | None]], blind: list[Verdict], data: st.DataObject
) -> None:
    """Put in anywhere they tell nothing, and leave every other window as it was."""
    at, many = data.draw(st.integers(0, len(said))), len(blind)
    plain = followed(audits(check, said))
    with_them = followed(audits(check, [*said[:at], *((verdict, None) for verdict in blind), *said[at:]]))
    assert [told for _, told in with_them[at : at + many]] == [()] * many
    assert [fires for fires, _ in with_them[at : at + many]] == [plain[at - 1][0] if at else False] * many
    assert [*with_them[:at], *with_them[at + many :]] == plain


@settings(max_examples=200, deadline=None)
@given(CHECKS, WEEKS)
def test_what_began_ceases_before_it_begins_again(
    check: Finding, said: list[tuple[Verdict, float | None]]
) -> None:
    states = [state for _, each in followed(audits(check, said)) for state in each]
    assert states == [("began", "ceased")[place % 2] for place in range(len(states))]


@settings(max_examples=200, deadline=None)
@given(CHECKS, WEEKS, st.data())
def test_windows_that_overlap_are_counted_once(
    check: Finding, said: list[tuple[Verdict, float | None]], data: st.DataObject
) -> None:
    """A rolling window repeats its neighbours' patients: 2 of 3 of those would be one week told twice."""
    plain = audits(check, said)
    rolling: list[Audit] = []
    places = []
    for audit in plain:
        places.append(len(rolling))
        rolling.append(audit)
        if audit.findings[0].verdict in BLIND:
            continue  # a window beside it that can tell is then the first to do so
        verdict, value = data.draw(told())
        middle = audit.window.start + timedelta(days=3)
        late = Window(middle, middle + timedelta(days=4))
        rolling.append(replace(audit, window=late, findings=(replace(check, verdict=verdict, value=value),)))
    live = followed(rolling)
    assert [live[place] for place in places] == followed(plain)
    assert standing(rolling) == standing(plain)
    assert standing(rolling[::-1]) == standing(plain)


def test_both_ways_of_waiting_are_among_those_tried() -> None:
    assert (debounce(CHECK), debounce(PAGED)) == (USUAL, AT_ONCE)

"""An onlooker who sets a year of releases against each other: windows, pools, and the period they make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import linprog

from monitors import period, release
from monitors.audit import Audit, Finding, Verdict
from monitors.checks import checks
from monitors.config import ModelConfig
from monitors.gaps import gaps
from monitors.ledger import Ledger
from monitors.pools import Pools
from monitors.profile import Profile
from monitors.standing_in import preferred
from monitors.suppression import published
from monitors.told import Release
from monitors.window import Window
from tests.monitors import test_withholding_attack as one

MANY = 4
START = datetime(2026, 1, 5, tzinfo=UTC)
WINDOWS = [Window(START + timedelta(weeks=i), START + timedelta(weeks=i + 1)) for i in range(MANY)]
MEASURES = (*one.SHARES, "observed_expected_ratio", "auroc")
POOL = "Other recorded groups"
ATTRIBUTES = ("race", "sex", "race × sex")


def config(**pooling: Any) -> ModelConfig:
    approved = {"by": "committee", "when": "2026-01-01", "why": "few of each are seen"}
    given = {"groups": {"race": {POOL: ["d", "e"]}}, "periods": MANY} | pooling
    return ModelConfig.model_validate(
        {
            "model": "m",
            "version": "1",
            "source": {"kind": "files", "path": "x"},
            "columns": {"time": "at", "score": "s", "decision": "d", "outcome": "y",
                        "sensitive": ["race", "sex", ["race", "sex"]]},
            "outcome": {"matures_after": "P1D"},
            "window": {"length": "P7D", "anchor": "2026-01-05"},
            "reference": {"from": "2025-01-06", "to": "2025-06-02"},
            "plan": [{"measure": m, "by": "sensitive", "margin": 0.1} for m in MEASURES],
            "pooling": {"approved": approved, **given},
        }
    )  # fmt: skip


def profile(counts: one.People, window: Window) -> Profile:
    cubes = {attribute: one.cube(counts, attribute) for attribute in ("", *ATTRIBUTES)}
    return Profile(window, int(counts.sum()), 0, None, None, {}, cubes)


def audit(declared: ModelConfig, seen: Profile, whole: Profile | None) -> Audit:
    """What the ledger holds of a window, its pools and its period counted as the flow counts them."""
    everyone = seen.cubes[""].tally()
    found = [one.said(name, everyone) for name in MEASURES]
    assert declared.pooling is not None
    pools = Pools(declared.pooling, seen, whole)
    for check in checks(declared):
        if check.where.startswith("plan."):
            found += pools.beside(check, list(gaps(check, seen)))
    return Audit(model="m", version="1", window=seen.window, stage="outcome", rows=seen.rows, config="c",
                 reference="r", profile=seen.digest, software="s", findings=tuple(found))  # fmt: skip


def told(ledger: Ledger, declared: ModelConfig, counts: list[one.People]) -> list[Audit]:
    """Every window audited, recorded and released in turn, as people then see it."""
    found = []
    for window, people in zip(WINDOWS, counts, strict=True):
        seen = profile(people, window)
        made = audit(declared, seen, period.pooled(declared, seen, "outcome", ledger))
        ledger.record(made, seen)
        found.append(release.keep(ledger, made))
    return found


def year(seed: int) -> list[one.People]:
    return [one.people(4 * seed + i) for i in range(MANY)]


def opened(folder: Path) -> Ledger:
    return Ledger(f"sqlite:///{folder}/ledger.db", lambda: datetime(2026, 3, 1, tzinfo=UTC))


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return opened(tmp_path)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ledger, list[Audit]]:
    """A year as it was told, worked out once for all that is asked of it."""
    kept = opened(tmp_path_factory.mktemp("year"))
    return kept, told(kept, config(), year(1))


def within(attribute: str, groups: tuple[str, ...], span: str, rest: bool) -> Iterator[bool]:
    """Which (window, cell) are of the people named."""
    of = Window.parse(span)
    for window, cell in product(WINDOWS, one.CELLS):
        own = {"race": cell[0], "sex": cell[1], "race × sex": f"{cell[0]} × {cell[1]}", "": ""}[attribute]
        yield window.overlaps(of) and ((own in groups) is not rest)


def row(attribute: str, groups: tuple[str, ...], span: str, rest: bool, holds: one.Holds) -> np.ndarray:
    kinds = np.array([holds(c[2], c[3]) for _, c in product(WINDOWS, one.CELLS)])
    return (np.array(list(within(attribute, groups, span, rest))) & kinds).astype(float)


def read(releases: list[Audit]) -> tuple[np.ndarray, np.ndarray]:
    """All that a series of published audits tells: rows of 0 and 1, and what they add to."""
    facts: dict[bytes, tuple[np.ndarray, float]] = {}

    def learn(line: np.ndarray, count: float | None) -> None:
        if count is not None:
            facts[line.tobytes()] = line, round(count)

    for seen in releases:
        learn(row("", ("",), str(seen.window), False, lambda o, d: True), seen.rows)
        for f in seen.findings:
            whole, part = one.COUNTED[f.metric]
            span = f.over or str(seen.window)
            attribute, groups = (f.subject, f.holds or (f.group,)) if f.group is not None else ("", ("",))
            learn(row(attribute, groups, span, False, whole), f.n)
            learn(row(attribute, groups, span, False, part), f.events)
            if f.group is not None:
                learn(row(attribute, groups, span, True, whole), f.reference_n)
                if f.metric in one.SHARES and f.baseline is not None and f.reference_n is not None:
                    learn(row(attribute, groups, span, True, part), f.baseline * f.reference_n)
            if f.needs and "pooled_n" in f.needs:
                learn(row(attribute, groups, f"{WINDOWS[0].start.isoformat()}/{WINDOWS[-1].end.isoformat()}",
                          False, whole), f.needs["pooled_n"])  # fmt: skip
    lines = list(facts.values())
    return np.array([line for line, _ in lines]), np.array([count for _, count in lines])


def recovered(counts: list[one.People], releases: list[Audit]) -> Iterator[tuple[str, str, str, str, int]]:
    """Every count of 1 to 10, of a window or of the year, told to within less than ten."""
    rows, sums = read(releases)
    people = np.concatenate(counts)
    used = rows.any(axis=0)
    nobody = rows[sums == 0].any(axis=0)
    equal = sparse.csr_matrix(rows[sums > 0][:, used & ~nobody])
    names = {a: sorted({g for n in counts for g in one.cube(n, a).groups}) for a in ATTRIBUTES}
    places = [("", ("",)), *((a, (g,)) for a in ATTRIBUTES for g in names[a]), ("race", ("d", "e"))]
    spans = [str(w) for w in WINDOWS] + [f"{WINDOWS[0].start.isoformat()}/{WINDOWS[-1].end.isoformat()}"]
    points = [people.astype(float)]
    for (attribute, groups), span, (name, holds) in product(places, spans, one.SMALL.items()):
        way = row(attribute, groups, span, False, holds)
        count = int(way @ people)
        if not 0 < count < 11:
            continue
        if np.ptp(np.array(points) @ way) >= 10:
            continue
        if (way.astype(bool) & ~used).any():
            continue  # nothing shown bounds it
        for side in (way, -way):
            got = linprog(side[used & ~nobody], A_eq=equal, b_eq=sums[sums > 0], bounds=(0, 5000))
            points.append(np.zeros(len(way)))
            points[-1][used & ~nobody] = got.x
        if np.ptp(np.array(points) @ way) < 10 - 1e-6:
            yield attribute, " + ".join(groups), span[:10], name, count


def test_a_year_of_windows_pools_and_its_period_gives_no_small_count_away(
    released: tuple[Ledger, list[Audit]],
) -> None:
    releases = released[1]
    assert not [*recovered(year(1), releases)]
    shown = [f for f in releases[-1].findings if f.verdict is not Verdict.WITHHELD]
    assert [f for f in shown if f.over and len(f.holds or ()) > 1]  # the pool, over the year
    assert [f for f in shown if f.over and len(f.holds or ()) == 1]


def test_the_period_released_without_the_register_gives_small_counts_away(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted weakness: each release checked by itself alone."""
    monkeypatch.setattr(release, "register", lambda ledger, audit: [])
    counts = year(0)
    assert next(recovered(counts, told(ledger, config(), counts)), None)


def test_a_week_within_a_longer_window_is_set_against_it() -> None:
    """Another grid on the same people: a fortnight is told, then one of its weeks."""
    declared = config(periods=None)
    weeks = [one.people(0), one.people(0)]
    moved = np.flatnonzero(weeks[1])[:3]
    weeks[1] = np.zeros_like(weeks[1])
    weeks[1][moved] = 2  # six people more in the second week
    fortnight = Window(WINDOWS[0].start, WINDOWS[1].end)
    long = audit(declared, profile(weeks[0] + weeks[1], fortnight), None)
    first = published(long)
    short = audit(declared, profile(weeks[0], WINDOWS[0]), None)
    seen = published(short, [Release(first, long)])
    shown = {("", None, "rows"): first.rows, **counted(first)}
    apart = [abs(n - shown[key]) for key, n in counted(seen).items() if shown.get(key) is not None]
    assert not [n for n in apart if 0 < n < 11]
    assert counted(published(short))  # by itself it would have been told


def counted(seen: Audit) -> dict[tuple[str, str | None, str], int]:
    return {
        (f.subject, f.group, f"{f.metric} {name}"): count
        for f in seen.findings
        for name, count in (("n", f.n), ("events", f.events))
        if count is not None
    }


def test_what_is_withheld_gives_way_to_the_pool_that_holds_it(released: tuple[Ledger, list[Audit]]) -> None:
    last = released[1][-1]
    standing = {(f.metric, m) for f in last.findings if f.holds and f.subject == "race" for m in f.holds}
    withheld = {
        (f.metric, f.group)
        for f in last.findings
        if f.subject == "race" and f.verdict is Verdict.WITHHELD and f.holds is None
    }
    assert standing
    assert not standing & withheld
    pool = next(f for f in last.findings if f.group == f"{POOL}, {MANY} windows")
    assert pool.holds == ("d", "e")
    assert pool.over == "2026-01-05T00:00:00Z/2026-02-02T00:00:00Z"


def test_between_periods_the_last_one_is_told_again_and_asks_nobody(
    released: tuple[Ledger, list[Audit]],
) -> None:
    ledger, declared = released[0], config()
    window = Window(WINDOWS[-1].end, WINDOWS[-1].end + timedelta(weeks=1))
    seen = profile(one.people(7), window)
    assert period.pooled(declared, seen, "outcome", ledger) is None
    made = audit(declared, seen, None)
    ledger.record(made, seen)
    again = [f for f in release.keep(ledger, made).findings if f.over]
    assert again
    assert {f.severity for f in again} == {"info"}
    assert {f.over for f in again} == {"2026-01-05T00:00:00Z/2026-02-02T00:00:00Z"}


def test_a_period_is_counted_once_in_the_window_that_ends_it(ledger: Ledger) -> None:
    declared, counts = config(), year(0)
    seen = [profile(people, window) for people, window in zip(counts, WINDOWS, strict=True)]
    for each in seen[:-1]:
        assert period.pooled(declared, each, "outcome", ledger) is None
        ledger.record(audit(declared, each, None), each)
    whole = period.pooled(declared, seen[-1], "outcome", ledger)
    assert whole is not None
    assert whole.window == Window(WINDOWS[0].start, WINDOWS[-1].end)
    assert (
        whole.cubes["race"]
        == seen[0].cubes["race"] + seen[1].cubes["race"] + seen[2].cubes["race"] + seen[3].cubes["race"]
    )


def test_a_period_with_a_window_missing_is_not_counted(ledger: Ledger) -> None:
    declared = config()
    seen = [profile(people, window) for people, window in zip(year(0), WINDOWS, strict=True)]
    for each in (seen[0], seen[2]):
        ledger.record(audit(declared, each, None), each)
    assert period.pooled(declared, seen[-1], "outcome", ledger) is None


def test_windows_whose_outcomes_are_not_known_make_no_period_of_outcomes(ledger: Ledger) -> None:
    declared = config()
    seen = [profile(people, window) for people, window in zip(year(0), WINDOWS, strict=True)]
    for each in seen[:-1]:
        ledger.record(replace(audit(declared, each, None), stage="scored"), each)
    assert period.pooled(declared, seen[-1], "outcome", ledger) is None
    assert period.pooled(declared, seen[-1], "scored", ledger) is not None


def test_what_pooling_the_period_gives_is_said_where_one_window_cannot_tell(ledger: Ledger) -> None:
    declared = config()
    seen = [profile(6 * people, w) for people, w in zip(year(1), WINDOWS, strict=True)]
    for each in seen[:-1]:
        ledger.record(audit(declared, each, None), each)
    found = audit(declared, seen[-1], period.pooled(declared, seen[-1], "outcome", ledger)).findings
    helped = [f for f in found if f.needs and "pooled_n" in f.needs]
    assert helped
    for finding in helped:
        whole = next(f for f in found
                     if f.over and (f.metric, f.subject, f.holds) ==
                     (finding.metric, finding.subject, (finding.group,)))  # fmt: skip
        assert finding.needs is not None
        assert (finding.needs["pooled_windows"], finding.needs["pooled_n"]) == (MANY, whole.n)
        assert whole.low is not None
        assert whole.high is not None
        assert finding.needs["tells"] == pytest.approx((whole.high - whole.low) / 2, abs=5e-4)


def test_what_a_period_gives_is_not_said_where_the_period_is_withheld() -> None:
    needs = {"n": 90, "more": 60, "windows": 3, "pooled_windows": MANY, "pooled_n": 120, "tells": 0.08}
    own = Finding(metric="true_positive_rate", family="fairness", subject="race", unit="share of rows",
                  group="a", against="rest", verdict=Verdict.CANNOT_TELL, n=30, needs=needs)  # fmt: skip
    span = f"{WINDOWS[0].start.isoformat()}/{WINDOWS[-1].end.isoformat()}"
    whole = replace(own, group=f"a, {MANY} windows", holds=("a",), over=span, needs=None)
    assert preferred([own, whole])[0].needs == needs
    (left,) = preferred([own, replace(whole, verdict=Verdict.WITHHELD)])
    assert left.needs == {"n": 90, "more": 60, "windows": 3, "pooled_windows": MANY}


def test_nothing_is_pooled_that_no_one_named() -> None:
    declared = config(groups={"race": {POOL: ["x", "y"]}}, periods=None)
    found = audit(declared, profile(one.people(1), WINDOWS[0]), None).findings
    assert not [f for f in found if f.holds]
    assert all(isinstance(f, Finding) for f in found)


def test_a_pool_is_the_sum_of_its_members() -> None:
    counts = one.people(1)
    found = audit(config(periods=None), profile(counts, WINDOWS[0]), None).findings
    pool = next(f for f in found if f.group == POOL and f.metric == "selection_rate")
    members = [f for f in found if f.subject == "race" and f.group in ("d", "e") and f.metric == pool.metric]
    assert pool.n == sum(f.n or 0 for f in members)
    assert pool.reference_n == (members[0].reference_n or 0) - (members[1].n or 0)
    crossed = {f.group: f.holds for f in found if f.holds and f.subject == "race × sex"}
    assert crossed == {f"{POOL} × f": ("d × f", "e × f"), f"{POOL} × m": ("d × m", "e × m")}

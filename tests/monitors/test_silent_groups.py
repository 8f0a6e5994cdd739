"""One site's feed stops while the others go on: it is named, it pages at once, and it heals."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from flows.monitor import step
from monitors import glance
from monitors.alert import changes, standing
from monitors.audit import Audit, Finding, Verdict
from monitors.config_file import parse
from monitors.cube import UNKNOWN, Cube
from monitors.glance import Glance, sites, volumes
from monitors.ledger import Recorded
from monitors.quality.halved_groups import halved_groups
from monitors.quality.silent_groups import silent_groups
from monitors.suppression import published

START = datetime(2026, 1, 5, tzinfo=UTC)
CONFIG = parse(
    """
model: sepsis
version: 1
source: {kind: files, path: x.csv}
columns: {time: at, score: risk, decision: {score_at_least: 0.5}, sensitive: [language], site: site}
window: P7D
reference: {from: 2026-01-05, to: 2026-03-02}
""",
    "sepsis.yaml",
)


def cube(**rows: int) -> Cube:
    return Cube.of("site", [(group, -1, -1, -1, -1, n, 0) for group, n in rows.items()])


def test_a_group_that_usually_sends_and_did_not_is_counted_and_named() -> None:
    found = silent_groups(cube(south=90), cube(north=400, south=400, east=400), 4.0)
    assert (found.value, found.note) == (2.0, "nothing came of east, north")


def test_a_group_that_sends_too_few_to_miss_is_not_counted() -> None:
    assert silent_groups(cube(south=90), cube(north=119, south=400), 4.0).value == 0.0


def test_a_group_that_was_silent_in_a_window_of_the_reference_is_not_counted() -> None:
    blocks = [cube(north=100, south=100), cube(south=100)]
    assert silent_groups(cube(south=90), cube(north=400, south=400), 4.0, blocks).value == 0.0


def test_people_of_unknown_group_are_no_feed() -> None:
    assert silent_groups(cube(south=90), cube(**{UNKNOWN: 400, "south": 400}), 4.0).value == 0.0


def test_a_window_without_any_row_is_another_matter() -> None:
    assert silent_groups(cube(), cube(north=400), 4.0).value is None


def test_a_group_that_sent_less_than_half_while_others_went_on_is_counted_and_named() -> None:
    found = halved_groups(cube(north=40, south=98, east=100), cube(north=400, south=400, east=400), 4.0)
    assert (found.value, found.note) == (1.0, "less than half of the usual came of north")


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (cube(north=201, south=398, east=400), "half is not less than half"),
        (cube(south=398, east=400), "nothing at all is another check's"),
        (cube(north=180, south=180, east=180), "all fell alike, which is the volume of the model"),
    ],
)
def test_a_group_is_not_halved(now: Cube, why: str) -> None:
    assert halved_groups(now, cube(north=1600, south=1600, east=1600), 4.0).value == 0.0, why


def test_a_group_too_small_or_quiet_before_is_not_halved() -> None:
    small = halved_groups(cube(north=20, south=98), cube(north=236, south=400), 4.0)
    assert not small.value, "59 a window: chance alone may halve it too often"
    blocks = [cube(north=160, south=100), cube(north=70, south=100)]
    assert not halved_groups(cube(north=45, south=98), cube(north=400, south=400), 4.0, blocks).value
    away = halved_groups(cube(north=45, south=98), cube(north=400, south=400), 4.0, [cube(south=100)])
    assert not away.value
    unknown = cube(**{UNKNOWN: 400, "south": 400})
    assert not halved_groups(cube(**{UNKNOWN: 40, "south": 98}), unknown, 4.0).value
    assert halved_groups(cube(), cube(north=400), 4.0).value is None
    one = halved_groups(cube(north=1), cube(north=400, south=400), 4.0)
    assert one.value is None, "of a window with one row nothing can be said of its parts"


def rows(weeks: range, silent: range) -> pd.DataFrame:
    made = []
    for week in weeks:
        for number in range(400):
            draw = random.Random(week * 1000 + number)
            site = draw.choice(["north", "south", "south", "east"])
            if week in silent and site == "north":
                continue
            at = START + timedelta(weeks=week, seconds=draw.random() * 7 * 86400)
            made.append((at, round(draw.betavariate(2, 5), 4), draw.choice(["en", "en", "es"]), site))
    return pd.DataFrame(made, columns=["at", "risk", "language", "site"])


@pytest.fixture(scope="module")
def audits() -> list[Audit]:
    """Three weeks; the second without the north."""
    table = rows(range(11), range(9, 10))
    grid = CONFIG.grid
    first = grid.index(START)
    return [published(step(CONFIG, grid.window(first + week), table)) for week in (8, 9, 10)]


def of(audit: Audit, subject: str) -> Finding:
    return next(f for f in audit.findings if f.metric == "silent_groups" and f.subject == subject)


def test_a_site_that_stops_pages_at_once_and_is_over_when_it_is_back(audits: list[Audit]) -> None:
    assert [of(a, "site").verdict for a in audits] == [Verdict.WITHIN, Verdict.BEYOND, Verdict.WITHIN]
    assert [of(a, "language").verdict for a in audits] == [Verdict.WITHIN] * 3
    assert of(audits[1], "site").reason == "nothing came of north"
    assert (of(audits[1], "site").severity, of(audits[1], "language").severity) == ("page", "ticket")
    told = [
        (c.state, c.finding.subject)
        for place in range(3)
        for c in changes(standing(audits[:place]), audits[place])
        if c.finding.metric == "silent_groups"
    ]
    assert told == [("began", "site"), ("ceased", "site")]


def test_the_volume_of_each_site_is_known_where_it_may_be_shown(audits: list[Audit]) -> None:
    counts = {group: n for attribute, group, n in volumes(audits[0]) if attribute == "site"}
    assert set(counts) == {"north", "south", "east"}
    assert 330 < sum(counts.values()) < 410
    later = {group: n for attribute, group, n in volumes(audits[1]) if attribute == "site"}
    assert later["north"] == 0


def test_a_site_that_fell_silent_is_still_one_and_one_too_small_is_none(audits: list[Audit]) -> None:
    assert sites(audits[:2], "site") == (("east", "north", "south"), 0)
    assert sites(audits[1:2], "site") == (("east", "south"), 0), "of the week without the north alone"
    small = (replace(f, verdict=Verdict.WITHHELD) if f.group == "east" else f for f in audits[0].findings)
    assert sites([audits[0].with_findings(tuple(small))], "site") == (("north", "south"), 0)
    assert sites(audits, None) == ((), 0)


def test_of_very_many_sites_the_largest_are_named_and_the_rest_counted(
    audits: list[Audit], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glance, "SITES", 2)
    named, left = sites(audits[:1], "site")
    assert "south" in named, "half of everyone"
    assert (len(named), left) == (2, 1)


def test_a_glance_kept_before_sites_were_still_reads(audits: list[Audit]) -> None:
    recorded = [Recorded(audit, START, 1, audit.digest, place) for place, audit in enumerate(audits)]
    made = glance.glance(recorded, None, site="site")
    assert made is not None
    assert made.sites == ("east", "north", "south")
    assert Glance.read(made.payload()).sites == made.sites
    before = {name: said for name, said in made.payload().items() if not name.startswith("sites")}
    assert (Glance.read(before).sites, Glance.read(before).sites_left) == ((), 0)

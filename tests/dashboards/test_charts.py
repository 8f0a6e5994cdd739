"""Charts: well-formed, escaped, styled by classes alone, and honest about what is not there."""

from __future__ import annotations

import re
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from dashboards.charts.distribution import Bar, distribution
from dashboards.charts.forest import Arm, forest
from dashboards.charts.heatmap import strip
from dashboards.charts.shrinkage import Drawn, shrinkage
from dashboards.charts.sparkline import sparkline
from dashboards.charts.svg import Scale, shape
from dashboards.charts.timeline import Mark, Point, timeline
from monitors.audit import Verdict
from monitors.words.figures import percent
from tests.dashboards.ward import HOSTILE, LAST

POINTS = [
    Point(LAST + timedelta(weeks=i), verdict, value, low, high, 0.1)
    for i, (verdict, value, low, high) in enumerate(
        [
            (Verdict.WITHIN, 0.1, 0.0, 0.2),
            (Verdict.CANNOT_TELL, None, None, None),
            (Verdict.BEYOND, 0.9, 0.8, 1.0),
        ]
    )
]
ARMS = [
    Arm("race", "white", Verdict.WITHIN, 400, 0.01, -0.02, 0.04),
    Arm("race", HOSTILE, Verdict.BEYOND, 90, -0.3, -0.4, -0.2),
    Arm("race", "other", Verdict.WITHHELD),
]
PULLED = [
    Drawn(HOSTILE, 400, 0.8, 0.79, 0.75, 0.83, 0.04),
    Drawn("race × sex other f", 12, 0.25, 0.7, 0.5, 0.85, 0.9),
    Drawn("race × sex other m", why="withheld"),
]
DRAWN = {
    "sparkline": sparkline([0.1, None, 0.3], title=HOSTILE, margin=0.2, verdict=Verdict.BEYOND),
    "timeline": timeline(POINTS, title=HOSTILE, description=HOSTILE, band=(0.0, 0.2), target=0.1),
    "marked": timeline(
        POINTS, title="a", description="b", marks=[Mark(LAST + timedelta(days=10), HOSTILE, HOSTILE)]
    ),
    "one point": timeline(POINTS[:1], title="a", description="b"),
    "forest": forest(ARMS, caption=HOSTILE, margin=0.1),
    "shrinkage": shrinkage(PULLED, caption=HOSTILE),
    "strip": strip([None, *Verdict], title=HOSTILE, said=[HOSTILE] * 7, shown=2),
    "distribution": distribution(
        [Bar(HOSTILE, 0.2, 0.3), Bar("b", None, 0.1)], title=HOSTILE, description=HOSTILE
    ),
    "nothing": distribution([], title="a", description="b"),
}


def tree(drawn: str) -> ET.Element:
    return ET.fromstring(drawn)


@pytest.mark.parametrize("name", DRAWN)
def test_a_chart_is_well_formed_escaped_and_styled_by_classes(name: str) -> None:
    drawn = str(DRAWN[name])
    for part in tree(drawn).iter():
        assert "style" not in part.attrib
        assert not [key for key in part.attrib if key.startswith("on")]
    assert "<script>" not in drawn
    assert not re.search(r"(fill|stroke)=\"#", drawn), (
        "colours belong to the style sheet, or the dark has none"
    )
    assert "nan" not in drawn.lower()


@pytest.mark.parametrize("name", ["sparkline", "timeline", "strip", "distribution"])
def test_a_chart_has_a_name_for_those_who_do_not_see_it(name: str) -> None:
    drawn = tree(DRAWN[name])
    assert drawn.attrib["role"] == "img"
    assert drawn[0].tag == "title"
    assert drawn[0].text


def test_a_window_without_a_value_is_a_gap_and_a_mark_not_a_zero() -> None:
    drawn = DRAWN["timeline"]
    assert 'class="mark cannot_tell"' in drawn
    assert 'class="line"' not in drawn, "one point on each side makes no line"
    assert len(re.findall("<polyline", DRAWN["sparkline"])) == 2


def test_a_withheld_group_is_off_the_scale_and_says_so() -> None:
    rows = tree(DRAWN["forest"]).findall("tbody/tr")
    withheld = ET.tostring(rows[2], encoding="unicode")
    assert "withheld" in withheld
    assert "whisker" not in withheld
    mark = rows[2].find(".//svg/svg")
    assert mark is not None
    assert float(mark.attrib["x"].rstrip("%")) < 10, "the zero line is in the middle"


def test_every_verdict_has_a_shape_of_its_own() -> None:
    inner = {re.sub(r'class="mark \w+"', "", str(shape(verdict))) for verdict in Verdict}
    assert len(inner) == len(Verdict)


def test_one_wild_interval_does_not_flatten_the_others() -> None:
    arms = [
        Arm("a", str(i), Verdict.WITHIN, 100, 0.01 * i, 0.01 * i - 0.05, 0.01 * i + 0.05) for i in range(12)
    ]
    wild = forest([*arms, Arm("a", "wild", Verdict.CANNOT_TELL, 12, 0.0, -9.0, 9.0)], caption="", margin=0.1)
    band = tree(wild).find(".//rect")
    assert band is not None
    assert float(band.attrib["width"].rstrip("%")) > 30
    assert wild.count('class="tip') == 2


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3e-9, 2e-9), (0.5, 0.5000001), (-1e9, 1e9)])
def test_ticks_are_few_round_and_inside(low: float, high: float) -> None:
    ticks = Scale(low, high).ticks(4)
    assert 2 <= len(ticks) <= 9
    assert all(low - 1e-12 <= tick <= high + 1e-12 for tick in ticks)


def test_equal_values_still_make_a_scale() -> None:
    for value in (0.0, 5.0, -2.0):
        scale = Scale.around([value, value])
        assert scale.low < value < scale.high


def test_a_change_is_a_line_between_its_windows_with_words_and_one_elsewhere_is_left_out() -> None:
    drawn = str(DRAWN["marked"])
    assert drawn.count('class="turn"') == 1
    assert "12 Mar 2026" in drawn
    outside = Mark(LAST - timedelta(days=30), "version 2", "version 1 became 2")
    assert 'class="turn"' not in str(timeline(POINTS, title="a", description="b", marks=[outside]))


def test_a_shrunken_rate_stands_beside_its_own_and_how_far_it_was_drawn() -> None:
    rows = tree(DRAWN["shrinkage"]).findall("tbody/tr")
    told = [["".join(cell.itertext()) for cell in row] for row in rows]
    assert told[1] == ["race × sex other f", "12", "", percent(0.25), percent(0.7), percent(0.9)]
    assert told[2] == ["race × sex other m", "–", "", "withheld", "–", "–"]
    own, pooled = (rows[1].find(f".//circle[@class='{name}']") for name in ("own", "pooled"))
    assert own is not None
    assert pooled is not None
    assert float(str(own.get("cx")).rstrip("%")) < float(str(pooled.get("cx")).rstrip("%"))

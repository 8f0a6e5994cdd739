"""Weeks in the life of a ward: what goes wrong in the feed, and what Rounds says the next Monday."""

from __future__ import annotations

from pathlib import Path

from monitors.suppression import published
from tests.flows.rows import Row, found, said
from tests.stories.ward import Ward, beyond


def test_three_quiet_weeks_then_a_unit_changes_and_is_mended(tmp_path: Path) -> None:
    ward = Ward(tmp_path)
    for week in (1, 2, 3):
        ward.arrives(week)
        assert beyond(ward.on_monday(week)) == set()

    ward.arrives(4, lambda row: row | {"lactate": round(row["lactate"] * 9, 1)})  # mg/dl for mmol/l
    fourth = ward.on_monday(4)
    assert beyond(fourth) == {"out_of_range_share of lactate", "wasserstein of lactate"}
    moved = found(fourth, "out_of_range_share", "lactate")
    assert moved.action == "Ask the interface team whether the feed or its mapping changed."
    assert said(fourth, "out_of_range_share", "age") == said(fourth, "missing_share", "lactate") == "within"

    ward.arrives(5)
    assert beyond(ward.on_monday(5)) == set()


def test_a_feed_stops_on_a_wednesday_and_stays_silent(tmp_path: Path) -> None:
    ward = Ward(tmp_path)
    ward.arrives(1)
    assert beyond(ward.on_monday(1)) == set()

    ward.arrives(2, lambda row: row if row["at"] < "2026-03-11" else None)
    second = ward.on_monday(2)
    assert beyond(second) == {"rows of rows", "freshness of rows"}
    assert found(second, "freshness", "rows").severity == "page"

    third = ward.on_monday(3)
    assert third.rows == 0
    assert beyond(third) == {"rows of rows", "freshness of rows"}
    assert "within" not in {str(f.verdict) for f in third.findings}


def test_a_language_is_lost_from_the_feed(tmp_path: Path) -> None:
    """Nobody is scored wrongly: a whole group is not scored at all."""
    ward = Ward(tmp_path, {"sensitive": ["language"], "categorical": ["ward", "language"]})

    def spoken(row: Row) -> Row:
        return row | {"language": "es" if int(row["visit"][1:]) % 5 == 0 else "en"}

    ward.rows = [spoken(row) for row in ward.rows]
    ward.arrives(1, spoken)
    first = ward.on_monday(1)
    assert beyond(first) == set()
    assert found(first, "selection_rate", "language", "es").n == 56

    ward.arrives(2, lambda row: None if spoken(row)["language"] == "es" else spoken(row))
    second = ward.on_monday(2)
    assert "total_variation of language" in beyond(second)
    gone = found(second, "selection_rate", "language", "es")
    assert (str(gone.verdict), gone.reason) == ("cannot_tell", "nobody of this group is in the window")


def test_outcomes_come_late_and_restate_the_week(tmp_path: Path) -> None:
    ward = Ward(tmp_path, outcome={"matures_after": "P14D"})

    def not_yet(row: Row) -> Row:
        return row | {"sepsis": None}

    ward.arrives(1, not_yet)
    scored = ward.on_monday(1)
    assert scored.stage == "scored"
    told = {f.metric for f in scored.findings}
    assert not told & {"auroc", "true_positive_rate", "observed_expected_ratio"}
    assert "selection_rate" in told

    ward.arrives(2, not_yet)
    ward.run(2)
    ward.rows = [row for row in ward.rows if ward.week(row) != 1]
    ward.arrives(1)  # by now each outcome of the first week is known
    ward.arrives(3, not_yet)
    restated, third = ward.run(3)
    assert (restated.window, restated.stage) == (scored.window, "outcome")
    assert (third.window.start, third.stage) == (ward.monday(2).replace(hour=0), "scored")
    assert found(restated, "auroc", "model").n == 280
    assert found(restated, "missing_share", "outcome").events == 0

    standing = {str(r.audit.window): r.audit.stage for r in ward.ledger.audits("sepsis")}
    assert standing[str(scored.window)] == "outcome"  # the word on that week is now the later one
    kept = ward.ledger.entries("audit", model="sepsis", window=str(scored.window))
    assert [entry.stage for entry in kept] == ["scored", "outcome"]  # and the earlier is not lost


def test_a_week_read_too_early_takes_no_outcome_for_a_negative(tmp_path: Path) -> None:
    """Half the outcomes are open: the rates rest on the other half alone."""
    ward = Ward(tmp_path)
    ward.arrives(1, lambda row: row if int(row["visit"][1:]) % 2 else row | {"sepsis": None})
    whole = [row for row in ward.rows if ward.week(row) == 1 and row["sepsis"] is not None]
    week = ward.run(2)[0]
    assert week.stage == "outcome"
    rate = found(week, "true_positive_rate", "model")
    assert rate.n == sum(row["sepsis"] == 1 for row in whole)
    assert found(week, "missing_share", "outcome").events == 280 - len(whole) == 140


def test_a_rerun_changes_nothing_and_a_correction_is_a_second_revision(tmp_path: Path) -> None:
    ward = Ward(tmp_path, outcome={"matures_after": "P60D"})
    ward.arrives(1)
    first = ward.on_monday(1)
    head, entries = ward.ledger.head(), ward.ledger.verify()
    again = ward.on_monday(1)
    assert again == first
    assert (ward.ledger.head(), ward.ledger.verify()) == (head, entries)

    ward.arrives(2)  # the file is longer now; of the first week it says the same
    earlier = ward.clock
    ward.run(2)
    ward.clock = earlier
    assert ward.on_monday(1) == first
    assert [e.summary["revision"] for e in ward.ledger.entries("audit", window=str(first.window))] == [1]
    entries = ward.ledger.verify()

    late = [dict(row) | {"visit": f"late {row['visit']}"} for row in ward.rows if ward.week(row) == 1][:40]
    ward.rows += late
    corrected = ward.on_monday(1)
    assert corrected.rows == first.rows + 40
    assert corrected.reference == first.reference
    standing = ward.ledger.audits("sepsis")[0]
    assert (standing.revision, standing.audit.rows) == (2, corrected.rows)
    kept = ward.ledger.entries("audit", window=str(first.window))
    assert [entry.summary["revision"] for entry in kept] == [1, 2]
    assert ward.ledger.verify() == entries + 2  # a profile and an audit, and the reference once


def test_the_other_version_goes_live_by_mistake(tmp_path: Path) -> None:
    ward = Ward(tmp_path, {"version": "release"})
    ward.rows = [row | {"release": "1"} for row in ward.rows]
    ward.arrives(1, lambda row: row | {"release": "1"})
    assert beyond(ward.on_monday(1)) == set()
    ward.arrives(2, lambda row: row | {"release": "2" if row["at"] > "2026-03-13" else "1"})
    second = ward.on_monday(2)
    assert beyond(second) == {"wrong_version_share of rows"}
    assert found(second, "wrong_version_share", "rows").severity == "page"


def test_a_retry_storm_counts_nobody_twice(tmp_path: Path) -> None:
    ward = Ward(tmp_path)
    ward.arrives(1)
    calm = ward.on_monday(1)
    ward.rows += [dict(row) for row in ward.rows if ward.week(row) == 1 and row["at"] > "2026-03-07"] * 3
    storm = ward.on_monday(1)
    assert beyond(storm) == {"duplicate_share of rows"}
    assert storm.rows == calm.rows
    assert found(storm, "wasserstein", "score").value == found(calm, "wasserstein", "score").value


def test_a_small_ward_learns_that_it_cannot_tell(tmp_path: Path) -> None:
    """Two patients a day: no verdict on performance, and no patient of it is counted aloud."""
    ward = Ward(tmp_path)
    ward.sound = [row for row in ward.sound if int(row["visit"][1:]) % 20 == 0]
    ward.rows = [row for row in ward.sound if ward.week(row) <= 0]
    ward.arrives(1)
    week = ward.run(2)[0]
    assert week.rows == 14
    assert beyond(week) == set()
    performance = [
        f for f in week.findings if f.family in ("performance", "fairness") and f.severity != "info"
    ]
    assert {str(f.verdict) for f in performance} == {"cannot_tell"}
    shown = published(week)
    counts = [getattr(f, name) for f in shown.findings for name in ("n", "events")]
    assert not [n for n in counts if n is not None and 0 < n < 11]

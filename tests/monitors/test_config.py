"""Configurations: what a file means, and what a mistake in it is told."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitors.columns import Attribute, Columns, ScoreAtLeast
from monitors.config import ModelConfig
from monitors.config_file import parse, read
from monitors.errors import ConfigError
from monitors.plan import DEFAULT_PLAN
from monitors.window import Length, Window, moment, utc

BAD = Path(__file__).parents[1] / "configs_bad"
GOOD = """
model: sepsis-score
version: 2
source: {kind: files, path: data/*.parquet}
columns: {time: at, score: risk, outcome: sepsis, numeric: [lactate], sensitive: [race]}
outcome: {matures_after: P30D}
window: P7D
timezone: Europe/Berlin
reference: {from: 2025-01-06, to: 2025-06-30}
"""


def good(*changes: tuple[str, str]) -> ModelConfig:
    text = GOOD
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return parse(text, "sepsis.yaml")


def says(path: Path) -> list[str]:
    """The messages a file's first lines promise: `# says: key: remedy`."""
    promised = []
    for line in path.read_bytes().split(b"\n"):
        if not line.startswith(b"# says: "):
            break
        said = line.removeprefix(b"# says: ").decode()
        promised.append(said.replace("{path}", str(path)) if "{path}" in said else f"{path.name}: {said}")
    return promised


@pytest.mark.parametrize("path", sorted(BAD.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_mistake_is_told_in_these_words(path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(path)
    assert says(path)
    assert list(caught.value.problems) == says(path)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: no such file; name a model's YAML file"):
        read(tmp_path / "nowhere.yaml")


def test_messages_are_in_no_library_s_words() -> None:
    for path in BAD.glob("*.yaml"):
        for said in says(path):
            assert "Input should" not in said
            assert "pydantic" not in said


def test_a_check_may_add_mistakes_of_its_own() -> None:
    with pytest.raises(ConfigError) as caught:
        parse(GOOD, "sepsis.yaml", lambda config: [f"source.kind: {config.source.kind!r} is unknown"])
    assert caught.value.problems == ("sepsis.yaml: source.kind: 'files' is unknown",)


# --- what a good one means ---


def test_what_is_written_is_what_is_read() -> None:
    config = good()
    assert (config.model, config.version) == ("sepsis-score", "2")
    assert config.source.settings == {"path": "data/*.parquet"}
    assert config.window.length == Length(days=7)
    assert config.zone == ZoneInfo("Europe/Berlin")
    assert config.columns.sensitive == (Attribute(name="race", columns=("race",)),)


def test_every_column_is_read_once() -> None:
    config = good(
        ("[race]", "[race, sex, {age: [18, 65]}, [race, sex]]"), ("time: at", "time: at, site: race")
    )
    assert config.columns.read() == ("at", "risk", "sepsis", "lactate", "race", "sex", "age")


def test_a_site_among_the_sensitive_columns_is_counted_once() -> None:
    assert [a.name for a in good(("time: at", "time: at, site: race")).columns.attributes] == ["race"]
    assert [a.name for a in good(("time: at", "time: at, site: ward")).columns.attributes] == ["race", "ward"]


@pytest.mark.parametrize(
    ("bands", "labels"),
    [
        ([65], ("under 65", "65 and over")),
        ([18, 45, 65], ("under 18", "18 to 44", "45 to 64", "65 and over")),
        ([18.5, 25], ("under 18.5", "18.5 to under 25", "25 and over")),
    ],
)
def test_bands_are_named_as_people_say_them(bands: list[float], labels: tuple[str, ...]) -> None:
    assert Attribute.of({"age": bands}).labels == labels


def test_an_intersection_is_named_after_its_parts() -> None:
    assert Attribute.of(["race", "sex"]).name == "race × sex"
    assert Attribute.of("race").labels == ()


def test_a_decision_is_a_column_or_a_threshold() -> None:
    assert Columns(time="at", decision="flag").decision == "flag"
    found = good(("score: risk", "score: risk, decision: {score_at_least: 0.3}")).columns.decision
    assert found == ScoreAtLeast(score_at_least=0.3)


def test_a_fixed_reference_starts_at_local_midnight() -> None:
    config = good()
    window = config.grid.ending_by(moment("2026-01-20"))
    assert str(config.reference_window(window)) == "2025-01-05T23:00:00Z/2025-06-29T22:00:00Z"


@pytest.mark.parametrize(
    ("trailing", "expected"),
    [
        ("{trailing: P90D}", ("2025-10-14", "2026-01-12")),
        ("{trailing: P90D, offset: P30D}", ("2025-09-14", "2025-12-13")),
        ("{trailing: P3M}", ("2025-10-12", "2026-01-12")),
    ],
)
def test_a_trailing_reference_follows_the_window(trailing: str, expected: tuple[str, str]) -> None:
    config = good(("{from: 2025-01-06, to: 2025-06-30}", trailing), ("Europe/Berlin", "UTC"))
    found = config.reference_window(Window(moment("2026-01-12"), moment("2026-01-19")))
    assert (utc(found.start)[:10], utc(found.end)[:10]) == expected
    assert found.end <= moment("2026-01-12")


def test_months_are_anchored_on_the_first_and_weeks_on_a_monday() -> None:
    month = good(("window: P7D", "window: P1M")).grid.ending_by(moment("2026-02-20"))
    assert utc(month.start) == "2025-12-31T23:00:00Z"
    assert (
        good().grid.ending_by(moment("2026-01-20")).start.astimezone(ZoneInfo("Europe/Berlin")).weekday() == 0
    )


def test_own_rules_stand_before_the_shipped_ones() -> None:
    config = good(("window: P7D", "window: P7D\nplan: [{measure: psi, margin: 0.3}]"))
    (where, first), *rest = config.rules()
    assert (where, first.measure, first.margin) == ("plan.1", "psi", 0.3)
    assert [rule for _, rule in rest] == list(DEFAULT_PLAN)
    assert {where for where, _ in rest} == {"default"}


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (("version: 2", "version: 3"), False),
        (("window: P7D", "window: P14D"), False),
        (("window: P7D", "window: P7D\nplan: [{measure: psi, margin: 0.3}]"), False),
        (("[lactate]", "[lactate, ph]"), False),
        (("window: P7D", "window: {length: P1W}"), True),
        (("window: P7D", 'window: P7D\nschedule: "0 6 * * 1"'), True),
        (("window: P7D", "window: P7D\ngovernance: {title: Sepsis}"), True),
    ],
)
def test_the_digest_moves_with_what_can_change_a_finding(change: tuple[str, str], same: bool) -> None:
    assert (good(change).digest == good().digest) is same


def test_the_shipped_model_file_reads() -> None:
    root = Path(__file__).parents[2]
    for path in (root / "configs" / "models").glob("*.yaml"):
        assert read(path).model == path.stem

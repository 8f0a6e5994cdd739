"""Outputs that people read: rates, agreement against others' figures, a judge model that has to earn it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from monitors.acting import NotAccepted
from monitors.audit import Audit
from monitors.checks import checks
from monitors.config import ModelConfig
from monitors.ledger import Ledger
from monitors.profile import Profile
from monitors.raters import form, queue
from monitors.raters.agreement import ALIKE, alpha, kappa
from monitors.raters.counts import Cell, Review
from monitors.raters.findings import found_by_reading
from monitors.raters.form import Reading
from monitors.raters.queue import Output, Queue, Stratum
from monitors.raters.rates import Part, share
from monitors.raters.reviewed import TOO_FEW, Reviewed, payload, reviewed
from monitors.raters.reviews import Reviews
from monitors.suppression import published
from monitors.window import Window

WEEK = "2026-01-05T00:00:00Z/2026-01-12T00:00:00Z"
# `krippendorff` 0.9.0, nominal and ordinal, of the readings `given(seed, readers)` makes
PUBLISHED: dict[tuple[int, int], tuple[float, float]] = {
    (0, 2): (0.28171641791044777, 0.5440051020408163),
    (1, 3): (0.296471329552615, 0.6363775162796372),
    (2, 4): (0.3420698431343757, 0.6747544494380984),
    (3, 5): (0.2801236604687801, 0.6577297688319248),
}


def given(seed: int, readers: int, outputs: int = 60) -> list[dict[str, int]]:
    """What readers with a sense of severity said, with gaps."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 4, outputs)
    said = np.clip(truth[:, None] + random.integers(-1, 2, (outputs, readers)), 0, 3)
    there = random.random((outputs, readers)) < 0.8
    return [
        {f"r{i}": int(v) for i, (v, here) in enumerate(zip(row, held, strict=True)) if here}
        for row, held in zip(said, there, strict=True)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_that_of_scikit_learn(seed: int) -> None:
    said = given(seed, 2)
    both = [each for each in said if len(each) == 2]
    first, second = ([each[name] for each in both] for name in ("r0", "r1"))
    for ordered, weights in ((False, None), (True, "linear")):
        found = kappa("r0", "r1", said, 4, ordered=ordered)
        assert found.value == pytest.approx(cohen_kappa_score(first, second, weights=weights), abs=1e-12)
        assert found.low < found.value < found.high
        assert found.outputs == len(both)


@pytest.mark.parametrize(("seed", "readers"), PUBLISHED)
def test_alpha_is_that_of_krippendorff(seed: int, readers: int) -> None:
    nominal, ordinal = PUBLISHED[seed, readers]
    assert alpha(given(seed, readers), 4).value == pytest.approx(nominal, abs=1e-9)
    assert alpha(given(seed, readers), 4, ordered=True).value == pytest.approx(ordinal, abs=1e-9)


def test_readers_who_never_differ_may_still_differ_in_time() -> None:
    said = [{"a": i % 2, "b": i % 2} for i in range(40)]
    for found in (kappa("a", "b", said, 2), alpha(said, 2)):
        assert (found.value, found.high) == (1.0, 1.0)
        assert 0.7 < found.low < 0.9
    assert kappa("a", "b", [{"a": 1, "b": 1}] * 40, 2).why == ALIKE
    assert alpha([{"a": 1}], 2).value is None


def test_a_share_is_weighted_by_what_was_not_read() -> None:
    parts = [Part("en", 900, 50, 5), Part("es", 100, 50, 25)]
    assert share(parts).value == pytest.approx(0.9 * 0.1 + 0.1 * 0.5)
    assert share([*parts, Part("zh", 10, 0, 0)]).why == "nobody has read an output of: zh"


def drawn(judge: str = "", margin: float | None = 0.05) -> Queue:
    outputs = {f"{i:016x}": Output(("en", "es")[i % 2], int(i % 4 == 1) if judge else -1) for i in range(200)}
    strata = {"en": Stratum(3_000, 0, 3_000), "es": Stratum(1_000, 500, 500)}
    return Queue("Q-1", "notes", "1", WEEK, "language", judge, "harm", margin, strata, outputs)


def read(held: Queue, wrong: Callable[[int], bool] = lambda i: i % 4 == 1, readers: int = 2) -> Reviewed:
    """Every fourth output could do harm, unless told otherwise."""
    readings = []
    for i, name in enumerate(held.outputs):
        said = {
            "omission": 0,
            "addition": int(wrong(i)),
            "harm": int(wrong(i)),
            "severity": 2 * int(wrong(i)),
        }
        readings += [Reading("Q-1", name, f"r{r}", said) for r in range(readers)]
    return reviewed(held, readings)


def test_a_rate_is_found_by_group_and_judged_by_its_margin() -> None:
    found = {(rate.question, rate.group): rate for rate in read(drawn()).rates}
    everyone, es = found["harm", None], found["harm", "es"]
    assert everyone.estimate.value == pytest.approx(0.25 * 0.5)
    assert (everyone.verdict, es.verdict) == ("beyond", "beyond")
    assert found["omission", None].estimate.value == 0
    assert found["omission", None].verdict is None  # the margin is about harm


def test_a_handful_found_is_withheld_and_no_group_gives_it_away() -> None:
    found = {(r.question, r.group): r for r in read(drawn(), lambda i: i % 40 == 1).rates}
    for group in (None, "en", "es"):
        assert found["harm", group].estimate.why == TOO_FEW
        assert found["harm", group].verdict == "withheld"


def test_a_judge_counts_once_it_surely_agrees_with_the_readers() -> None:
    good = read(drawn("risky")).judged
    assert good.counts
    assert good.rate.verdict == "beyond"
    assert good.rate.estimate.value == pytest.approx(500 / 4_000)
    poor = read(drawn("risky"), lambda i: i % 5 == 1).judged
    assert not poor.counts
    assert poor.rate.verdict == "cannot_tell"
    assert "not surely 0.6" in poor.why
    few = reviewed(drawn("risky"), []).judged
    assert few.why == "30 outputs that it judged have to be read first"


def test_what_is_told_names_no_output_and_no_reader() -> None:
    told = str(payload(read(drawn("risky"))))
    assert not [name for name in (*drawn().outputs, "r0", "r1") if name in told]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: datetime(2026, 1, 13, tzinfo=UTC))


def test_a_form_is_kept_once_and_not_changed(ledger: Ledger) -> None:
    held = queue.keep(ledger, drawn())
    assert queue.keep(ledger, drawn()) == held
    output = next(iter(held.outputs))
    said = {"output": output, "by": "Ada", "omission": "yes", "addition": "no", "harm": "yes"}
    said["severity"] = "mild"
    assert [form.keep(ledger, held.key, [("", said)]) for _ in range(2)] == [1, 0]
    (reading,) = form.readings(ledger, held)
    assert reading.said == {"omission": 1, "addition": 0, "harm": 1, "severity": 1}
    wrong = (
        ({"omission": "no"}, "Ada has said otherwise"),
        ({"harm": "no"}, "'severity' is none"),
        ({"addition": "maybe"}, "'addition' is yes or no"),
        ({"severity": "awful"}, "'severity' is one of"),
        ({"by": " "}, "say 'by'"),
        ({"output": "n17"}, "holds no such output"),
    )
    other = said | {"by": "Bea"}
    for change, why in wrong:
        with pytest.raises(NotAccepted, match=f"line 3: .*{why}"):
            form.keep(ledger, held.key, [("line 2: ", other), ("line 3: ", said | change)])
    assert form.readings(ledger, held) == [reading]  # not the sound one beside it either
    with pytest.raises(NotAccepted, match="no review queue"):
        form.keep(ledger, "Q-0", [])


def tallied(*cells: Cell, told: tuple[tuple[int, int, int], ...] = (), **given: str) -> Review:
    facts = {"window": WEEK, "by": "", "judge": "", "asks": "harm"} | given
    return Review(**facts, drawn=200, cells=cells, told=(told,) * 4)


def test_a_review_in_counts_is_read_back_as_it_was() -> None:
    kept = tallied(Cell("en", 1, 300, 40, (1, 2, 3, 0)), Cell("en", 0, 90, 9, (0,) * 4), told=((0, 2, 30),))
    assert Review.read(json.loads(json.dumps(kept.payload()))) == kept


def test_a_weighted_share_is_marked_where_a_stratum_holds_a_handful() -> None:
    wide = tallied(Cell("en", -1, 900, 80, (20,) * 4), Cell("es", -1, 100, 80, (40,) * 4), by="language")
    assert Reviews((wide,)).share("harm").value == pytest.approx(0.9 * 0.25 + 0.1 * 0.5)
    assert Reviews((wide,)).share("harm").events is None
    few = tallied(Cell("en", -1, 900, 80, (20,) * 4), Cell("es", -1, 100, 80, (4,) * 4), by="language")
    assert Reviews((few,)).share("harm").events == 4
    assert Reviews((few,)).of("language", ("en",)).share("harm").events == 20


def test_windows_are_strata_and_the_largest_queue_that_fits_speaks_for_one() -> None:
    first = tallied(Cell("everyone", -1, 900, 80, (20,) * 4))
    second = replace(tallied(Cell("everyone", -1, 100, 80, (40,) * 4)), window="later")
    both = Reviews((first, second)).share("harm")
    assert (both.value, both.n) == (pytest.approx(0.275), 160)
    larger = replace(second, drawn=300, cells=(Cell("everyone", -1, 100, 50, (5,) * 4),))
    assert Reviews((second, larger)).share("harm").value == pytest.approx(0.1)
    assert Reviews((second, replace(larger, drawn=200))).share("harm").value == pytest.approx(0.5)


def test_a_share_needs_every_stratum_read_and_a_judge_the_readers_with_it() -> None:
    unread = tallied(Cell("en", -1, 900, 80, (20,) * 4), Cell("es", -1, 100, 0, (0,) * 4), by="language")
    assert "nobody has read an output of" in str(Reviews((unread,)).share("harm").why)
    assert "drawn for that (`rounds review draw --by sex`)" in str(
        Reviews((unread,)).of("sex").share("harm").why
    )
    cells = Cell("everyone", 1, 100, 40, (38,) * 4), Cell("everyone", 0, 900, 60, (0,) * 4)
    assert Reviews((tallied(*cells, judge="flag"),)).judged("harm").value == pytest.approx(0.095)
    off = Cell("everyone", 1, 100, 40, (20,) * 4), Cell("everyone", 0, 900, 60, (20,) * 4)
    assert "does not count yet" in str(Reviews((tallied(*off, judge="flag"),)).judged("harm").why)
    assert "drawn for that" in str(Reviews((tallied(*cells, judge="flag"),)).judged("omission").why)


ASKING = (
    {"measure": "harm_share", "margin": 0.05},
    {"measure": "harm_share", "by": "language", "margin": 0.1},
    {"measure": "serious_harm_share", "margin": 0.05},
    {"measure": "serious_harm_share", "by": "language", "against": "target", "margin": 0.1},
)
SIZES = {"en": 700, "es": 210, "zh": 90}


def released(seed: int) -> tuple[dict[str, tuple[int, int]], Audit]:
    """By language how many of 60 outputs were harmful and seriously so, and what is published of it."""
    random = np.random.default_rng(seed)
    found = {}
    for name in SIZES:
        harm = int(random.integers(0, 40))
        found[name] = (harm, int(random.integers(0, harm + 1)))
    cells = [Cell(name, -1, SIZES[name], 60, (0, 0, *found[name])) for name in SIZES]
    read = tallied(*cells, by="language")
    config = ModelConfig.model_validate(
        {
            "model": "scribe", "version": "1", "window": "P7D", "source": {"kind": "files", "path": "x.csv"},
            "columns": {"time": "at", "decision": "signed", "sensitive": ["language"]}, "plan": ASKING,
            "reference": {"from": "2025-01-06", "to": "2025-02-03"},
        }
    )  # fmt: skip
    window = Window.parse(WEEK)
    profile = Profile(window, 1000, 0, None, None, {}, {}, reviews=(read,))
    held = [f for c in checks(config) if c.metric.reads == "review" for f in found_by_reading(c, profile)]
    audit = Audit(
        model="scribe", version="1", window=window, stage="scored", rows=1000, config="", reference="",
        profile=profile.digest, software="", findings=tuple(held),
    )  # fmt: skip
    return found, published(audit)


def worked_out(shown: Audit, question: str) -> dict[str, set[int]]:
    """All that each language's count may be, for whoever tries every count against what is published."""
    counts = np.array(np.meshgrid(*[np.arange(61)] * len(SIZES), indexing="ij")).reshape(len(SIZES), -1)
    weights, names = np.array(list(SIZES.values())), list(SIZES)
    fits = np.ones(counts.shape[1], dtype=bool)
    for finding in shown.findings:
        if finding.metric != f"{question}_share" or finding.value is None:
            continue
        mine = np.array([finding.group in (None, name) for name in names])
        level = finding.value if finding.group is None else finding.level
        fits &= np.isclose((weights * mine) @ counts / 60 / weights[mine].sum(), level, atol=1e-11)
        if finding.baseline and finding.group is not None:
            rest = (weights * ~mine) @ counts / 60 / weights[~mine].sum()
            fits &= np.isclose(rest, finding.baseline, atol=1e-11)
    return {name: set(row[fits].tolist()) for name, row in zip(names, counts, strict=True)}


def test_no_handful_found_by_reading_follows_from_what_is_published() -> None:
    told = 0
    for seed in range(40):
        found, shown = released(seed)
        harm, serious = (worked_out(shown, question) for question in ("harm", "serious_harm"))
        for name, (any_harm, bad) in found.items():
            for count, may_be in ((any_harm, harm[name]), (60 - any_harm, harm[name]), (bad, serious[name])):
                assert not 0 < count < 11 or len(may_be) > 10, (seed, name)
            if 0 < any_harm - bad < 11:
                assert len(harm[name]) > 10 or len(serious[name]) > 10, (seed, name)
            told += len(harm[name]) == 1
    assert told > 30  # and what may be told is

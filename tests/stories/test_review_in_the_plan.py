"""What people find by reading is held to the plan like any measure, and what is read late is told anew."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml

from flows import reviewing
from flows import run as runs
from flows import source as sources
from flows.home import Home
from monitors.audit import Audit, Finding
from monitors.ledger import Ledger
from monitors.raters import form, queue
from monitors.release import kept
from monitors.window import Window, moment

START, A_WEEK = datetime(2026, 1, 5), 360  # noqa: DTZ001  as the clinic's clock shows it
SOUND, WORSE = 2, 3  # weeks of which people read outputs
DECLARED = {
    "model": "scribe",
    "version": "1",
    "source": {"kind": "files", "path": "notes.csv"},
    "columns": {
        "time": "at", "id": "note", "decision": "signed", "categorical": ["flag"], "sensitive": ["language"],
    },
    "window": "P7D",
    "reference": {"from": "2026-01-05", "to": "2026-01-19"},
    "plan": [
        {
            "measure": "harm_share", "margin": 0.05, "severity": "page", "owner": "safety",
            "action": "Read ten of them together.", "runbook": "harm-found",
        },
        {"measure": "omission_share", "by": "language", "margin": 0.1, "severity": "committee"},
        {"measure": "serious_harm_share", "by": "language", "against": "target", "margin": 0.1},
        {"measure": "judged_harm_share", "margin": 0.05},
    ],
}  # fmt: skip


def rows() -> list[dict[str, object]]:
    """Notes in two languages; from the last week on the truth is worse, and the judge model sees it."""
    made = []
    for i in range((WORSE + 1) * A_WEEK):
        week, place, spanish = i // A_WEEK, i // 2, i % 2
        harm = place % 20 < 3 if week == WORSE else place % 50 == 0
        made.append(
            {
                "note": f"n{i}", "at": (START + timedelta(weeks=1) * i / A_WEEK).isoformat(" ", "seconds"),
                "signed": int(i % 3 > 0), "language": ("en", "es")[spanish], "harm": int(harm),
                "flag": int(harm) if week == WORSE else int(place % 7 == 1),
                "omission": int(place % 20 < (11 if spanish and week == WORSE else 5)),
            }
        )  # fmt: skip
    return made


class Clinic:
    """A folder with a log and a ledger, and two people who read."""

    def __init__(self, folder: Path) -> None:
        self.home, self.path = Home.of({}, folder / "home"), folder / "scribe.yaml"
        self.path.write_text(yaml.safe_dump(DECLARED), encoding="utf-8")
        self.truth = {row["note"]: row for row in rows()}
        with (folder / "notes.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows()[0]))
            writer.writeheader()
            writer.writerows(rows())
        self.config = sources.read(self.path)

    @property
    def ledger(self) -> Ledger:
        return runs.open_ledger(self.home)

    def window(self, week: int) -> Window:
        start = moment("2026-01-05") + timedelta(weeks=week)
        return Window(start, start + timedelta(weeks=1))

    def run(self, at: str) -> list[str]:
        """What the schedule does at a moment: the windows it found otherwise than before."""
        return [r.window for r in runs.run(self.path, self.home, None, moment(at), copy=False) if r.new]

    def read(self, week: int, *, agree: bool = True) -> None:
        """Draw outputs of a week, and have two people read them; who do not agree toss a coin."""
        source, key = sources.connect(self.config, self.path.parent), b"k"
        drawn = reviewing.draw(source, self.config, self.window(week), 240, key, by="language", judge="flag")
        held = queue.keep(self.ledger, drawn)
        names = dict(reviewing.ids(source, self.config, held, key))
        source.close()
        forms = []
        for i, output in enumerate(sorted(held.outputs)):
            truth = self.truth[names[output]]
            for number, by in enumerate(("Ada", "Bea")):
                said = truth if agree else {"harm": i >> number & 1, "omission": i % 2}
                answers = {name: str(said[name]) for name in ("omission", "harm")}
                severity = "severe" if said["harm"] else "none"
                forms.append(
                    ("", answers | {"addition": "0", "severity": severity, "output": output, "by": by})
                )
        form.keep(self.ledger, held.key, forms)

    def audit(self, week: int) -> Audit:
        (head,) = [h for h in self.ledger.heads("scribe") if h.window == str(self.window(week))]
        return self.ledger.read([head])[0].audit


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    clinic = Clinic(tmp_path_factory.mktemp("reading"))
    assert len(clinic.run("2026-01-26")) == 1
    return clinic


def one(audit: Audit, metric: str, group: str | None = None) -> Finding:
    (found,) = [f for f in audit.findings if f.metric == metric and f.group == group]
    return found


def test_before_anybody_has_read_nothing_is_said(clinic: Clinic) -> None:
    for metric in ("harm_share", "omission_share", "judged_harm_share"):
        found = one(clinic.audit(SOUND), metric)
        assert (found.verdict, found.value) == ("cannot_tell", None)
        assert "nobody drew outputs of this window" in str(found.reason)


def test_what_is_read_late_restates_its_window_and_a_rise_in_harm_is_found(clinic: Clinic) -> None:
    clinic.run("2026-02-02")
    clinic.read(SOUND)
    clinic.read(WORSE)
    assert clinic.run("2026-02-02") == [str(clinic.window(week)) for week in (SOUND, WORSE)]
    assert clinic.run("2026-02-02") == []  # and once only
    sound, worse = (one(clinic.audit(week), "harm_share") for week in (SOUND, WORSE))
    assert (sound.verdict, sound.n) == ("within", 240)
    assert (worse.verdict, worse.severity, worse.owner) == ("beyond", "page", "safety")
    assert worse.low < 0.15 < worse.high
    said = {f.key: f for f in kept(clinic.ledger, clinic.audit(SOUND)).findings}
    assert said["harm_share", "model", None].verdict == "withheld"  # of a handful nobody is told
    said = {f.key: f for f in kept(clinic.ledger, clinic.audit(WORSE)).findings}
    assert said["harm_share", "model", None].verdict == "beyond"


def test_one_groups_omissions_are_found_and_no_other_weeks(clinic: Clinic) -> None:
    worse = one(clinic.audit(WORSE), "omission_share", "es")
    assert (worse.verdict, worse.family, worse.against) == ("beyond", "fairness", "rest")
    assert worse.low < 0.3 < worse.high
    assert one(clinic.audit(WORSE), "serious_harm_share", "es").level is not None
    assert one(clinic.audit(SOUND), "omission_share", "es").verdict != "beyond"


def test_a_judge_model_that_is_not_of_the_readers_mind_counts_for_nothing(clinic: Clinic) -> None:
    sound, worse = (one(clinic.audit(week), "judged_harm_share") for week in (SOUND, WORSE))
    assert (sound.verdict, sound.value, sound.low) == ("cannot_tell", None, None)
    assert "the judge model does not count yet" in str(sound.reason)
    assert worse.verdict == "beyond"
    assert worse.low < 0.15 < worse.high
    assert (
        worse.high - worse.low
        < one(clinic.audit(WORSE), "harm_share").high - one(clinic.audit(WORSE), "harm_share").low
    )


def test_nothing_rests_on_readers_who_do_not_agree(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    clinic.read(WORSE, agree=False)
    clinic.run("2026-02-02")
    found = one(clinic.audit(WORSE), "harm_share")
    assert (found.verdict, found.value) == ("cannot_tell", None)
    assert "readers do not agree" in str(found.reason)
    assert one(clinic.audit(WORSE), "omission_share", "es").value is not None

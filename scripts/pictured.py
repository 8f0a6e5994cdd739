"""The ledger that docs/pages.md is pictured from, made by Rounds' own commands at hours that stand still.

The shipped inpatients and notes written by rule, a committee that votes, decides and owes, tools beside the
models, and answers of three readers. Every name is an example and no person; the notes' days are moved to
those of the inpatients, so that one morning can look at both.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import yaml

import flows.home
import flows.run
from flows import notes
from flows import run as runs
from flows.demo import END, START
from flows.home import Home
from monitors.acting import held
from monitors.governance.matters import matters
from monitors.window import moment
from rounds import cli

ROOT = Path(__file__).parents[1]
CONFIGS = ROOT / "configs"
SUPPORT, NOTES = CONFIGS / "models" / "support-survival.yaml", CONFIGS / "packs" / "ambient.yaml"
AGREED, NIGHT, SAT = moment("1991-12-09T10:00Z"), moment("1994-07-01T06:40Z"), moment("1994-07-01T13:00Z")
AT = moment("1994-07-04T09:00Z")
"""When the pages are looked at: every outcome of the inpatients is known."""
_SHIFT = moment("1994-07-04") - notes.END
_EARLIER, _LATER = "1993-06-30/1993-09-28", "1993-09-28/1993-12-27"
_READERS = ("A. Nurse", "B. Doctor", "C. Pharmacist")


def make(folder: Path) -> tuple[Home, list[Path]]:
    """The home with the made ledger, and the files of its models."""
    home = Home.of({}, folder / "home")
    os.environ |= {**home.environment(os.environ), "ROUNDS_HOME": str(home.folder)}
    models = folder / "models"
    models.mkdir()
    files = [_inpatients(models), _notes(models)]
    _clock(AGREED)
    _rounds(home, "plan", "register", str(files[0]), str(CONFIGS / "plans" / "support-survival.yaml"))
    said = ("--by", "A. Name", "--role", "chair of the AI committee", "--reason", "agreed on phase I alone")
    _rounds(home, "plan", "approve", "support-bias", *said)
    _clock(NIGHT)
    list(runs.run(files[0], home, runs.span(START, END), NIGHT, copy=False))
    _clock(AT - timedelta(hours=3))
    since = notes.START + _SHIFT
    list(runs.run(files[1], home, runs.span(since, notes.END + _SHIFT), AT, copy=False))
    _committee(home, files[0])
    _answered(home)
    _tools(home, models)
    _read(home, files[1])
    _clock(AT)
    return home, files


def _clock(at: datetime) -> None:
    """From now on it is this hour, for the commands and for what they write."""
    flows.home.now = flows.run.now = lambda: at


def _rounds(home: Home, *words: str) -> str:
    """What a command of Rounds says."""
    told = StringIO()
    with redirect_stdout(told):
        cli.main(["--home", str(home.folder), *words], prog_name="rounds", standalone_mode=False)
    return told.getvalue()


def _inpatients(folder: Path) -> Path:
    """The shipped model, and its data where its file looks for them."""
    said = yaml.safe_load(SUPPORT.read_text(encoding="utf-8"))
    data = (SUPPORT.parent / said["source"]["path"]).parent.resolve()
    said["source"]["path"] = str(data / Path(said["source"]["path"]).name)
    file = folder / SUPPORT.name
    file.write_text(yaml.safe_dump(said, sort_keys=False), encoding="utf-8")
    return file


def _notes(folder: Path) -> Path:
    """The pack's model and its notes, each day moved."""
    text = NOTES.read_text(encoding="utf-8")
    for day in ("2025-10-06", "2026-01-05"):
        text = text.replace(day, f"{moment(day) + _SHIFT:%Y-%m-%d}")
    file = folder / NOTES.name
    file.write_text(text, encoding="utf-8")
    with (folder / "notes.csv").open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(notes.COLUMNS)
        for name, at, *rest in notes.visits():
            writer.writerow((name, (datetime.fromisoformat(str(at)) + _SHIFT).isoformat(), *rest))
    return file


def _committee(home: Home, model: Path) -> None:
    """One report decided and issued anew with its decision, one that waits after two votes."""
    _clock(SAT - timedelta(hours=5))
    _rounds(home, "audit", str(model), "--window", _EARLIER, "--format", "json")
    ledger = runs.open_ledger(home)
    (first,) = matters(ledger)
    _clock(SAT)
    for name, role, vote, comment in (
        ("B. Name", "clinical owner", "approve", ""),
        ("C. Name", "statistician outside the model's team", "approve with conditions",
         "most groups cannot be told apart at this volume: look again over a year"),
        ("D. Name", "patient or community member", "reject",
         "nobody told the families that a score is read"),
    ):  # fmt: skip
        _rounds(
            home, "decide", "vote", first.key, "--by", name, "--role", role, "--vote", vote,
            "--conflict", "none", "--comment", comment,
        )  # fmt: skip
    _rounds(
        home, "decide", "record", first.key, "--decision", "continue with conditions", "--by", "A. Name",
        "--role", "chair of the AI committee", "--reason", "the score is read by palliative care alone",
        "--condition", "a leaflet for families on both wards", "--recheck", "1994-10-03",
    )  # fmt: skip
    for what, owner, due, check in (
        ("mend the feed of urine output", "E. Name, interface team", "1994-06-20",
         "missing for fewer than 5 of every 100 in two windows"),
        ("a leaflet for families, in two languages", "B. Name", "1994-08-01", "it lies on both wards"),
    ):  # fmt: skip
        _rounds(
            home, "decide", "action", first.key, "--what", what, "--owner", owner, "--due", due,
            "--check", check,
        )  # fmt: skip
    _clock(SAT + timedelta(hours=1))
    _rounds(home, "audit", str(model), "--window", _EARLIER, "--format", "json")
    _rounds(home, "audit", str(model), "--window", _LATER, "--format", "json")
    second = next(matter for matter in matters(ledger) if matter.open)
    _rounds(
        home, "decide", "vote", second.key, "--by", "B. Name", "--role", "clinical owner",
        "--vote", "approve", "--conflict", "none",
    )  # fmt: skip
    _rounds(
        home, "decide", "bring", "--model", "triage-chat", "--by", "F. Name",
        "--question", "May the triage chat be tried on one ward?",
    )  # fmt: skip


def _answered(home: Home) -> None:
    """Of the inpatients' alerts one is taken; a change of the notes' tool is planned."""
    _clock(AT - timedelta(hours=1))
    open_ = [a for a in held(runs.open_ledger(home), AT) if a.notice.model == "support-survival"]
    _rounds(
        home, "alerts", "ack", open_[-1].key, "--by", "E. Name", "--reason", "asked the interface team",
    )  # fmt: skip
    _rounds(
        home, "alerts", "silence", "ambient-notes", "--by", "G. Name", "--reason", "the vendor's release 4.2",
        "--from", "1994-07-06T20:00Z", "--until", "1994-07-07T06:00Z",
    )  # fmt: skip


def _tools(home: Home, models: Path) -> None:
    """Tools beside the models: a vendor's with its record and its worth, and two that were only seen."""
    listed = ("--config", str(models))
    facts = {
        "title": "Fracture reader", "function": "marks fractures on plain films", "vendor": "Example Imaging",
        "purpose": "Puts films with a likely fracture first; a radiologist reads every one.",
        "clinical_owner": "Example Hospital, radiology lead", "tier": "medium", "decision_role": "augments",
        "device_status": "a medical device", "device_by": "its maker", "data": "plain films of limbs",
    }  # fmt: skip
    pairs = [word for name, text in facts.items() for word in ("--fact", f"{name}={text}")]
    _rounds(home, "inventory", *listed, "record", "fracture-reader", *pairs, "--by", "H. Name")
    moved = ("--by", "H. Name", "--reason", "beside the radiologists for a quarter")
    _rounds(home, "inventory", *listed, "move", "fracture-reader", "--to", "silent", *moved)
    _rounds(
        home, "inventory", "value", "fracture-reader", "--aim", "experience of patients and staff",
        "--measure", "hours from film to reading", "--baseline", "5.1", "--measured", "3.4",
        "--claimed", "half an hour", "--method", "median of a week before and after", "--on", "1994-06-06",
        "--by", "H. Name",
    )  # fmt: skip
    _rounds(home, "inventory", "report", "Discharge letters", "--fact", "vendor=not known", "--by", "K. Name")
    seen = home.folder / "sign-on.csv"
    seen.write_text("name,vendor\nTriage chat,Example Chat\n", encoding="utf-8")
    _rounds(home, "inventory", "import", str(seen), "--source", "single sign-on", "--by", "L. Name")


def _read(home: Home, model: Path) -> None:
    """Many drafts drawn by language; two of three readers say of each what they found."""
    drawn = _rounds(
        home, "review", "draw", str(model), "--at", f"{AT:%Y-%m-%dT%H:%MZ}", "--outputs", "240",
        "--by", "language", "--margin", "0.05",
    )  # fmt: skip
    header, *forms = csv.reader(StringIO(drawn))
    filled = home.folder / "forms.csv"
    with filled.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([header, *_forms([row[0] for row in forms])])
    queue = _rounds(home, "review").partition(":")[0]
    _rounds(home, "review", "take", queue, str(filled))


def _forms(outputs: list[str]) -> Iterator[tuple[str, ...]]:
    """Most outputs twice: of four one leaves something out and one harms, of three one adds."""
    for number, output in enumerate(outputs[:210]):
        left_out, harms = number % 4 == 0, number % 4 == 1
        for reader in (0, 1 + number % 2):
            found = left_out and (reader == 0 or number % 8 == 0)
            said = (found, number % 3 == 0, harms)
            severity = "moderate" if harms else "none"
            yield (output, _READERS[reader], *("yes" if one else "no" for one in said), severity)

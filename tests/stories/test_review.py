"""Outputs drawn for people to read, from the draw to what it came to: on the command line and on the page."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from click.testing import CliRunner

from dashboards.app import create_app
from flows import run as runs
from flows.home import Home
from monitors.raters.form import readings
from monitors.raters.queue import queues
from rounds import cli
from tests.dashboards import ward
from tests.dashboards.conftest import served
from tests.flows import rows as w
from tests.stories.test_no_text_leaves import found

FORM = ("omission", "addition", "harm", "severity")


def rows() -> list[w.Row]:
    """Of every fifth output harm could come; a judge model flags all of these, and now and then another."""
    return [
        row | {"visit": f"zebrafinch-{i}", "judge": int(i % 5 == 0 or i % 37 == 0), "wrong": int(i % 5 == 0)}
        for i, row in enumerate(w.ward(a_day=60))
    ]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder, before = tmp_path_factory.mktemp("review"), dict(os.environ)
    w.write(folder / "ward.csv", rows())
    declared = w.DECLARED | {"columns": w.DECLARED["columns"] | {"categorical": ["ward", "judge"]}}
    (folder / "ward.yaml").write_text(yaml.safe_dump(declared), encoding="utf-8")
    # A secret that is drawn anew would draw other outputs in every run of these tests.
    (folder / "home").mkdir()
    (folder / "home" / "review.key").write_text("ab" * 32, encoding="ascii")
    (folder / "home" / "review.key").chmod(0o600)
    yield folder
    os.environ.clear()
    os.environ.update(before)


def rounds(place: Path, *arguments: str, status: int = 0) -> str:
    done = CliRunner().invoke(cli, ["--home", str(place / "home"), "review", *arguments])
    assert done.exit_code == status, done.output or done.exception
    return done.stdout


def draw(place: Path, *more: str) -> list[dict[str, str]]:
    at = ("--at", "2026-02-09", "--outputs", "160", "--by", "sex", "--judge", "judge", "--margin", "0.05")
    return list(csv.DictReader(io.StringIO(rounds(place, "draw", str(place / "ward.yaml"), *at, *more))))


@pytest.fixture(scope="module")
def forms(place: Path) -> list[dict[str, str]]:
    return draw(place)


def key(place: Path) -> str:
    return queues(runs.open_ledger(Home.of({}, place / "home")))[0].key


def filled(place: Path, forms: list[dict[str, str]]) -> list[dict[str, Any]]:
    """What two people say who look the outputs up beside the source, and mistake one in forty."""
    told = rounds(place, "ids", str(place / "ward.yaml"), key(place))
    names = {row["output"]: row["id"] for row in csv.DictReader(io.StringIO(told))}
    assert set(names) == {form["output"] for form in forms}
    truth = {row["visit"]: row["wrong"] for row in rows()}
    made = []
    for i, form in enumerate(forms):
        wrong = truth[names[form["output"]]]
        for by in ("Ada", "Bea"):
            said = "yes" if wrong != (by == "Bea" and i % 40 == 7) else "no"
            severity = "severe" if said == "yes" else "none"
            made.append(
                {
                    "output": form["output"],
                    "by": by,
                    **dict(zip(FORM, ("no", said, said, severity), strict=True)),
                }
            )
    return made


def save(path: Path, forms: list[dict[str, Any]]) -> str:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["output", "by", *FORM])
        writer.writeheader()
        writer.writerows(forms)
    return str(path)


def test_the_same_rows_give_the_same_queue(place: Path, forms: list[dict[str, str]]) -> None:
    assert draw(place) == forms
    assert len(forms) == 160
    assert [set(form.values()) for form in forms] == [
        {form["output"], ""} for form in forms
    ]  # nothing else is said
    held = queues(runs.open_ledger(Home.of({}, place / "home")))
    assert len(held) == 1
    drawn = [output.stratum for output in held[0].outputs.values()]
    assert drawn.count("f") == drawn.count("m") == 80


def test_what_people_say_is_taken_whole_or_not_at_all_and_told(
    place: Path, forms: list[dict[str, str]]
) -> None:
    said = filled(place, forms)
    torn = [*said[:5], said[5] | {"severity": "awful"}, *said[6:]]
    take = ["--home", str(place / "home"), "review", "take", key(place), save(place / "torn.csv", torn)]
    assert "torn.csv: line 7: 'severity' is one of" in str(CliRunner().invoke(cli, take).exception)
    ledger = runs.open_ledger(Home.of({}, place / "home"))
    assert readings(ledger, queues(ledger)[0]) == []
    for new in (320, 0):  # a file taken in twice changes nothing
        told = rounds(place, "take", key(place), save(place / "said.csv", said))
        assert told == f"{key(place)}: {new} new\n"
    assert len(readings(ledger, queues(ledger)[0])) == 320
    figures = json.loads(rounds(place, "show", key(place), "--json"))
    rates = {(rate["question"], rate["group"]): rate for rate in figures["rates"]}
    assert rates["harm", None]["low"] < 0.2 < rates["harm", None]["high"]
    assert rates["harm", None]["verdict"] == "beyond"
    assert rates["omission", "f"]["value"] == 0
    assert figures["agreement"]["harm"]["cohens_kappa"]["low"] > 0.7
    assert figures["judge"]["counts"]
    assert figures["judge"]["rate"]["verdict"] == "beyond"
    text = rounds(place, "show", key(place))
    assert "judge against the readers: kappa" in text
    assert "320" not in text
    assert rounds(place) == f"{key(place)}: sepsis, {figures['window']}: 160 of 160 read\n"


PLANTED = "zebrafinch, MRN 00998877"


@pytest.mark.parametrize("name", ["output", *FORM])
def test_what_stands_in_a_form_in_the_place_of_an_answer_is_not_repeated(
    place: Path, forms: list[dict[str, str]], name: str
) -> None:
    sound = {"output": forms[0]["output"], "by": "Dot", **dict.fromkeys(FORM, "no"), "severity": "none"}
    file = save(place / "planted.csv", [sound | {name: PLANTED}])
    done = CliRunner().invoke(cli, ["--home", str(place / "home"), "review", "take", key(place), file])
    said = str(done.exception)
    assert "planted.csv: line 2: " in said
    assert not [word for word in PLANTED.split() if word.strip(",") in said + done.output]


def test_no_id_of_an_output_is_kept(place: Path, forms: list[dict[str, str]]) -> None:
    written = [rounds(place), *(rounds(place, "show", key(place), *more) for more in ((), ("--json",)))]
    assert "zebrafinch" not in "".join((*written, *(str(form) for form in forms)))
    held = found(place / "home")
    assert any(forms[0]["output"].encode() in text for text in held.values())
    assert [name for name, text in held.items() if b"zebrafinch" in text] == []
    assert (place / "home" / "review.key").stat().st_mode & 0o077 == 0


@pytest.mark.server
def test_a_form_is_filled_in_on_the_page(place: Path, forms: list[dict[str, str]]) -> None:
    ledger = runs.open_ledger(Home.of({}, place / "home"))
    app = create_app(ledger, {}, published=ward.published, now=lambda: w.NOW)
    page = f"/review?queue={key(place)}"
    with served(app) as site, httpx.Client(base_url=site, trust_env=False) as person:
        assert key(place) in person.get("/review").text
        html = person.get(page).text
        token = re.search(r'name="token" value="([^"]*)"', html)
        sent = {
            "token": token[1] if token else "",
            "queue": key(place),
            "output": forms[0]["output"],
            "by": "Cleo",
        }
        said = {"omission": "no", "addition": "yes", "harm": "yes", "severity": "mild"}
        for wrong in ({"harm": ""}, {"severity": PLANTED}, {"output": PLANTED}):
            refused = person.post("/review", data=sent | said | wrong)
            assert refused.status_code == 422
            assert "00998877" not in refused.text
        assert person.post("/review", data=sent | said | {"token": "0"}).status_code == 403
        before = len(readings(ledger, queues(ledger)[0]))
        answer = person.post("/review", data=sent | said)
        assert (answer.status_code, answer.headers["location"]) == (303, page)
        assert len(readings(ledger, queues(ledger)[0])) == before + 1
        html = person.get(page).text
        assert "Krippendorff" in html
        assert "zebrafinch" not in html
        assert person.get("/review?queue=Q-0").status_code == 404


def test_what_cannot_be_drawn_is_told(place: Path) -> None:
    wrong = ("--by", "wards", "--judge", "risk", "--asks", "tone", "--margin", "2")
    done = CliRunner().invoke(
        cli, ["--home", str(place / "home"), "review", "draw", str(place / "ward.yaml"), *wrong]
    )
    for said in (
        "--by: must be one of sex",
        "--judge: must be one of",
        "--asks: must be one of omission",
        "--margin: must be above 0",
    ):
        assert said in str(done.exception)

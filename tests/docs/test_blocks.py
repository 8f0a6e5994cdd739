"""Every block of code on every page runs, in the order it stands, over data like those it speaks of.

Blocks of shell run in this process, in a folder the page's data are laid out in; what cannot run without a
host or a cluster is held to the files it names (`checked.py`). A block of YAML is written where its first
line says, or read as the part of a configuration it is. A block of text is what the command before it says.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import duckdb
import pytest
import sqlglot
import yaml

from dashboards.sign_in import SignIn
from flows import channel, planned, retention, source
from monitors.retention import RetentionRule
from rounds import cli
from tests.docs import checked
from tests.docs.place import ROOT, Block, Place, blocks
from tests.flows import test_fhir as fhir
from tests.flows.rows import ward, write
from tests.prometheus.test_rules import tool
from tests.stories.test_joined import actions, events, predictions
from tests.stories.test_readiness import hospital
from tests.stories.test_requests import batched

STORE = f"sqlite:///{tempfile.mkdtemp(prefix='rounds-tests-')}/mlflow.db"  # one: to make it takes seconds
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))
    if blocks(path.relative_to(ROOT).as_posix())
)
# They serve until they are stopped, or another file's test runs them: here their words are looked at.
PARSED = {
    "serve": "serves until it is stopped; tests/cli/test_serve.py runs it",
    "deploy": "needs a Prefect server; tests/flows/test_deploy.py runs it",
    "review": "needs a queue that was drawn and read; tests/stories/test_review.py runs it",
    "demo": "a minute; tests/cli/test_demo.py runs it",
}
# What another file runs, which names the page; or what is a record.
ELSEWHERE = {
    ("docs/adding.md", "python"): "tests/docs/test_adding.py",
    ("docs/notebook.md", "python"): "tests/dashboards/test_notebook.py",
    ("docs/mutation.md", "diff"): "benchmarks/mutation.py",
}
# What is shown of a file that is shipped; benchmarks/behind_proxy.py runs both.
SHOWN = {"nginx": "deploy/nginx/rounds.conf", "caddyfile": "deploy/caddy/Caddyfile"}
WHOLE: dict[str, Any] = {
    "model": "a", "version": "1", "source": {"kind": "files", "path": "a.csv"},
    "columns": {"time": "at", "score": "risk"}, "window": "P7D",
    "reference": {"from": "2026-01-05", "to": "2026-02-02"},
}  # fmt: skip


def visits(place: Place) -> None:
    """Visits to three hospitals."""
    write(place.folder / "visits.csv", hospital())


def scores(place: Place) -> None:
    """Predictions, and beside them cultures and orders."""
    rows = predictions()
    for name, held in (("scores", rows), ("cultures", events(rows)), ("orders", actions(rows))):
        write(place.folder / f"{name}.csv", held)


def requests(place: Place) -> None:
    """A log of batches, and one of which only some was kept."""
    rows = ward()
    write(place.folder / "log.csv", batched(rows))
    write(place.folder / "sampled.csv", [r | {"chance": 1 if r["risk"] > 0.5 else 0.25} for r in rows])


def wards(place: Place) -> None:
    """A site's predictions, and another site's file, as they would come by post."""
    write(place.folder / "ward.csv", ward())


def warehouse(place: Place) -> None:
    """A database with a table of predictions, where the page has PostgreSQL at its address."""
    write(place.folder / "ward.csv", ward())
    with duckdb.connect(str(place.folder / "clinical.duckdb")) as held:
        held.execute(f"CREATE TABLE predictions AS SELECT * FROM read_csv('{place.folder}/ward.csv')")
    address = "postgresql://rounds_reader@warehouse.example:5432/clinical?sslmode=verify-full"
    place.names[address] = "duckdb://clinical.duckdb"


def database(place: Place, block: Block) -> None:
    """Run a block of SQL; what gives rights is PostgreSQL's own and only parsed."""
    with duckdb.connect(str(place.folder / "clinical.duckdb")) as held:
        for statement in filter(None, map(str.strip, block.text.split(";"))):
            assert sqlglot.parse_one(statement, read="postgres")
            if not statement.startswith(("CREATE ROLE", "GRANT")):
                held.execute(statement)


def export(place: Place) -> None:
    """A bulk export of what the page's file names, thirty predictions a day for five weeks."""
    folder = place.folder / "exports" / "2026-11"
    folder.mkdir(parents=True)
    held = [fhir.patient(f"p{i}") for i in range(50)]
    for i, row in enumerate(ward()):
        at, who = row["at"].replace(" ", "T") + "Z", {"reference": f"Patient/p{i % 50}"}
        held.append(fhir.risk(f"r{i}", row["risk"], occurrenceDateTime=at, subject=who))
    code = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "A41.9"}]}
    came = {"resourceType": "Condition", "id": "c1", "code": code, "subject": {"reference": "Patient/p1"}}
    fhir.written(folder, *held, came | {"onsetDateTime": "2026-01-07T00:00:00Z"})


def forms(place: Place) -> None:
    """A form to fill in."""
    (place.folder / "forms.csv").write_text("key\n", encoding="utf-8")


def calls(place: Place) -> None:
    """The page's own call, thirty a day for five weeks."""
    (call,) = (json.loads(b.text) for b in blocks("docs/calls.md") if b.language == "json")
    days = [row["at"].replace(" ", "T") + "Z" for row in ward()]
    lines = [json.dumps(call | {"call_id": f"c{i}", "began_at": at}) for i, at in enumerate(days)]
    (place.folder / "calls.ndjson").write_text("\n".join(lines), encoding="utf-8")


def pairs(place: Place) -> None:
    """Prompts that differ in one cue, and a tool that heeds it once."""
    asked = [{"cue": "name", "prompt": f"case {i}", "flipped": f"case {i}, Ana"} for i in range(40)]
    write(place.folder / "pairs.csv", asked)
    tool = "def level(prompt):\n    return 'urgent' if prompt == 'case 7, Ana' else 'routine'\n"
    (place.folder / "triage.py").write_text(tool, encoding="utf-8")


def records(place: Place) -> None:
    """A report before the committee, a list of what was bought, and a place nobody here can write."""
    assert place.rounds("audit", str(SHIPPED), "--format", "json") == 0, place.said
    place.names |= {"R-e288f2cbca9c": place.said.partition(":")[0], "/mnt/privacy-office": str(place.folder)}
    (place.folder / "procurement.csv").write_text("name,vendor\nscribe,Acme\n", encoding="utf-8")
    bought = ("procurement.csv", "--source", "procurement", "--by", "A. Name")
    assert [place.rounds("inventory", *told) for told in (("import", *bought), ("queue",))] == [0, 0]
    place.names["S-1a2b3c4d"] = re.findall(r"S-\w+", place.said)[0]


def hours(place: Place) -> None:
    """A model of hourly windows that nobody audited yet."""
    models = place.folder / "configs" / "models"
    models.mkdir(parents=True)
    told = WHOLE | {"model": "sepsis-hourly", "window": "PT1H"}
    (models / "sepsis-hourly.yaml").write_text(yaml.safe_dump(told), encoding="utf-8")


# Pages that speak of the shipped inpatients, as after `make demo`.
IN_A_CHECKOUT = {
    f"docs/{name}.md" for name in ("bias-audit", "first-model", "governance", "margins", "start")
}
SHIPPED = Path("configs/models/support-survival.yaml")
LAID_OUT: dict[str, Callable[[Place], None]] = {
    "docs/calls.md": calls,
    "docs/databases.md": warehouse,
    "docs/federation.md": wards,
    "docs/fhir.md": export,
    "docs/flip.md": pairs,
    "docs/governance.md": records,
    "docs/later.md": scores,
    "docs/readiness.md": visits,
    "docs/requests.md": requests,
    "docs/retention.md": hours,
    "docs/review.md": forms,
}


def parsed(words: list[str]) -> None:
    """Whether a command, or the one under it, takes its arguments; it is not run."""
    words = words[: words.index(">")] if ">" in words else words
    name, *rest = words[1:]
    command = cli.get_command(click.Context(cli), name)
    assert command is not None, name
    if isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        name, *rest = rest
        command = command.get_command(click.Context(command), name)
        assert command is not None, name
    command.make_context(name, rest)


def run(place: Place, line: str, block: Block) -> None:
    """One line of a shell block; `# … status 2` at its end says that it ends so."""
    for name, meant in place.names.items():
        line = line.replace(name, meant)
    expected = re.search(r"#.* status (\d)$", line)
    words = shlex.split(line, comments=True)
    if not words:
        return
    if words[0] != "rounds":
        checked.check(words)
    elif words[1] in PARSED:
        with place.standing():
            parsed(words)
    else:
        status = place.rounds(*words[1:])
        assert status == int(expected[1] if expected else 0), f"{block}: {line}\n{place.said}"


def read(place: Place, block: Block) -> None:
    """A whole file where it names itself, else a part of a model's file, the calendar or the channels."""
    named = re.match(r"# (\S+\.ya?ml)\n", block.text)
    schema = re.match(r"# yaml-language-server: \$schema=(\S+)", block.text)
    if schema:
        assert (ROOT / "configs/models" / schema[1]).is_file()
        return
    held = yaml.safe_load(block.text)
    path = place.folder / (named[1] if named else "block.yaml")
    path.parent.mkdir(parents=True, exist_ok=True)
    text = block.text
    for name, meant in place.names.items():
        text = text.replace(name, meant)
    path.write_text(text, encoding="utf-8")
    if set(held) <= {"changes"}:
        assert planned.planned(path, {"ROUNDS_CALENDAR": str(path)}).changes
    elif "scrape_configs" in held:
        for needed in re.findall(r"_file: (\S+)", block.text):
            (path.parent / needed).touch()
        tool("promtool", "check", "config", str(path))
    elif set(held) <= set(SignIn.model_fields):
        assert SignIn.model_validate(held).secure
    elif set(held) <= set(RetentionRule.model_fields):
        assert retention.read(path).said
    elif set(held) <= set(channel.ChannelsConfig.model_fields):
        assert channel.read(path).channels
    elif not named:
        path.write_text(yaml.safe_dump(WHOLE | held, sort_keys=False), encoding="utf-8")
        source.read(path)
    elif "model" in held and "plan" in held and "question" not in held:
        source.read(path)


def follows(said: str, shown: str) -> list[str]:
    """The lines shown that the output does not hold, in their order; a line of … stands for any."""
    lines = iter(line.replace("\u00a0", " ").replace("\u202f", " ").rstrip() for line in said.splitlines())
    return [line for line in map(str.rstrip, shown.splitlines()) if line != "…" and line not in lines]


def executed(place: Place, block: Block) -> None:
    """Run one block by its language. Raises AssertionError where it says what is not so."""
    if there := ELSEWHERE.get((block.page, block.language)):
        assert Path(block.page).name in (ROOT / there).read_text(encoding="utf-8")
    elif block.language == "sh":
        for line in block.text.replace("\\\n", " ").splitlines():
            for part in re.split(r"; (?=do |done|kubectl )", line):
                run(place, part, block)
    elif block.language == "yaml":
        read(place, block)
    elif block.language == "sql":
        database(place, block)
    elif block.language == "json":
        json.loads(block.text)
    elif there := SHOWN.get(block.language):
        assert block.text in (ROOT / there).read_text(encoding="utf-8"), f"{block}: is not in {there}"
    elif block.language == "text" and block.page == "README.md":
        for path in re.findall(r"(?m)^([a-z]+(?:/|\.py)) ", block.text):
            assert (ROOT / path).exists(), path
    elif block.language == "text":
        assert follows(place.said, block.text) == [], f"{block}: the command before it says\n{place.said}"
    else:
        pytest.fail(f"{block}: nothing runs a block of {block.language or 'no language'}")


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout's configs, and a home in which the demo's last window was audited."""
    place = Place(tmp_path_factory.mktemp("shipped"), {"MLFLOW_TRACKING_URI": STORE})
    (place.folder / "configs").symlink_to(ROOT / "configs")
    span = ("--from", "1993-09-28", "--to", "1993-12-27")
    assert place.rounds("backfill", str(SHIPPED), *span) == 0, place.said
    return place.folder


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_runs(page: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    place = Place(tmp_path / "here", {"MLFLOW_TRACKING_URI": STORE})
    if page in IN_A_CHECKOUT:
        shutil.copytree(request.getfixturevalue("audited"), place.folder, symlinks=True)
    else:
        place.folder.mkdir()
    LAID_OUT.get(page, lambda _: None)(place)
    for block in blocks(page):
        executed(place, block)


def test_a_block_that_nothing_runs_is_named(tmp_path: Path) -> None:
    for language in ("", "promql", "powershell"):
        with pytest.raises(pytest.fail.Exception, match=r"docs/a\.md:3: nothing runs a block"):
            executed(Place(tmp_path), Block("docs/a.md", 3, language, "up"))
    with pytest.raises(AssertionError, match="curl: say in"):
        executed(Place(tmp_path), Block("docs/a.md", 3, "sh", "curl https://rounds.example"))


def test_what_a_command_says_is_held_to_what_is_shown() -> None:
    assert follows("a\nb  \nc\n", "a\n…\nc\n") == []
    assert follows("a\nb\n", "b\na\n") == ["a"]

"""Several hospitals as one system: counts leave each sealed, add where they agree, and no row is seen."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from commands.federate import federate as command
from flows import federate
from flows.home import Home, now, open_ledger
from flows.run import run, span
from flows.sealing import make_keys
from monitors.audit import Audit
from monitors.errors import ConfigError, SourceInvalid
from monitors.release import kept
from monitors.told import small
from monitors.window import moment
from tests.flows.rows import DECLARED, Row, found, ward, write

FROM, TO = moment("2026-02-02"), moment("2026-02-16")
LAST = "2026-02-09T00:00:00Z/2026-02-16T00:00:00Z"
SITES = ("north", "south", "valley")
PARTS = DECLARED | {
    "columns": DECLARED["columns"] | {"site": "hospital"},
    "plan": [{"measure": "psi", "columns": "all", "margin": 0.1}],
    "evidently": {"report": "never"},
}


def people() -> list[Row]:
    """Seven weeks at three hospitals; the smallest has few."""
    rows = ward(weeks=7, a_day=60)
    return [
        row | {"hospital": SITES[0 if i % 10 < 6 else 1 if i % 10 < 9 else 2]} for i, row in enumerate(rows)
    ]


@dataclass(frozen=True)
class Site:
    folder: Path

    @property
    def home(self) -> Home:
        return Home.of({}, self.folder / ".rounds")

    @property
    def model(self) -> Path:
        return self.folder / "sepsis.yaml"

    def declare(self, **changed: Any) -> None:
        self.model.write_text(yaml.safe_dump(PARTS | changed))

    def audit(self) -> None:
        list(run(self.model, self.home, span(FROM, TO), moment("2026-06-01"), copy=False))


def site(folder: Path, rows: list[Row], **changed: Any) -> Site:
    folder.mkdir()
    write(folder / "ward.csv", rows)
    made = Site(folder)
    made.declare(**changed)
    return made


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys, bins of the largest hospital, and every hospital's file."""
    folder = tmp_path_factory.mktemp("system")
    make_keys(folder / "keys")
    rows = people()
    lead = site(folder / "lead", [row for row in rows if row["hospital"] == "north"])
    shared = json.dumps(federate.bins(lead.model, lead.home))
    for name in SITES:
        made = site(folder / name, [row for row in rows if row["hospital"] == name])
        (made.folder / "bins.json").write_text(shared)
        made.declare(reference=PARTS["reference"] | {"bins": "bins.json"})
        made.audit()
        exported(folder, name)
    whole = site(folder / "whole", rows)
    (whole.folder / "bins.json").write_text(shared)
    whole.declare(reference=PARTS["reference"] | {"bins": "bins.json"})
    whole.audit()
    return folder


def exported(folder: Path, name: str, **options: Any) -> Path:
    made = Site(folder / name)
    given = {"start": FROM, "end": TO, "site": name, "key": folder / "keys" / "federation.pub"} | options
    body = federate.export(made.model, made.home, given.pop("start"), given.pop("end"), **given)
    (folder / f"{name}.json").write_text(json.dumps(body))
    return folder / f"{name}.json"


def merged(folder: Path, home: Path, *files: str, **options: Any) -> list[Audit]:
    key = folder / "keys" / "federation.key"
    model = options.get("model", Site(folder / "whole").model)
    given = [folder / f"{name}.json" for name in files or SITES]
    return list(federate.merge(model, given, Home.of({}, home), options.get("key", key)))


def test_the_system_is_told_what_it_would_be_told_with_all_rows_in_one_place(
    system: Path, tmp_path: Path
) -> None:
    audits = merged(system, tmp_path)
    whole = open_ledger(Site(system / "whole").home).audits("sepsis")
    assert [audit.window for audit in audits] == [recorded.audit.window for recorded in whole]
    for audit, recorded in zip(audits, whole, strict=True):
        assert audit.profile == recorded.audit.profile
        assert audit.reference == recorded.audit.reference
        assert [f.payload() for f in audit.findings] == [f.payload() for f in recorded.audit.findings]
    assert {f.group for f in audits[0].findings if f.subject == "hospital"} >= set(SITES)
    assert [again.digest for again in merged(system, tmp_path)] == [audit.digest for audit in audits]
    assert len(open_ledger(Home.of({}, tmp_path)).audits("sepsis")) == 2


def test_what_one_site_cannot_tell_the_system_can(system: Path, tmp_path: Path) -> None:
    few = open_ledger(Site(system / "valley").home).audits("sepsis")[0].audit
    (audit, _) = merged(system, tmp_path)
    alone, together = (found(held, "auroc", "model") for held in (few, audit))
    assert alone.low is not None
    assert together.low is not None
    assert alone.high is not None
    assert together.high is not None
    assert together.high - together.low < (alone.high - alone.low) / 2


def test_a_file_shows_no_count_and_is_opened_by_one_key(system: Path, tmp_path: Path) -> None:
    told = json.loads((system / "valley.json").read_text())
    assert set(told) == {"schema", "of", "sealed", "digest"}
    assert told["of"]["site"] == "valley"
    assert told["of"]["windows"] == [
        "2026-02-02T00:00:00Z/2026-02-09T00:00:00Z", "2026-02-09T00:00:00Z/2026-02-16T00:00:00Z"
    ]  # fmt: skip
    text = (system / "valley.json").read_text()
    assert not [word for word in ("histograms", "cubes", "counts", '"rows"', '"icu"') if word in text]
    other, _ = make_keys(tmp_path / "other")
    with pytest.raises(
        SourceInvalid, match=r"north\.json: does not open with federation\.key; it was sealed"
    ):
        merged(system, tmp_path / "home", key=other)
    assert stat.S_IMODE(other.stat().st_mode) == 0o600
    with pytest.raises(SourceInvalid, match="holds federation keys already"):
        make_keys(tmp_path / "other")


def test_shared_bins_name_no_patient_s_own_value(system: Path) -> None:
    shared = json.loads((system / "valley" / "bins.json").read_text())
    lactate = [float(row["lactate"]) for row in people() if row["hospital"] == "north"]
    edges = shared["columns"]["lactate"]["edges"]
    assert edges[0] < min(lactate)
    assert edges[-1] > max(lactate)
    assert shared["columns"]["ward"]["rare"] == () or shared["columns"]["ward"]["rare"] == []


def altered(change: Callable[[dict[str, Any]], None]) -> Callable[[Path, Path], None]:
    def alter(folder: Path, home: Path) -> None:
        told = json.loads((folder / "valley.json").read_text())
        change(told)
        (folder / "changed.json").write_text(json.dumps(told))
        merged(folder, home, "north", "changed")

    return alter


def other_model(folder: Path, home: Path) -> None:
    made = Site(home / "whole")
    made.folder.mkdir(parents=True)
    (made.folder / "bins.json").write_text((folder / "whole" / "bins.json").read_text())
    columns = PARTS["columns"] | {"numeric": ["age"]}
    made.declare(reference=PARTS["reference"] | {"bins": "bins.json"}, version="2", columns=columns)
    merged(folder, home / "home", "north", "south", model=made.model)


def one_week(folder: Path, home: Path) -> None:
    made = exported(folder, "valley", end=moment("2026-02-09")).rename(folder / "week.json")
    exported(folder, "valley")
    merged(folder, home, "north", made.stem)


def twice(folder: Path, home: Path) -> None:
    (folder / "again.json").write_text((folder / "north.json").read_text())
    merged(folder, home, "north", "again")


WRONG: dict[str, tuple[Callable[[Path, Path], None], str]] = {
    "a changed seal": (
        altered(lambda told: told.update(sealed=told["sealed"][:-4] + "AAAA")),
        "changed.json: was altered on its way: its digest does not match; ask for it again",
    ),
    "another name": (
        altered(lambda told: told["of"].update(site="south")),
        "changed.json: was altered on its way: its digest does not match; ask for it again",
    ),
    "no file of ours": (altered(dict.clear), "changed.json: is no file of `rounds federate export`"),
    "another version": (
        other_model,
        "\n".join(
            f"{name}.json: holds sepsis version 1, and sepsis version 2 is merged; ask the site for that one"
            for name in ("north", "south")
        ),
    ),
    "other windows": (
        one_week,
        f"week.json: lacks the window {LAST}; export the same span at every site",
    ),
    "a site twice": (twice, "again.json: is from north, as north.json is; name one of them"),
    "one site": (
        lambda folder, home: merged(folder, home, "north") and None,
        "name the files of two sites or more: one site by itself is no system",
    ),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_files_that_do_not_add_are_named_with_the_remedy(wrong: str, system: Path, tmp_path: Path) -> None:
    act, said = WRONG[wrong]
    with pytest.raises((ConfigError, SourceInvalid)) as error:
        act(system, tmp_path)
    assert str(error.value) == said
    assert now() > FROM
    assert not (tmp_path / "ledger.db").exists()


def test_a_site_exports_only_what_it_audited_on_the_shared_bins(system: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"was not audited on these bins; run `rounds backfill` over it first"
    ):
        exported(system, "valley", end=moment("2026-02-23"))
    with pytest.raises(
        ConfigError, match=r"sepsis\.yaml: reference\.bins: is needed, the file that every site"
    ):
        exported(system, "lead")
    made = site(tmp_path / "late", people(), reference=PARTS["reference"] | {"bins": "bins.json"})
    with pytest.raises(ConfigError, match=r"sepsis\.yaml: reference\.bins: bins\.json: no such file"):
        made.audit()
    shared = json.loads((system / "valley" / "bins.json").read_text())
    shared["score_edges"][1] += 0.01
    (made.folder / "bins.json").write_text(json.dumps(shared))
    with pytest.raises(ConfigError, match=r"bins\.json: was altered since it was made: its digest does not"):
        made.audit()


def suppressed(folder: Path, name: str) -> dict[str, Any]:
    """A site's windows as all may read them, also kept as a file."""
    made = Site(folder / name)
    body = federate.suppressed(made.model, made.home, FROM, TO, site=name)
    (folder / f"{name}-open.json").write_text(json.dumps(body))
    return body


def test_a_suppressed_file_carries_no_count_of_1_to_10_and_nothing_pages_do_not_show(system: Path) -> None:
    withheld = 0
    for name in SITES:
        told = suppressed(system, name)
        site_ledger = open_ledger(Site(system / name).home)
        assert set(told) == {"schema", "of", "suppressed", "digest"}
        for window, recorded in zip(told["suppressed"]["windows"], site_ledger.audits("sepsis"), strict=True):
            shown = {f.key: f for f in kept(site_ledger, recorded.audit).findings}
            assert not small(window["rows"])
            for share in window["shares"]:
                page = shown[share["metric"], share["subject"], share["group"]]
                n, events = share["n"], share["events"]
                assert not small(n)
                assert not small(events)
                assert n is None or not small(n - events)
                assert (n is None) == (events is None)
                assert n in (None, page.n)
                withheld += n is None
    assert withheld > 20


def test_suppressed_files_bound_what_the_system_has_and_take_nothing_withheld_for_none(system: Path) -> None:
    files = [system / f"{name}-open.json" for name in SITES]
    for name in SITES:
        suppressed(system, name)
    model = Site(system / "whole").model
    views = federate.view(model, files)
    whole = [r.audit for r in open_ledger(Site(system / "whole").home).audits("sepsis")]
    bounded = exact = 0
    for view, audit in zip(views, whole, strict=True):
        assert (view.window, view.sites) == (audit.window, SITES)
        truth = {f.key: f for f in audit.findings}
        for share in view.shares:
            true = truth.get((share.metric, share.subject, share.group))
            if share.low is None or true is None or not true.n or true.events is None:
                assert share.low is None or true is None or true.n is None or true.n >= (share.n or 0)
                continue
            assert share.high is not None
            assert share.low - 1e-12 <= true.events / true.n <= share.high + 1e-12, share
            if share.lacking:
                bounded += 1
                assert share.n is not None
                assert share.n <= true.n <= share.n + (share.unseen or 0)
                assert share.low < share.high
            else:
                exact += 1
                assert (share.n, share.events) == (true.n, true.events)
    assert bounded > 10
    assert exact > 10
    system_json = views[0].payload()
    assert not [s for s in system_json["shares"] if small(s["n"]) or small(s["events"])]


def test_sealed_and_suppressed_files_are_not_added(system: Path) -> None:
    suppressed(system, "valley")
    with pytest.raises(ConfigError) as error:
        federate.kind_of([system / "north.json", system / "valley-open.json"])
    assert str(error.value) == (
        "sealed and suppressed files do not add (north.json is sealed, valley-open.json is suppressed); "
        "ask every site for one kind"
    )
    assert federate.kind_of([system / "valley-open.json"]) == "suppressed"
    with pytest.raises(ConfigError, match="one site by itself is no system"):
        federate.view(Site(system / "whole").model, [system / "valley-open.json"])


def test_the_command_says_what_lies_where_and_who_withheld(system: Path, tmp_path: Path) -> None:
    files = [str(tmp_path / f"{name}.json") for name in SITES]
    given = ["--from", "2026-02-02", "--to", "2026-02-09", "--suppressed"]
    for name, file in zip(SITES, files, strict=True):
        made = Site(system / name)
        asked = ["export", str(made.model), *given, "--site", name, "--out", file]
        done = CliRunner().invoke(command, asked, obj=made.home, catch_exceptions=False)
        assert done.output == f"Wrote {file}: 1 windows of sepsis, suppressed.\n"
    asked = ["merge", str(Site(system / "whole").model), *files]
    done = CliRunner().invoke(command, asked, obj=Home.of({}, tmp_path), env={"COLUMNS": "160"})
    (line,) = [
        line for line in done.output.splitlines() if line.startswith("selection_rate") and "model" in line
    ]
    assert " to " in line
    assert "valley" in line
    assert "No verdicts: the truth may lie anywhere in these bounds" in done.output
    told = CliRunner().invoke(command, [*asked, "--json"], obj=Home.of({}, tmp_path))
    assert json.loads(told.output)["sites"] == list(SITES)

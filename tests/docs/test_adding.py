"""The files of docs/adding.md, written where they say: found there, held to what all are, and used."""

from __future__ import annotations

import importlib
import inspect
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pytest

from flows import channel, source
from monitors import discovery
from tests.channels.test_channels import HOSTILE, notice
from tests.contracts import test_metrics
from tests.docs.place import blocks
from tests.flows import rows as w
from tests.flows.test_source import test_every_kind_declares_its_settings_and_how_to_open_it as declares

FILES = {
    match[1]: block.text
    for block in blocks("docs/adding.md")
    if (match := re.match(r"# (\S+\.py)\n", block.text))
}


@pytest.fixture(params=sorted(FILES))
def added(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """One of the files, in a folder that belongs to its package as long as the test lasts."""
    path = Path(request.param)
    name = ".".join(path.with_suffix("").parts)
    (tmp_path / path.name).write_text(FILES[request.param].partition("\n")[2], encoding="utf-8")
    package: Any = importlib.import_module(name.rpartition(".")[0])
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    found = (discovery.named, discovery.metrics, source.kinds, channel.kinds)
    for each in found:
        each.cache_clear()
    yield path.stem
    sys.modules.pop(name, None)
    for each in found:
        each.cache_clear()


def test_a_file_of_the_page_is_found_and_used(added: str, tmp_path: Path) -> None:
    {"le_cam": a_metric, "arrow": a_source, "syslog": a_channel}[added](tmp_path)


def a_metric(folder: Path) -> None:
    declared = discovery.metrics()["le_cam"]
    asked = 0
    for _, contract in inspect.getmembers(test_metrics, inspect.isfunction):
        for mark in getattr(contract, "pytestmark", ()):
            if mark.name == "parametrize" and mark.args[0] == "declared" and of_distances(mark):
                contract(declared)
                asked += 1
    assert asked >= 12
    plan = [{"measure": "le_cam", "columns": ["lactate"], "margin": 0.1}]
    sound = w.audit(folder, w.ward(), w.config(plan=plan))
    assert w.said(sound, "le_cam", "lactate") == "within"
    far = w.spoilt(w.ward(), lactate=40.0)
    assert w.said(w.audit(folder, far, w.config(plan=plan)), "le_cam", "lactate") == "beyond"


def of_distances(mark: pytest.Mark) -> bool:
    """Whether a contract is asked of every distance, or of every metric."""
    held = [getattr(value, "values", [value])[0] for value in mark.args[1]]
    return any(getattr(d, "facts", None) and d.facts.name == "hellinger" for d in held)


def a_source(folder: Path) -> None:
    declares("arrow")
    rows = w.ward()
    pyarrow.feather.write_feather(pa.Table.from_pylist(rows), str(folder / "ward.arrow"))
    read = w.config(source={"kind": "arrow", "path": "ward.arrow"})
    there, csv = w.audit(folder, None, read), w.audit(folder, rows)
    assert there.findings == csv.findings
    with pytest.raises(source.ConfigError, match=r"source\.pth: is not a known key"):
        w.config(source={"kind": "arrow", "path": "a", "pth": "b"})


def a_channel(_: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
        heard.bind(("127.0.0.1", 0))
        heard.settimeout(60)
        declared = channel.Declared(kind="syslog", host="127.0.0.1", port=heard.getsockname()[1])
        channel.connect("siem", declared, {}).send([notice(name) for name in HOSTILE])
        said = [heard.recv(65_536).decode("utf-8") for _ in HOSTILE]
    assert all(line.startswith("<") and "rounds: firing: " in line for line in said)
    assert not any(hidden in line for line in said for hidden in "\n\r‮\u2028\x1b")

"""A tool that heeds names is found, one that wavers is not accused, and nobody's prompt is repeated."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import comb
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest
from click.testing import CliRunner

from flows import flip
from monitors.errors import ConfigError, RoundsError, SourceInvalid
from monitors.flip import Flips
from monitors.interval import exact
from rounds import cli


def write(folder: Path, pairs: int = 60) -> Path:
    path = folder / "pairs.csv"
    rows = [f"name,Anna {i} has chest pain,Aisha {i} has chest pain" for i in range(pairs)]
    path.write_text("\n".join(["cue,prompt,flipped", *rows]) + "\n", encoding="utf-8")
    return path


def test_a_tool_that_heeds_a_name_is_beyond_and_one_that_does_not_is_within(tmp_path: Path) -> None:
    path = write(tmp_path)
    (heeds,) = flip.flip(path, lambda prompt: "today" if "Anna" in prompt else "Soon")
    assert (heeds.pairs, heeds.changed, heeds.wavered) == (60, 60, 0)
    assert heeds.verdict(0.05) == "beyond"
    (steady,) = flip.flip(path, lambda prompt: " TODAY" if "Anna" in prompt else "today")
    assert (steady.changed, steady.verdict(0.1)) == (0, "within")


def test_a_tool_that_says_another_thing_each_time_is_not_accused() -> None:
    always = Flips.of("name", [(i % 2 == 0, i % 2 == 1) for i in range(200)])
    assert always.share()[1] > 0.05
    assert always.excess()[1] < 0 < always.excess()[2]
    assert always.verdict(0.05) == "cannot_tell"


@pytest.mark.parametrize(("k", "n"), [(0, 30), (1, 30), (10, 200), (30, 30)])
def test_the_interval_leaves_a_fortieth_on_either_side(k: int, n: int) -> None:
    low, high = exact(k, n)

    def at_most(events: int, p: float) -> float:
        return sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(events + 1))

    assert low == 0 if k == 0 else 1 - at_most(k - 1, low) == pytest.approx(0.025)
    assert high == 1 if k == n else at_most(k, high) == pytest.approx(0.025)


def test_a_tool_that_fails_is_told_without_the_prompt(tmp_path: Path) -> None:
    def fails(prompt: str) -> str:
        raise ValueError(prompt)

    with pytest.raises(SourceInvalid) as raised:
        flip.flip(write(tmp_path), fails)
    assert str(raised.value) == "pairs.csv: pair 1: the tool failed (ValueError)"


def test_what_is_no_tool_and_no_pair_is_told(tmp_path: Path) -> None:
    for named, said in (
        ("json", "must be module:function or an address (got 'json')"),
        ("json:nothing", "'json' has no function 'nothing'"),
        ("no_such_module:f", "'no_such_module' cannot be imported (ModuleNotFoundError)"),
        ("http://tool.example/", "must be https:// to leave this machine"),
    ):
        with pytest.raises(ConfigError) as raised:
            flip.tool(named)
        assert str(raised.value) == f"--tool: {said}"
    lacks = tmp_path / "pairs.ndjson"
    lacks.write_text('{"cue": "name", "prompt": "Anna"}\n', encoding="utf-8")
    with pytest.raises(SourceInvalid, match="pair 1: needs cue, prompt, flipped"):
        flip.flip(lacks, str)


class Answering(BaseHTTPRequestHandler):
    """A tool behind an address: heeds a name, fails, sends elsewhere, or answers what is no answer."""

    asked: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        prompt = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["prompt"]
        self.asked.append(self.path)
        status = {"/fails": 500, "/elsewhere": 307}.get(self.path, 200)
        said = prompt if status != 200 else json.dumps({"answer": "today" if "Anna" in prompt else "soon"})
        self.send_response(status)
        self.send_header("Location", f"/triage?{len(prompt)}")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write((said if self.path != "/torn" else prompt).encode()[: len(said)])

    def log_message(self, *_: object) -> None:
        """Nothing: prompts are asked here."""


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    Answering.asked.clear()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_address_is_asked_like_a_function(tmp_path: Path, address: str) -> None:
    for cue in ("name", "language", "dialect"):
        path = tmp_path / f"{cue}.csv"
        path.write_text(
            write(tmp_path).read_text(encoding="utf-8").replace("name,", f"{cue},"), encoding="utf-8"
        )
        (found,) = flip.flip(path, flip.tool(f"{address}/triage"))
        assert (found.cue, found.pairs, found.changed, found.wavered) == (cue, 60, 60, 0)
    assert len(Answering.asked) == 3 * 3 * 60


@pytest.mark.parametrize(
    ("path", "said"),
    [("/fails", "--tool: answers 500"), ("/elsewhere", "--tool: answers 307"), ("/torn", "the tool failed")],
)
def test_an_address_that_fails_is_told_once_and_not_followed(
    tmp_path: Path, address: str, path: str, said: str
) -> None:
    with pytest.raises(RoundsError, match=said) as raised:
        flip.flip(write(tmp_path), flip.tool(f"{address}{path}"))
    assert "Anna" not in str(raised.value)
    assert Answering.asked == [path]


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("https://169.254.169.254/latest", "is where a cloud tells a machine its keys"),
        ("https://u:p@tool.example/", "without a password in it"),
        ("file:///etc/passwd", "must be https://"),
    ],
)
def test_no_address_that_a_prompt_must_not_go_to_is_asked(named: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        flip.tool(named)


PLANTED = "zebrafinch Roe-Winterbottom, MRN 00998877"


def test_a_cue_is_a_word_or_two_and_a_prompt_in_its_place_is_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(f'cue,prompt,flipped\n"{PLANTED} has chest pain",a,b\n', encoding="utf-8")
    with pytest.raises(SourceInvalid) as raised:
        flip.flip(path, str)
    assert str(raised.value) == (
        "pairs.csv: pair 1: `cue` is a word or two for what differs, such as name, language or dialect"
    )


def test_no_prompt_and_no_answer_is_said_whatever_becomes_of_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pairs.csv"
    rows = [f'name,"{PLANTED} has chest pain {i}",Anna has chest pain {i}' for i in range(30)]
    path.write_text("\n".join(["cue,prompt,flipped", *rows]) + "\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "heeding.py").write_text(
        "def echoes(prompt): return prompt\ndef fails(prompt): raise OSError(prompt)\n", encoding="utf-8"
    )
    with caplog.at_level(logging.DEBUG):
        said = []
        for tool in ("heeding:echoes", "heeding:fails"):
            for more in ((), ("--json",)):
                done = CliRunner().invoke(cli, ["flip", str(path), "--tool", tool, *more])
                said += [done.output, str(done.exception), *traceback.format_exception(done.exception)]
    assert "30 of 30 answers change" in said[0]
    assert not [word for word in PLANTED.split() if word.strip(",") in "".join(said) + caplog.text]


def test_the_command_gives_counts_and_no_text(tmp_path: Path) -> None:
    path = str(write(tmp_path))
    told = CliRunner().invoke(cli, ["flip", path, "--tool", "builtins:len", "--json"], catch_exceptions=False)
    (found,) = json.loads(told.output)
    assert (found["pairs"], found["changed"], found["verdict"]) == (60, 60, "beyond")
    said = CliRunner().invoke(cli, ["flip", path, "--tool", "builtins:bool"], catch_exceptions=False).output
    assert said.startswith("name: 0 of 60 answers change, 0.0% (0.0% to 6.0%); 0 change when the same")
    assert "Anna" not in told.output + said

"""A flip test run: each pair of prompts put to a tool here; answers are compared and forgotten."""

from __future__ import annotations

import csv
import json
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from flows.addresses import why_not
from monitors.errors import ConfigError, SourceInvalid, SourceUnavailable
from monitors.flip import Flips

Tool = Callable[[str], object]
KEYS = ("cue", "prompt", "flipped")
_CUE = re.compile(r"[^\W\d]+([ _-][^\W\d]+)?")
_TIMEOUT = 60
_MOST = 1 << 20  # bytes of one answer


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect could carry a prompt elsewhere."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


# What is asked of this machine without encryption goes through nobody's proxy.
_PROXIES = {scheme: proxy for scheme, proxy in urllib.request.getproxies().items() if scheme == "https"}
_OPENER = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler(_PROXIES))


def flip(path: Path, tool: Tool) -> list[Flips]:
    """Ask a tool both prompts of every pair in a file, and the first one twice; counts by cue.

    Raises:
        SourceInvalid: the file has no pairs, or the tool fails on one; no prompt is repeated.
    """
    told: dict[str, list[tuple[bool, bool]]] = {}
    for number, (cue, prompt, flipped) in pairs(path):
        answers = []
        for asked in (prompt, flipped, prompt):
            try:
                answers.append(_plain(tool(asked)))
            except SourceUnavailable:
                raise
            except Exception as error:  # noqa: BLE001  whatever a tool of somebody's raises
                # The error's own words may hold the prompt.
                what = type(error).__name__
                raise SourceInvalid(f"{path.name}: pair {number}: the tool failed ({what})") from None
        first, other, again = answers
        told.setdefault(cue, []).append((first != other, first != again))
    if not told:
        raise SourceInvalid(f"{path.name}: holds no pair")
    return [Flips.of(cue, each) for cue, each in sorted(told.items())]


def pairs(path: Path) -> Iterator[tuple[int, tuple[str, str, str]]]:
    """Its number, cue and the two prompts, from CSV, or from JSON one a line.

    Raises SourceInvalid where one of them is missing.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows: Iterator[Any] = iter(csv.DictReader(file))
        if path.suffix in (".ndjson", ".jsonl"):
            rows = (json.loads(line) for line in file if line.strip())
        try:
            for number, row in enumerate(rows, start=1):
                held = tuple(str(row.get(key) or "") for key in KEYS) if isinstance(row, dict) else ()
                if not held or not all(held):
                    raise SourceInvalid(f"{path.name}: pair {number}: needs {', '.join(KEYS)}")
                if not _CUE.fullmatch(held[0]):  # it is told, and so must not be a prompt in the wrong place
                    raise SourceInvalid(
                        f"{path.name}: pair {number}: `cue` is a word or two for what differs, such as name, "
                        f"language or dialect"
                    )
                yield number, (held[0], held[1], held[2])
        except (ValueError, csv.Error):
            raise SourceInvalid(f"{path.name}: is neither CSV nor JSON one a line, in UTF-8") from None


def tool(named: str) -> Tool:
    """A tool by `module:function`, looked for here first, or by the address that answers for it.

    Raises ConfigError where there is none.
    """
    if "://" in named:
        if why := why_not(named):
            raise ConfigError([f"--tool: {why}"])
        return lambda prompt: _asked(named, prompt)
    module, _, function = named.partition(":")
    if not module or not function:
        raise ConfigError([f"--tool: must be module:function or an address (got {named!r})"])
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = getattr(import_module(module), function, None)
    except ImportError as error:
        raise ConfigError([f"--tool: {module!r} cannot be imported ({type(error).__name__})"]) from error
    finally:
        sys.path.remove(str(Path.cwd()))
    if not callable(found):
        raise ConfigError([f"--tool: {module!r} has no function {function!r}"])
    asked: Tool = found
    return asked


def _asked(url: str, prompt: str) -> object:
    """What an address answers to `{"prompt": …}`: the `answer` of its JSON."""
    request = urllib.request.Request(  # noqa: S310  https, or this machine: `why_not`
        url, json.dumps({"prompt": prompt}).encode(), {"Content-Type": "application/json"}
    )
    try:
        with _OPENER.open(request, timeout=_TIMEOUT) as answer:
            return json.loads(answer.read(_MOST))["answer"]
    except urllib.error.HTTPError as error:
        error.close()
        raise SourceUnavailable(f"--tool: answers {error.code}") from None
    except OSError as error:
        raise SourceUnavailable(f"--tool: does not answer ({type(error).__name__})") from None


def _plain(answer: object) -> str:
    """An answer as it is compared: small letters, one space between words."""
    return " ".join(str(answer).lower().split())

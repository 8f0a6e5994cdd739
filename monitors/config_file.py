"""Reading a model's YAML file, or naming every mistake in it at once with its remedy."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from sys import intern
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from monitors import plain_yaml, shared_bins
from monitors.config import ModelConfig
from monitors.errors import ConfigError

T = TypeVar("T", bound=BaseModel)


_OPENED = 300  # brackets, and no more levels than that
_INDENTED = re.compile(r"[ \t?:-]{200}")


class _UniqueKeys(yaml.SafeLoader):
    """YAML that refuses a key written twice, which plain YAML settles silently."""


class _Quick(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # without libyaml there is none
    """The same by way of libyaml: a fleet's files are read nine times as fast."""


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if isinstance(key, str) and key in seen:
            raise yaml.MarkedYAMLError(
                problem=f"key {key!r} is written twice", problem_mark=key_node.start_mark
            )
        seen.add(key if isinstance(key, str) else str(key))
    made: dict[Any, Any] = yaml.SafeLoader.construct_mapping(loader, node, deep=True)
    # Of a fleet hundreds of files say the same: each word is held in memory once.
    return {key: intern(value) if value.__class__ is str else value for key, value in made.items()}


_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
_Quick.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def parse(
    text: str,
    name: str,
    check: Callable[[ModelConfig], list[str]] = lambda config: [],
    folder: Path | None = None,
) -> ModelConfig:
    """Read one model's YAML; `name` is what messages call the file.

    `check` may add mistakes of its own (`key: remedy`), such as an unknown source kind.

    Raises:
        ConfigError: with every mistake as `name: key: remedy`.
    """
    found = mapping(text, name, "one model's settings", "configs/models/")
    config = checked(ModelConfig, _with_bins(found, name, folder), name)
    if problems := check(config):
        raise ConfigError([f"{name}: {problem}" for problem in problems])
    return config


def read(path: Path, check: Callable[[ModelConfig], list[str]] = lambda config: []) -> ModelConfig:
    """Read one model's file. Raises ConfigError as `parse` does."""
    return parse(text_of(path, "a model's"), path.name, check, path.parent)


def _with_bins(found: dict[str, Any], name: str, folder: Path | None) -> dict[str, Any]:
    """The keys with the bins a reference shares among sites in place of their file's name."""
    reference = found.get("reference")
    if folder is None or not isinstance(reference, dict) or not isinstance(reference.get("bins"), str):
        return found
    try:
        bins = json.loads((folder / reference["bins"]).read_text(encoding="utf-8"))
        shared_bins.read(bins)
    except (OSError, UnicodeDecodeError):
        raise ConfigError([f"{name}: reference.bins: {reference['bins']}: no such file"]) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        said = str(error) if "; " in str(error) else "holds no shared bins; `rounds federate bins` makes them"
        raise ConfigError([f"{name}: reference.bins: {reference['bins']}: {said}"]) from None
    return {**found, "reference": {**reference, "bins": bins}}


def text_of(path: Path, whose: str) -> str:
    """The text of a YAML file. Raises ConfigError where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError([f"{path}: no such file; name {whose} YAML file"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read as UTF-8 text ({type(error).__name__})"]) from None


def mapping(text: str, name: str, what: str, example: str) -> dict[str, Any]:
    """The keys and values of a YAML text that has to hold `what`. Raises ConfigError."""
    try:
        declared = _loaded(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError([f"{name}: line {line}: not YAML: {error.problem}"]) from None
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError([f"{name}: not YAML: {str(error).partition(chr(10))[0]}"]) from None
    except RecursionError:
        raise ConfigError([f"{name}: not YAML: nested too deeply"]) from None
    if not isinstance(declared, dict):
        raise ConfigError([f"{name}: must hold {what} as `key: value` (see {example})"])
    return declared


def _loaded(text: str) -> Any:
    # Past some thousands of levels libyaml's loader ends the process, where Python's raises.
    if text.count("[") + text.count("{") <= _OPENED and not _INDENTED.search(text):
        with contextlib.suppress(yaml.YAMLError, ValueError):
            return plain_yaml.load(text, _Quick)
    # What is wrong is said by the loader whose words and lines our messages were written for.
    return plain_yaml.load(text, _UniqueKeys)


def checked(kind: type[T], declared: dict[str, Any], name: str) -> T:
    """What was declared, as settings of a kind. Raises ConfigError with every mistake."""
    try:
        return kind.model_validate(declared)
    except ValidationError as error:
        # Settings where a name could stand too are no misplaced name: say only what is wrong in them.
        found = [
            e for e in error.errors() if not (e["loc"][-1:] == ("str",) and isinstance(e["input"], dict))
        ]
        raise ConfigError([f"{name}: {said(e)}" for e in found]) from None


_REMEDY = {
    "extra_forbidden": "is not a known key",
    "missing": "is required",
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be below {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "must be {expected}",
    "string_type": "must be text",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "tuple_type": "must be a list",
    "model_type": "must hold settings as `key: value`",
    "date_type": "must be a date such as 2026-01-05",
    "date_from_datetime_parsing": "must be a date such as 2026-01-05",
}
_SHOWN = 120  # characters of what was given
_UNION_TAGS = {"FixedReference", "TrailingReference", "ScoreAtLeast", "str", "tuple[str, ...]"}


def said(error: Any) -> str:
    """One pydantic error as `key: remedy (got value)`, list positions counted from 1."""
    parts = [part for part in error["loc"] if str(part) not in _UNION_TAGS]
    parts = [p for p in parts if not str(p).startswith(("function-", "tuple[", "constrained-"))]
    key = ".".join(str(p + 1) if isinstance(p, int) else str(p) for p in parts)
    context = error.get("ctx", {})
    remedy = _REMEDY.get(error["type"], error["msg"].removeprefix("Value error, "))
    remedy = remedy.format(**context) if error["type"] in _REMEDY else remedy
    got, key = repr(error["input"]), _line(key)
    got = got if len(got) <= _SHOWN else f"{got[:_SHOWN]}…"
    shown = "" if "(got " in remedy or isinstance(error["input"], dict | list) else f" (got {got})"
    if error["type"] == "extra_forbidden":
        shown = ""
    return f"{key}: {remedy}{shown}" if key else remedy


def _line(key: str) -> str:
    """A key as one line that can be read, whatever somebody wrote for one."""
    plain = key if key.isprintable() else key.encode("unicode_escape").decode()
    return plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…"

"""The source port: a relational table of predictions, in the engine that already holds the rows."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ValidationError

from monitors import config_file
from monitors.columns import ScoreAtLeast
from monitors.config import ModelConfig
from monitors.declared_source import Source as Declared
from monitors.errors import ConfigError
from monitors.plan import COMPARED, RISK, Rule
from monitors.window import Window

if TYPE_CHECKING:
    import ibis


class Source(Protocol):
    """Predictions as a table. Nothing downstream sees a row of it."""

    name: str
    """What messages call it: a file, a table; never a password."""

    def table(self) -> ibis.Table:
        """The table, with derived columns, times readable as timestamps."""
        ...

    def fingerprint(self, window: Window | None = None) -> str:
        """Changes when the data may have changed; kept with each audit.

        With a `window`, a source that can tell leaves out whatever holds none of its rows.
        """
        ...

    def unread(self) -> Mapping[str, str]:
        """What of the data could not be read, by subject; said to people, so it counts nobody."""
        ...

    def close(self) -> None:
        """Let the engine go."""
        ...


class Kind(Protocol):
    """What a file in `flows/sources/` declares."""

    Settings: type[BaseModel]
    """The keys under `source:` besides `kind` and `derive`."""

    connect: Callable[[Any, ModelConfig, Path], Source]
    """Opens the source: settings, config, and the folder relative paths start from."""


@cache
def kinds() -> tuple[str, ...]:
    """Every kind of source: the files in `flows/sources/`.

    >>> "files" in kinds()
    True
    """
    package = importlib.import_module("flows.sources")
    found = (info.name for info in pkgutil.iter_modules(package.__path__))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def _kind(name: str) -> Any:
    return importlib.import_module(f"flows.sources.{name}")


def problems(config: ModelConfig, *, loading: bool = True) -> list[str]:
    """What is wrong with a config's source and measures, each as `key: remedy`.

    Without `loading`, what only the source's engine or Evidently can tell is left out.
    """
    from monitors.discovery import named

    found = of_source("source", config.source, loading=loading)
    if config.eligible is not None:
        found += of_source("eligible", config.eligible, loading=loading)
    for i, join in enumerate(config.joined, start=1):
        found += of_source(f"joined.{i}.source", join.source, loading=loading)
    columns = {*config.columns.numeric, *config.columns.categorical, *config.columns.text}
    attributes = {attribute.name for attribute in config.columns.attributes}
    found += _of_texts(config) if config.columns.measured else []
    for i, rule in enumerate(config.plan, start=1):
        if rule.measure.startswith("evidently:"):
            found += [f"plan.{i}.measure: {why}" for why in (_not_offered(rule.measure) if loading else ())]
        elif rule.measure not in named():
            near = ", ".join(sorted(named()))
            found.append(f"plan.{i}.measure: must be one of {near} (got {rule.measure!r})")
        for column in rule.columns if isinstance(rule.columns, tuple) else ():
            if column not in columns:
                found.append(f"plan.{i}.columns: {column!r} is not among this model's columns")
        for name in rule.by if isinstance(rule.by, tuple) else [rule.by]:
            if name not in (None, "sensitive", "intersections", "site") and name not in attributes:
                found.append(f"plan.{i}.by: {name!r} is not among this model's sensitive columns")
        found += [f"plan.{i}.within: {why}" for why in _incomparable(config, rule)]
        if rule.runbook and not rule.runbook.replace("-", "").isalnum():
            found.append(f"plan.{i}.runbook: must be a page's name (got {rule.runbook!r})")
    return found


def _of_texts(config: ModelConfig) -> list[str]:
    """What is wrong with the measures of texts; their files are loaded only where one is named."""
    from flows.evidently_text import measures, not_offered

    found: list[str] = []
    offered = measures()
    for made, (texts, taken) in config.columns.measured.items():
        if taken not in offered:
            why = f" ({taken}: {refused})" if (refused := not_offered(taken)) else ""
            near = ", ".join(sorted(offered))
            found.append(f"columns: {made!r} must end in a measure of text: {near}{why}")
        elif (asked := offered[taken].measure.texts) != len(texts):  # type: ignore[attr-defined]
            said = f"two texts, as in one~other.{taken}" if asked == 2 else f"one text, as in one.{taken}"
            found.append(f"columns: {made!r}: {taken} is taken of {said}")
    return found


def _incomparable(config: ModelConfig, rule: Rule) -> list[str]:
    """Why people cannot be compared within what a rule names."""
    if rule.within is None:
        return []
    if rule.by is None:
        return ["goes with `by`: it compares the people of groups"]
    if rule.measure not in COMPARED:
        return [f"goes with {', '.join(COMPARED)} (got {rule.measure})"]
    if rule.within == RISK:
        if config.columns.score is None or isinstance(config.columns.decision, ScoreAtLeast):
            return ["risk needs a score, and decisions in a column: a threshold flags the same score alike"]
        return []
    known = [*config.columns.categorical, *(a.name for a in config.columns.attributes)]
    if rule.within not in known:
        return [f"must be risk, a categorical column or an attribute (got {rule.within!r})"]
    return []


def of_source(key: str, declared: Declared, *, loading: bool = True) -> list[str]:
    """What is wrong with a source; `key` is where in the file it stands."""
    if declared.kind not in kinds():
        return [f"{key}.kind: must be one of {', '.join(kinds())} (got {declared.kind!r})"]
    if not loading:
        return []
    found = []
    try:
        settings = _kind(declared.kind).Settings.model_validate(declared.settings)
        if isinstance(inside := getattr(settings, "inputs", None), Declared):
            found += of_source(f"{key}.inputs", inside)
    except ValidationError as error:
        found += [f"{key}{'.' if e['loc'] else ': '}{config_file.said(e)}" for e in error.errors()]
    return found + _underivable(key, declared)


def _underivable(key: str, declared: Declared) -> list[str]:
    if not (declared.derive or declared.explode):
        return []
    from flows.derive import inputs  # loads the engine: only when there is something to derive

    found: list[str] = []
    dialect = _dialect(declared)
    for name, expression in declared.derive.items():
        try:
            inputs(name, expression, dialect)
        except ConfigError as error:
            found += [said.replace("source.derive", f"{key}.derive", 1) for said in error.problems]
    if declared.explode and not getattr(_kind(declared.kind), "LISTS", False):
        found.append(f"{key}.explode: {declared.kind} holds no lists of requests")
    for name, expression in declared.explode.items():
        try:
            inputs(name, expression, dialect)
        except ConfigError as error:
            found += [said.replace("source.derive", f"{key}.explode", 1) for said in error.problems]
    return found


def _dialect(declared: Declared) -> str:
    """The SQL that the source's kind derives in; DuckDB's where it does not say."""
    kind = _kind(declared.kind)
    try:
        spoken = kind.dialect(kind.Settings.model_validate(declared.settings))
    except (AttributeError, ValidationError):
        return "duckdb"
    return str(spoken)


def _not_offered(measure: str) -> list[str]:
    """Why a method of Evidently's cannot be named; its file is loaded only where one is."""
    from flows.evidently_report import REFUSED, methods

    method = measure.removeprefix("evidently:")
    if method in methods():
        return []
    if method in REFUSED:
        return [f"{measure!r} is not offered: {REFUSED[method]}"]
    known = ", ".join(sorted(methods()))
    return [f"must be evidently: and one of {known} (got {measure!r})"]


def read(path: Path) -> ModelConfig:
    """Read a model's file and check it against the sources and metrics there are."""
    return config_file.read(path, problems)


def read_to_show(path: Path) -> ModelConfig:
    """Read a model's file for its pages, which need no engine: the rest of it is a run's to check."""
    return config_file.read(path, partial(problems, loading=False))


def connect_beside(first: Source, config: ModelConfig, view: ModelConfig, folder: Path) -> Source:
    """Open a second source; in the session of the first where both are one database."""
    kind = _kind(view.source.kind)
    share = getattr(kind, "beside", None)
    if share is not None and config.source.kind == view.source.kind:
        settings = (kind.Settings.model_validate(c.source.settings) for c in (config, view))
        shared: Source | None = share(first, *settings, view, folder)
        if shared is not None:
            return shared
    return connect(view, folder)


def renew(source: Source) -> None:
    """Between two windows of many: let a source give back what its engine kept of those it counted.

    Does nothing of a source whose engine keeps nothing, or is somebody else's server; nor of a joined one,
    which counts a table of what was joined, and opens no file for a window.
    """
    anew: Callable[[], None] | None = getattr(source, "renew", None)
    if anew is not None:
        anew()


def connect(config: ModelConfig, folder: Path) -> Source:
    """Open a config's source. Raises SourceInvalid or SourceUnavailable."""
    if config.joined:
        from flows.joined import Joined  # stands on this file

        return Joined(config, folder)
    if config.source.kind not in kinds():
        raise ConfigError([f"source.kind: must be one of {', '.join(kinds())}"])
    kind = _kind(config.source.kind)
    source: Source = kind.connect(kind.Settings.model_validate(config.source.settings), config, folder)
    if config.source.sampled is not None:
        from flows.batches import Thinned  # stands on this file

        return Thinned(source, config)
    return source

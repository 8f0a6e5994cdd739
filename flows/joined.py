"""Joined sources: outcomes and actions recorded elsewhere, found for each prediction in the engine itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import ibis

from flows import expressions as ex
from flows import source as sources
from flows.dialects import fetched
from flows.engine import plainly
from flows.source import Source
from monitors.canonical import digest
from monitors.columns import Columns
from monitors.config import ModelConfig
from monitors.errors import SourceInvalid, SourceUnavailable
from monitors.join import Join
from monitors.window import Window

_KEY, _TIME, _HELD = "rounds_key_{}", "rounds_time", "rounds_there"


class Joined:
    """Predictions with columns of other sources beside them; a source like any other."""

    def __init__(self, config: ModelConfig, folder: Path) -> None:
        self._config, self._opened = config, list[Source]()
        try:
            self._first = self._open(sources.connect(predictions(config), folder))
            self.name = self._first.name
            for place, join in enumerate(config.joined, start=1):
                with _named(place):
                    view = there(join, config)
                    beside = sources.connect_beside(self._first, predictions(config), view, folder)
                    self._open(beside)
        except BaseException:
            self.close()
            raise
        self._table: ibis.Table | None = None

    def _open(self, source: Source) -> Source:
        self._opened.append(source)
        return source

    def table(self) -> ibis.Table:
        """The predictions, each once, with what was found for it; kept in the engine where it is embedded."""
        if self._table is None:
            table = self._first.table()
            for place, (join, source) in enumerate(
                zip(self._config.joined, self._opened[1:], strict=True), 1
            ):
                with _named(place):
                    table = self._found(table, join, source, place)
            self._table = table
        return self._table

    def fingerprint(self, window: Window | None = None) -> str:
        """Of every source."""
        return digest([source.fingerprint() for source in self._opened])

    def unread(self) -> Mapping[str, str]:
        """What of any source could not be read."""
        return {subject: why for source in reversed(self._opened) for subject, why in source.unread().items()}

    def close(self) -> None:
        """Let every engine go, the last opened first."""
        while self._opened:
            self._opened.pop().close()

    def _found(self, table: ibis.Table, join: Join, source: Source, place: int) -> ibis.Table:
        if absent := [column for column in join.match if column not in table.columns]:
            raise SourceInvalid(
                f"{self.name}: no column {', '.join(map(repr, absent))} to join by; mend `match`"
            )
        with plainly(source.name, source.table().columns):
            other = source.table()
            if absent := [c for c in join.read() if c not in other.columns]:
                raise SourceInvalid(
                    f"{source.name}: no column {', '.join(map(repr, absent))}; mend `match` or `bring`"
                )
            backend = table.get_backend()
            if other.get_backend() is not backend:
                other = _carried(backend, other, f"rounds_beside_{place}")
            other = _plain(other, join, source.name)
            reaches = _reaches(other, join)
            # Rows that name nobody say how far a source reaches, and no more.
            named = [other[_KEY.format(i)].notnull() for i in range(len(join.match))]
            other = other.filter(*named, *([other[_TIME].notnull()] if join.time is not None else []))
            _comparable(table, other, self._config, join, source.name)
            if join.time is None:
                _refuse_several(other, join, source.name)
            found = joined(table, other, join, self._config.columns.time, reaches)
            return _kept(backend, found, f"rounds_joined_{place}")


def predictions(config: ModelConfig) -> ModelConfig:
    """The config the predictions' own source is read by: without what is made here, with the keys."""
    made = {column for join in config.joined for column in join.made}
    keys = dict.fromkeys(column for join in config.joined for column in join.match if column not in made)
    columns = config.columns
    parts: dict[str, Any] = {}
    for name in Columns.model_fields:
        value = getattr(columns, name)
        if isinstance(value, str) and value in made:
            value = None
        elif name in ("numeric", "categorical", "text"):
            value = tuple(column for column in value if column not in made)
        elif name == "sensitive":
            value = tuple(a for a in value if not made & set(a.columns))
        parts[name] = value
    # Prose is read and never counted, as keys are.
    parts["text"] = tuple(dict.fromkeys((*parts["text"], *keys)))
    return _view(config, source=config.source, columns=Columns.model_construct(**parts))


def there(join: Join, config: ModelConfig) -> ModelConfig:
    """The config a second source is read by: its time, its keys, and what is brought from it."""
    nothing = {name: field.default for name, field in Columns.model_fields.items()}
    # Other times are read as times only where the view says that they are.
    times = {
        name: join.bring.get(getattr(config.columns, name) or "") for name in ("action_time", "recorded")
    }
    columns = Columns.model_construct(**nothing | times | {"time": join.time or "", "text": join.read()})
    return _view(config, source=join.source, columns=columns)


def _view(config: ModelConfig, **changed: Any) -> ModelConfig:
    facts = {name: getattr(config, name) for name in ModelConfig.model_fields}
    # Made anew and not copied: a copy would keep the digest of what it was copied from.
    return ModelConfig.model_construct(**facts | {"joined": (), "eligible": None} | changed)


def joined(table: ibis.Table, other: ibis.Table, join: Join, time: str, reaches: Any = None) -> ibis.Table:
    """Each row of the predictions once, with the columns a join makes.

    `other` has its keys, its time and what is brought under short names (`_plain`); `reaches` is the
    last moment it tells of.
    """
    columns = table.columns
    # A row is known by its moment and a number among those of that moment, so that an engine can
    # still leave other windows unread.
    number = ibis.row_number().over(ibis.window(group_by=table[time]))
    mine = table.mutate(
        rounds_row=number, **{_KEY.format(i): ex.text(table[column]) for i, column in enumerate(join.match)}
    )
    alike: list[Any] = [mine[_KEY.format(i)] == other[_KEY.format(i)] for i in range(len(join.match))]
    if join.time is not None:
        from_ = join.offset
        if from_ is None:  # what is nearest may lie before, as far as it may lie after
            from_ = timedelta() if join.take != "nearest" else -join.within if join.within else None
        if from_ is not None:
            alike.append(other[_TIME] >= _after(mine[time], from_))
        if join.within is not None:
            alike.append(other[_TIME] <= _after(mine[time], join.within))
    paired = mine.left_join(other, alike, lname="", rname="rounds_other_{name}")
    if join.time is not None:
        order = [paired[_TIME].asc()]
        if join.take == "last":
            order = [paired[_TIME].desc()]
        elif join.take == "nearest":
            order = [(ex.seconds(paired[_TIME]) - ex.seconds(paired[time])).abs(), paired[_TIME]]
        # Of two at the same moment any would do, but the same one every time.
        others = [paired[column] for column in other.columns if column.startswith("rounds_brought_")]
        place = ibis.row_number().over(
            ibis.window(group_by=[paired[time], paired.rounds_row], order_by=[*order, *others])
        )
        numbered = paired.mutate(rounds_place=place)
        paired = numbered.filter(numbered.rounds_place == 0)
    made: dict[str, Any] = {column: paired[f"rounds_brought_{i}"] for i, column in enumerate(join.bring)}
    if join.mark is not None:
        there = paired[_HELD].notnull()
        none = ibis.literal(0, "int32")
        if join.within is not None:
            closed = (
                _after(paired[time], join.within) <= reaches if reaches is not None else ibis.literal(False)
            )
            none = ibis.ifelse(closed, none, ibis.null("int32"))
        made[join.mark] = ibis.ifelse(there, ibis.literal(1, "int32"), none)
    kept = {column: paired[column] for column in columns if column not in made}
    return paired.select(**kept, **made)


def _after(time: Any, apart: timedelta) -> Any:
    return time + ibis.interval(seconds=int(apart.total_seconds())) if apart else time


def _plain(other: ibis.Table, join: Join, where: str) -> ibis.Table:
    """The second table under short names: keys as text, its time, what is brought."""
    made: dict[str, Any] = {_KEY.format(i): ex.text(other[c]) for i, c in enumerate(join.match.values())}
    if join.time is not None:
        kind = other[join.time].type()
        if not (kind.is_timestamp() or kind.is_date()):
            raise SourceInvalid(
                f"{where}: column {join.time!r} holds {kind} where a date or time is needed; make one with "
                f"`derive`"
            )
        made[_TIME] = other[join.time].cast("timestamp") if kind.is_date() else other[join.time]
    made |= {f"rounds_brought_{i}": other[column] for i, column in enumerate(join.bring.values())}
    made[_HELD] = ibis.literal(1, "int32")
    return other.select(**made)


def _comparable(table: ibis.Table, other: ibis.Table, config: ModelConfig, join: Join, where: str) -> None:
    """Raise where two clocks cannot be set against each other."""
    if join.time is None:
        return
    mine, theirs = table[config.columns.time].type(), other[_TIME].type()
    zoned = [bool(kind.is_timestamp() and kind.timezone) for kind in (mine, theirs)]
    if zoned[0] != zoned[1]:
        raise SourceInvalid(
            f"{where}: column {join.time!r} holds {theirs} beside {config.columns.time!r} with {mine}: "
            f"both need a time zone or neither; make one with `derive`"
        )


def _refuse_several(other: ibis.Table, join: Join, where: str) -> None:
    keys = [_KEY.format(i) for i in range(len(join.match))]
    counted = other.group_by(keys).aggregate(n=lambda t: t.count())
    (found,) = fetched(counted.filter(counted.n > 1).aggregate(n=lambda t: t.count()))
    if found["n"]:
        raise SourceInvalid(
            f"{where}: holds several rows for one {' and '.join(join.match.values())}; "
            f"say `time` and which to `take`"
        )


def _reaches(other: ibis.Table, join: Join) -> Any:
    """The last moment a second source tells of, where that decides who is known not to have had it."""
    if join.mark is None or join.time is None:
        return None
    (found,) = fetched(other.aggregate(last=other[_TIME].max()))
    return None if found["last"] is None else ibis.literal(found["last"], other[_TIME].type())


def _carried(backend: Any, other: ibis.Table, name: str) -> ibis.Table:
    """A table of one embedded engine in another of the same process; databases keep theirs."""
    if {backend.name, other.get_backend().name} != {"duckdb"}:
        raise SourceInvalid(
            f"is held by {other.get_backend().name}, and the predictions by {backend.name}: rows "
            f"do not leave a database to be joined; put both in one, as a table or a view"
        )
    return backend.create_table(name, other.to_pyarrow(), temp=True)


def _kept(backend: Any, found: ibis.Table, name: str) -> ibis.Table:
    """Joined once where the engine is ours; elsewhere joined for each count, of its window alone."""
    return backend.create_table(name, found, temp=True) if backend.name == "duckdb" else found


@contextmanager
def _named(place: int) -> Iterator[None]:
    try:
        yield
    except SourceInvalid as error:
        raise SourceInvalid(f"joined.{place}: {error}") from error
    except SourceUnavailable as error:
        raise SourceUnavailable(f"joined.{place}: {error}") from error

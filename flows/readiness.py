"""Readiness: a whole source counted where it is, by site and by group, and judged; no row is fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import ibis

from flows import asides
from flows import expressions as ex
from flows import source as sources
from flows.binning import category_bins, numeric_bins
from flows.counting import MOST_GROUPS, histogram_of
from flows.dialects import compiled
from flows.engine import plainly
from flows.prepare import DAY, WINDOW, Prepared, checked, run
from flows.propose import described
from flows.quantiles import Cells, cells
from flows.shape import shaped
from flows.source import Source
from monitors import config_file
from monitors.conditional import PARTED
from monitors.cube import UNKNOWN
from monitors.errors import ConfigError, SourceInvalid
from monitors.histogram import Bins, NumericBins
from monitors.readiness import counted as facts
from monitors.readiness.counted import EVERYONE, Counted
from monitors.readiness.declared import Declared
from monitors.readiness.judge import judge
from monitors.readiness.quantities import quantity_of
from monitors.readiness.report import Readiness

BINS = 60
BEFORE = datetime(1950, 1, 1, tzinfo=UTC)  # no record of a hospital's computer is older
_AT_ONCE = 64  # branches in one statement
Told = Callable[[str], None]
By = dict[str, dict[str, int]]


def ready(path: Path, at: datetime, told: Told = lambda message: None) -> Readiness:
    """Look at a source and grade it.

    Args:
        path: a data file or glob, whose columns are then guessed; a file that declares a source; or a
            model's file.
        at: the moment it is looked at.
        told: hears what is being done.

    Raises:
        ConfigError: where the file declares something that cannot be.
        SourceInvalid, SourceUnavailable: where the data cannot be read at all.
    """
    declared, folder = read(path)
    source = sources.connect(declared.counted_as(), folder)
    try:
        return of(source, declared, at, told)
    finally:
        source.close()


def of(source: Source, declared: Declared, at: datetime, told: Told = lambda message: None) -> Readiness:
    """The report of an open source."""
    told(f"reading {source.name}")
    return judge(count(source, declared, at, told), declared, source=source.name, at=at)


def read(path: Path) -> tuple[Declared, Path]:
    """What is declared of a source, and the folder its paths start from."""
    if path.suffix.lower() not in (".yaml", ".yml"):
        return config_file.checked(Declared, described(path), path.name), Path()
    text = config_file.text_of(path, "a source's or a model's")
    found = config_file.mapping(text, path.name, "a source and its columns", "docs/readiness.md")
    if "model" in found:
        return Declared.of(sources.read(path)), path.parent
    declared = config_file.checked(Declared, found, path.name)
    if problems := sources.of_source("source", declared.source):
        raise ConfigError([f"{path.name}: {problem}" for problem in problems])
    return declared, path.parent


def count(source: Source, declared: Declared, at: datetime, told: Told = lambda message: None) -> Counted:
    """Reduce a source to what readiness is judged from.

    Raises:
        SourceInvalid: naming the column and the remedy, or where there is no row.
    """
    config, where = declared.counted_as(), source.name
    with plainly(where):
        table = source.table()
    with plainly(where, table.columns):
        rows = asides.timely(checked(table, config.columns, where), config.columns, where)
        looked = _Look(declared, Prepared(config, rows.schema(), True), rows, at)
        return looked.counted(where, told)


@dataclass(frozen=True)
class _Look:
    """One source, its prepared rows, and the moment."""

    declared: Declared
    prepared: Prepared
    rows: ibis.Table
    at: datetime

    def counted(self, where: str, told: Told) -> Counted:
        attributes = (EVERYONE, *(a.name for a in self.prepared.columns.attributes))
        sizes = self._sizes(attributes)
        if not sizes.get(EVERYONE):
            raise SourceInvalid(f"{where}: there are columns and no rows; was it still being written?")
        many = f"more than {MOST_GROUPS} groups, so nothing is told by it; give bands or a coarser column"
        refused = {a: many for a, held in sizes.items() if len(held) > MOST_GROUPS}
        kept = tuple(a for a in attributes if a not in refused)
        told("finding where values lie")
        held = cells(self.prepared, dict.fromkeys(self.prepared.columns.numeric, BINS), self._run)
        bins: dict[str, Bins] = {
            name: numeric_bins(held[name], BINS, neat=False) for name in self.prepared.columns.numeric
        }
        bins |= category_bins(self.rows, self.prepared)
        told("counting by site and by group")
        first, last = self._span()
        return Counted(
            sizes={a: self._ordered(a, sizes[a]) for a in kept},
            histograms=self._histograms(kept, bins),
            facts=self._facts(kept),
            days=self._days(kept),
            ends={name: _ends(found) for name, found in held.items() if found is not None},
            first=first,
            last=last,
            refused=refused,
        )

    @cached_property
    def _statement(self) -> str:
        """The prepared rows with what readiness asks besides, as the engine's SQL."""
        rows, columns = ibis.table(self.prepared.schema, name=WINDOW), self.prepared.columns
        made = self.prepared.made(rows)
        made["sec"] = ex.seconds(rows[columns.time])
        made["rid"] = ex.text(rows[columns.id]) if columns.id else ibis.null("string")
        made["who"] = ex.text(rows[columns.patient]) if columns.patient else ibis.null("string")
        outcome = columns.outcome
        made["third"] = ex.third_value(rows[outcome]) if outcome else ibis.literal(False)
        if columns.action_time:
            made["delay"] = ex.seconds(rows[columns.action_time]) - made["sec"]
        prepared = rows.select(**made)
        self.__dict__["table"] = ibis.table(prepared.schema(), name="rounds_prepared")
        return compiled(self.rows.get_backend(), prepared)

    @cached_property
    def table(self) -> Any:
        """The prepared rows by name."""
        _ = self._statement
        return self.__dict__["table"]

    def _run(self, branches: Sequence[ibis.Table]) -> list[dict[str, Any]]:
        backend, found = self.rows.get_backend(), list[dict[str, Any]]()
        for i in range(0, len(branches), _AT_ONCE):
            some = branches[i : i + _AT_ONCE]
            texts = [f"SELECT * FROM ({compiled(backend, b)}) AS counted" for b in some]  # noqa: S608
            found += run(self.rows, self._statement, texts, some[0].schema())
        return found

    def _key(self, attribute: str, table: Any) -> Any:
        return table[self.prepared.group(attribute or None)]

    def _sizes(self, attributes: Iterable[str]) -> By:
        branches = []
        for attribute in attributes:
            keyed = self.table.select(key=self._key(attribute, self.table))
            counted = keyed.group_by("key").aggregate(n=lambda t: t.count())
            branches.append(shaped(counted, attribute, key=counted.key, n=counted.n))
        return self._collected(branches)

    def _ordered(self, attribute: str, held: Mapping[str, int]) -> dict[str, int]:
        """The groups of an attribute in order: bands from below, names by the alphabet, Unknown last."""
        bands = next((a.labels for a in self.prepared.columns.attributes if a.name == attribute), ())
        place = {label: i for i, label in enumerate(bands)}
        ordered = sorted(held, key=lambda group: (group == UNKNOWN, place.get(group, 0), group))
        return {group: held[group] for group in ordered}

    def _collected(self, branches: Sequence[ibis.Table]) -> By:
        found: By = {}
        for row in self._run(branches):
            found.setdefault(row["tag"], {})[row["key"] or UNKNOWN] = int(row["n"])
        return found

    def _histograms(self, attributes: Sequence[str], bins: Mapping[str, Bins]) -> dict[str, Any]:
        names, branches = list(bins), []
        for i, name in enumerate(names):
            held = bins[name]
            if isinstance(held, NumericBins):
                value, blank = self.table[self.prepared.value(name)], self.table[self.prepared.blank(name)]
                cell: Any = ex.numeric_cell(value, blank, held).cast("string")
            else:
                cell = ex.category_cell(self.table[self.prepared.text(name)], held)
            for j, attribute in enumerate(attributes):
                key = self._key(attribute, self.table).fill_null(UNKNOWN) + ibis.literal(PARTED) + cell
                counted = self.table.select(key=key).group_by("key").aggregate(n=lambda t: t.count())
                branches.append(shaped(counted, f"{i} {j}", key=counted.key, n=counted.n))
        cells_of: dict[tuple[str, str], dict[str, list[dict[str, Any]]]] = {}
        for row in self._run(branches):
            i, j = map(int, row["tag"].split())
            group, _, cell = row["key"].partition(PARTED)
            by = cells_of.setdefault((names[i], attributes[j]), {})
            by.setdefault(group, []).append({"key": cell, "n": int(row["n"])})
        return {
            name: {
                attribute: {
                    g: histogram_of(name, bins[name], c) for g, c in cells_of[name, attribute].items()
                }
                for attribute in attributes
            }
            for name in names
        }

    def _facts(self, attributes: Sequence[str]) -> dict[str, By]:
        """How many rows of each group each fact holds of; all facts in one pass for an attribute."""
        wanted = dict(self._asked())
        places = {f"f{i}": ibis.ifelse(holds, 1, 0) for i, holds in enumerate(wanted.values())}
        branches = []
        for attribute in attributes:
            flags = self.table.select(key=self._key(attribute, self.table), **places)
            summed = flags.group_by("key").aggregate(**{f: flags[f].sum() for f in places})
            cast = {f: summed[f].cast("int64") for f in places}
            branches.append(summed.select(tag=ibis.literal(attribute), key=summed.key, **cast))
        found: dict[str, By] = {name: {attribute: {} for attribute in attributes} for name in wanted}
        for row in self._run(branches):
            for name, place in zip(wanted, places, strict=True):
                found[name][row["tag"]][row["key"] or UNKNOWN] = int(row[place])
        repeated = self._collected(
            [self._repeats(f"{i} {j}", a, fact) for i, fact in enumerate(self._repeating)
             for j, a in enumerate(attributes)]
        )  # fmt: skip
        for i, fact in enumerate(self._repeating):
            found[fact] = {a: repeated.get(f"{i} {j}", {}) for j, a in enumerate(attributes)}
        return found

    def _asked(self) -> Iterator[tuple[str, Any]]:
        """Each fact with whether it holds of a row."""
        rows, columns, declared = self.table, self.prepared.columns, self.declared
        yield facts.UNTIMED, rows.sec.isnull()
        yield facts.UNTIMELY, (rows.sec < int(BEFORE.timestamp())) | (rows.sec > self._clock(self.at))
        if columns.outcome:
            yield facts.NO_OUTCOME, rows.outcome == -1
            yield facts.THIRD_OUTCOME, rows.third
        if columns.action_time:
            yield facts.EARLY, rows.delay < 0
            if declared.recorded_within is not None:
                limit = int(declared.recorded_within.approximate.total_seconds())
                yield facts.LATE, rows.delay > limit
        for name in columns.numeric:
            yield from self._impossible(name)
        for name in columns.categorical:
            expected = declared.expect.get(name)
            if expected and expected.values:
                text = rows[self.prepared.text(name)]
                yield facts.outside(name), text.notnull() & ~text.isin(list(expected.values))

    def _impossible(self, name: str) -> Iterator[tuple[str, Any]]:
        """Numbers beyond what a column can hold, as declared, or as its name tells; and in which unit."""
        value = self.table[self.prepared.value(name)]
        expected, quantity = self.declared.expect.get(name), quantity_of(name)
        low = min((unit.low for unit in quantity.units), default=None) if quantity else None
        high = max((unit.high for unit in quantity.units), default=None) if quantity else None
        if expected is not None and (expected.low, expected.high) != (None, None):
            low, high = expected.low, expected.high
        beyond = [value < ex.exact(low)] if low is not None else []
        beyond += [value > ex.exact(high)] if high is not None else []
        if beyond:
            yield facts.outside(name), ibis.or_(*beyond)
        if quantity is not None and quantity.apart:
            for unit in quantity.units:
                inside = (value >= ex.exact(unit.low)) & (value <= ex.exact(unit.high))
                yield facts.in_unit(name, unit.name), inside

    @property
    def _repeating(self) -> tuple[str, ...]:
        columns = self.prepared.columns
        again = (facts.AGAIN,) if columns.id else ()
        return (*again, facts.SAME_MOMENT) if columns.patient not in (None, columns.id) else again

    def _repeats(self, tag: str, attribute: str, fact: str) -> ibis.Table:
        """Rows beyond the first of an id, or of a patient at one moment."""
        held = self.table.mutate(key=self._key(attribute, self.table))
        if fact == facts.AGAIN:
            grouped = held.filter(held.rid.notnull()).group_by(["key", "rid"])
            each = grouped.aggregate(times=lambda t: t.count())
        else:
            named = held.filter(held.who.notnull() & held.sec.notnull())
            grouped = named.group_by(["key", "who", "sec"])
            # A retry of one id is another matter than two ids at one moment.
            each = grouped.aggregate(
                times=(lambda t: t.rid.nunique()) if self.prepared.columns.id else (lambda t: t.count())
            )
        summed = each.filter(each.times > 1).group_by("key").aggregate(n=lambda t: (t.times - 1).sum())
        return shaped(summed, tag, key=summed.key, n=summed.n)

    def _days(self, attributes: Sequence[str]) -> dict[str, dict[str, dict[int, int]]]:
        rows = self.table
        timed = rows.filter((rows.sec >= int(BEFORE.timestamp())) & (rows.sec <= self._clock(self.at)))
        branches = []
        for attribute in attributes:
            held = timed.select(key=self._key(attribute, timed), day=(timed.sec + self._ahead) // DAY)
            counted = held.group_by(["key", "day"]).aggregate(n=lambda t: t.count())
            branches.append(shaped(counted, attribute, key=counted.key, cell=counted.day, n=counted.n))
        found: dict[str, dict[str, dict[int, int]]] = {}
        for row in self._run(branches):
            found.setdefault(row["tag"], {}).setdefault(row["key"] or UNKNOWN, {})[int(row["cell"])] = int(
                row["n"]
            )
        return found

    def _span(self) -> tuple[datetime | None, datetime | None]:
        """The first and the last time that can be."""
        rows = self.table
        timed = rows.filter((rows.sec >= int(BEFORE.timestamp())) & (rows.sec <= self._clock(self.at)))
        ends = timed.aggregate(first=timed.sec.min(), last=timed.sec.max())
        ((first, last),) = [
            (row["cell"], row["n"])
            for row in self._run(
                [shaped(ends, "span", key=ibis.null("string"), cell=ends.first, n=ends.last)]
            )
        ]
        return (None, None) if first is None else (self._moment(int(first)), self._moment(int(last)))

    @property
    def _zoned(self) -> bool:
        kind = self.prepared.schema[self.prepared.columns.time]
        return bool(kind.is_timestamp() and kind.timezone)

    @property
    def _ahead(self) -> int:
        """Seconds from the column's clock to the local one."""
        if not self._zoned:
            return 0
        return int((self.at.astimezone(self.declared.zone).utcoffset() or timedelta()).total_seconds())

    def _clock(self, moment: datetime) -> int:
        """A moment as the column's seconds since 1970."""
        if self._zoned:
            return int(moment.timestamp())
        return int(moment.astimezone(self.declared.zone).replace(tzinfo=UTC).timestamp())

    def _moment(self, seconds: int) -> datetime:
        at = datetime.fromtimestamp(seconds, UTC)
        return at if self._zoned else at.replace(tzinfo=self.declared.zone).astimezone(UTC)


def _ends(held: Cells) -> tuple[tuple[float, int, float, float], ...]:
    """The least and the greatest value, where each stands alone: its rows, and how far the rest is."""
    if len(held.counts) < 4:
        return ()
    spread = float(held.last[-2] - held.first[1])
    least = (float(held.first[0]), int(held.counts[0]), float(held.first[1] - held.last[0]), spread)
    most = (float(held.last[-1]), int(held.counts[-1]), float(held.first[-1] - held.last[-2]), spread)
    alone = (held.first[0] == held.last[0], held.first[-1] == held.last[-1])
    return tuple(end for end, one in zip((least, most), alone, strict=True) if one)

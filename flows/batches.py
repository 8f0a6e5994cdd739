"""Requests as serving platforms log them: batches exploded to a row each, samples brought to one chance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis

from flows import expressions as ex
from flows import source as sources
from flows.derive import derive
from flows.dialects import fetched
from flows.engine import plainly
from flows.sampling import DIGESTED, md5
from flows.source import Source
from monitors.config import ModelConfig
from monitors.errors import NotComputable, SourceInvalid
from monitors.window import Window

_LIST = "rounds_list_{}"
_DIGITS = 6  # hexadecimal digits of a digest that a draw is made of
_HEX = "0123456789abcdef"


def exploded(table: ibis.Table, config: ModelConfig, where: str) -> ibis.Table:
    """A row for each element of the lists a request holds; its id gets `#` and the element's number.

    Raises SourceInvalid where an expression gives no list, or where lists of one request differ in length.
    """
    wanted = config.source.explode
    if not wanted:
        return table
    named = {_LIST.format(i): expression for i, expression in enumerate(wanted.values())}
    listed: Any = derive(table, named, "duckdb")
    for column, place in zip(wanted, named, strict=True):
        if not listed[place].type().is_array():
            raise SourceInvalid(
                f"{where}: source.explode.{column}: gives {listed[place].type()} where a list is "
                f"needed, as in CAST(json_extract(request, '$.inputs[*]') AS JSON[])"
            )
    first, *others = named
    length = listed[first].length().fill_null(0)
    if others:
        uneven = ibis.or_(*(listed[other].length().fill_null(0) != length for other in others))
        (found,) = fetched(listed.aggregate(n=uneven.sum()))
        if found["n"]:
            raise SourceInvalid(
                f"{where}: source.explode: {int(found['n']):,} rows hold lists of different lengths; what "
                f"belongs together cannot be told"
            )
    rows = listed.mutate(rounds_element=ibis.range(0, length)).unnest("rounds_element")
    made: dict[str, Any] = {
        name: rows[place][rows.rounds_element] for name, place in zip(wanted, named, strict=True)
    }
    identity = config.columns.id
    if identity is not None and identity in table.columns and identity not in made:
        made[identity] = ex.text(rows[identity]) + ibis.literal("#") + rows.rounds_element.cast("string")
    return rows.mutate(**made).drop(*named, "rounds_element")


class Thinned:
    """A source whose rows were logged with different chances, thinned until all had the same."""

    def __init__(self, source: Source, config: ModelConfig) -> None:
        self._source, self._config, self.name = source, config, source.name
        self._table: ibis.Table | None = None

    def table(self) -> ibis.Table:
        """The rows that stay: each with the chance `least` over its own, drawn from its id's digest."""
        if self._table is None:
            with plainly(self.name, self._source.table().columns):
                self._table = thinned(self._source.table(), self._config, self.name)
        return self._table

    def fingerprint(self, window: Window | None = None) -> str:
        """The source's own."""
        return self._source.fingerprint(window)

    def unread(self) -> Mapping[str, str]:
        """The source's own."""
        return self._source.unread()

    def renew(self) -> None:
        """Read on with another engine, as the source does."""
        sources.renew(self._source)
        self._table = None

    def close(self) -> None:
        """Let the engine go."""
        self._source.close()


def thinned(table: ibis.Table, config: ModelConfig, where: str) -> ibis.Table:
    """The rows of a table that stay, so that each had the same chance of being there.

    Raises SourceInvalid where a row's fraction is none, or is below the least that was declared.
    """
    asked, identity = config.source.sampled, config.columns.id
    assert asked is not None  # noqa: S101  the config asks for it
    assert identity is not None  # noqa: S101  its check asks for it
    if asked.fraction not in table.columns:
        raise SourceInvalid(f"{where}: no column {asked.fraction!r}; mend `source.sampled.fraction`")
    fraction: Any = ex.number(table[asked.fraction])
    wrong = fraction.isnull() | (fraction < ex.exact(asked.least)) | (fraction > 1)
    (found,) = fetched(table.aggregate(n=wrong.sum()))
    if found["n"]:
        raise SourceInvalid(
            f"{where}: column {asked.fraction!r}: {int(found['n']):,} rows hold no fraction from "
            f"`source.sampled.least` ({asked.least:g}) to 1; lower it, or mend those rows"
        )
    drawn = _drawn(table, identity)
    return table.filter(drawn * fraction < ex.exact(asked.least * 16**_DIGITS))


def _drawn(table: ibis.Table, identity: str) -> Any:
    """A whole number below 16**6 from the digest of a row's id: the same on every engine, every time."""
    name = table.get_backend().name
    if name not in DIGESTED:
        raise NotComputable(f"{name} knows no digest by which to draw the same rows every time")
    digest: Any = md5(ibis.literal("sampled\x1f") + ex.text(table[identity]).fill_null(""))
    digits = [ibis.literal(_HEX).find(digest.substr(i, 1)).cast("float64") for i in range(_DIGITS)]
    total = digits[0]
    for digit in digits[1:]:
        total = total * 16.0 + digit
    return total

"""The worker beside the source: measures of texts that no engine's language can say, batch by batch.

Of the texts a batch is in memory and no more; none is kept, printed or quoted in an error.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitors.characters import Texts
from monitors.errors import SourceInvalid
from monitors.textual import TextMeasure

AT_ONCE = 2_048  # rows of a batch
PART = 1 << 20  # bytes of text that are laid end to end: small enough to stay in a processor's cache
MOST = 100_000  # characters of a text that are looked at: comparing two takes their product
TEXT, PERIOD = "rounds_text_{}", "rounds_period"
_KEY = "rounds_key_{}_{}"
_TYPES = {"number": pa.float64(), "flag": pa.bool_()}
_APART = np.uint64(0x9E3779B97F4A7C15)  # parts the keys of one window from those of another


@dataclass(frozen=True, slots=True)
class Asked:
    """One measure: the column it makes, what takes it, and of which texts."""

    name: str
    take: Callable[..., Any]
    facts: TextMeasure
    texts: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns of its keys, where it is asked what other texts share."""
        return tuple(_KEY.format(self.name, i) for i in range(self.facts.shared))

    def of(self, *texts: Texts) -> Any:
        """The measure of each row: of all together where that can be, else one by one."""
        if self.facts.many is not None and all(one.apart for one in texts):
            return self.facts.many(*texts)
        return [self.take(*given) for given in zip(*(one.texts for one in texts), strict=True)]


@dataclass(frozen=True, slots=True)
class Taking:
    """Measures, taken of a batch of rows."""

    asked: Sequence[Asked]
    where: str

    def schema(self, sent: pa.Schema) -> pa.Schema:
        """The columns that come of a batch with these."""
        fields = [field for field in sent if not self._ours(field.name)]
        for one in self.asked:
            if one.facts.shared:
                fields += [pa.field(key, pa.int64()) for key in one.keys]
            else:
                fields.append(pa.field(one.name, _TYPES[one.facts.gives]))
        return pa.schema(fields)

    def of(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with the measures in the place of the texts.

        Raises:
            SourceInvalid: naming the measure and never what it was taken of.
        """
        schema = self.schema(batch.schema)
        parts = [self._taken(batch.slice(first, rows)) for first, rows in _parts(batch, self._names)]
        made = [pa.concat_arrays(chunks) for chunks in zip(*parts, strict=True)]
        left = [
            column for column, f in zip(batch.columns, batch.schema, strict=True) if not self._ours(f.name)
        ]
        return pa.record_batch([*left, *made], schema=schema)

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(text for one in self.asked for text in one.texts))

    def _taken(self, batch: pa.RecordBatch) -> list[pa.Array]:
        """The columns that come of the texts, each found once for all the measures that look at them."""
        columns = {name: batch.column(TEXT.format(name)) for name in self._names}
        missing = {name: column.is_null().to_numpy(zero_copy_only=False) for name, column in columns.items()}
        texts = {name: Texts(column.fill_null("").to_pylist(), coded) for name, column in columns.items()}
        made: list[pa.Array] = []
        for one in self.asked:
            none: Any = np.logical_or.reduce([missing[text] for text in one.texts])
            try:
                found = one.of(*(texts[text] for text in one.texts))
            except Exception as error:  # noqa: BLE001  its own words may quote the text
                why = type(error).__name__
                raise SourceInvalid(
                    f"{self.where}: {one.name} cannot be taken of some text ({why})"
                ) from None
            if one.facts.shared:
                made += _keys(found, none, one.facts.shared, batch.column(PERIOD))
            else:
                held: Any = np.asarray(found, dtype=np.float64)
                none = none | np.isnan(held)
                if one.facts.gives == "flag":
                    held = held > 0
                made.append(pa.array(held, _TYPES[one.facts.gives], mask=none))
        return made

    def _ours(self, name: str) -> bool:
        return name == PERIOD or name.startswith(TEXT.format(""))


def _parts(batch: pa.RecordBatch, names: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The batch in parts of a bounded size: where each begins, and how many rows it has."""
    sizes = sum(
        pc.binary_length(batch.column(TEXT.format(name))).fill_null(0).to_numpy().astype(np.int64) + 1
        for name in names
    )
    part = np.cumsum(sizes) // PART
    begins = [0, *(np.flatnonzero(np.diff(part)) + 1).tolist(), batch.num_rows]
    yield from ((first, last - first) for first, last in itertools.pairwise(begins))


def coded(data: bytes, offsets: NDArray[np.int32], many: int) -> tuple[NDArray[np.int32], list[bytes]]:
    """Words that lie end to end: of each which of the different ones it is, and these."""
    held = pa.Array.from_buffers(pa.binary(), many, [None, pa.py_buffer(offsets), pa.py_buffer(data)])
    found = held.dictionary_encode()
    return found.indices.to_numpy(), found.dictionary.to_pylist()


def _keys(found: Sequence[tuple[int, ...]], missing: Any, bands: int, periods: Any) -> list[Any]:
    """A column for each band, null where there are no keys."""
    none = np.array([not keys for keys in found], dtype=bool) | missing
    held = np.array([keys or (0,) * bands for keys in found], dtype=np.int64).reshape(len(found), bands)
    within = (periods.to_numpy(zero_copy_only=False).astype(np.uint64) * _APART)[:, None]
    mixed = (held.view(np.uint64) ^ within).view(np.int64)
    return [pa.array(np.ascontiguousarray(mixed[:, i]), pa.int64(), mask=none) for i in range(bands)]

"""The worker beside the source: measures of texts that no engine's language can say, batch by batch.

Of the texts a batch is in memory and no more; none is kept, printed or quoted in an error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from monitors.errors import SourceInvalid
from monitors.textual import TextMeasure

AT_ONCE = 2_048  # rows of a batch
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
        names = dict.fromkeys(text for one in self.asked for text in one.texts)
        texts = {name: batch.column(TEXT.format(name)).to_pylist() for name in names}
        arrays = [
            column for column, f in zip(batch.columns, batch.schema, strict=True) if not self._ours(f.name)
        ]
        for one in self.asked:
            try:
                found = [
                    None if None in given else one.take(*given)
                    for given in zip(*(texts[text] for text in one.texts), strict=True)
                ]
            except Exception as error:  # noqa: BLE001  its own words may quote the text
                why = type(error).__name__
                raise SourceInvalid(
                    f"{self.where}: {one.name} cannot be taken of some text ({why})"
                ) from None
            if one.facts.shared:
                arrays += _keys(found, one.facts.shared, batch.column(PERIOD))
            else:
                arrays.append(pa.array(found, _TYPES[one.facts.gives]))
        return pa.record_batch(arrays, schema=schema)

    def _ours(self, name: str) -> bool:
        return name == PERIOD or name.startswith(TEXT.format(""))


def _keys(found: Sequence[tuple[int, ...] | None], bands: int, periods: Any) -> list[Any]:
    """A column for each band, null where there are no keys."""
    none = np.array([not keys for keys in found], dtype=bool)
    held = np.array([keys or (0,) * bands for keys in found], dtype=np.int64).reshape(len(found), bands)
    within = (periods.to_numpy(zero_copy_only=False).astype(np.uint64) * _APART)[:, None]
    mixed = (held.view(np.uint64) ^ within).view(np.int64)
    return [pa.array(mixed[:, i], pa.int64(), mask=none) for i in range(bands)]

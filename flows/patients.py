"""Patients and encounters: one row of each in each window, where asked for; chosen in the engine."""

from __future__ import annotations

from typing import Any

import ibis

from flows import expressions as ex
from flows.periods import period
from monitors.config import ModelConfig
from monitors.window import Window


def one_each(rows: ibis.Table, config: ModelConfig, window: Window) -> ibis.Table:
    """The first, the last or the highest scored row of each patient or encounter in each window of the grid.

    In a reference of many windows a patient counts once in each, as in the windows that are
    compared with it. A row that names no patient is a patient of its own.
    """
    columns, which = config.columns, config.window.one_per
    each = columns.patient if config.window.one_per_patient else columns.encounter
    assert each is not None  # noqa: S101  the config asks for it
    asked = rows.mutate(rounds_patient=ex.text(rows[each]), rounds_period=period(rows, config, window))
    time: Any = asked[columns.time]
    # Of two at the same place any would do, but the same one every time.
    others = [asked[column] for column in rows.columns if column != columns.time]
    order = [time.desc(), *others] if which == "last" else [time, *others]
    if which == "highest_score":
        score: Any = ex.number(asked[columns.score])
        valid = ibis.ifelse((score >= 0) & (score <= 1), score, ibis.null("float64"))
        order = [valid.fill_null(-1.0).desc(), *order]
    keys = [asked.rounds_patient, asked.rounds_period]
    place = ibis.row_number().over(ibis.window(group_by=keys, order_by=order))
    numbered = asked.mutate(rounds_place=place)
    kept = numbered.filter((numbered.rounds_place == 0) | numbered.rounds_patient.isnull())
    return kept.drop("rounds_place", "rounds_patient", "rounds_period")

"""Grafana's dashboards, written from scripts/grafana_boards.py with Grafana's own SDK.

What is written to `dashboards/grafana/` is provisioned by docker-compose.yml and can be imported by
hand. Nothing in it comes from data: the one variable is the model's name, and those are lower-case
letters, digits and dashes (`monitors/config.py`), so no name can break out of a query.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from grafana_foundation_sdk.builders import common as commons
from grafana_foundation_sdk.builders import dashboard as boards
from grafana_foundation_sdk.builders import prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models import prometheus as promql

from scripts.grafana_boards import BOARDS, Asked, Board, Kind

SOURCE = common.DataSourceRef(type_val="prometheus", uid="prometheus")
WIDTH = {"stat": 6, "lines": 12, "states": 24, "table": 24}
HEIGHT = {"stat": 4, "lines": 8, "states": 8, "table": 9}
HIDDEN = ("Time", "__name__", "instance", "job", "check", "service")


def page(name: str) -> str:
    """One dashboard's file, byte for byte."""
    made = _board(name, BOARDS[name]).build()
    return json.dumps(made, cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _board(name: str, board: Board) -> boards.Dashboard:
    made = (
        boards.Dashboard(board.title)
        .uid(f"rounds-{name}")
        .description(board.told)
        .tags(["rounds"])
        .readonly()
        .timezone("utc")
        .refresh("5m")
        .time("now-90d", "now")
        .link(
            boards.DashboardLink("Rounds")
            .type(dashboard.DashboardLinkType.DASHBOARDS)
            .tags(["rounds"])
            .as_dropdown(True)
            .include_vars(True)
            .keep_time(True)
        )
        .with_variable(_models(every=not board.one))
    )
    for number, asked in enumerate(board.panels, start=1):
        made = made.with_panel(_panel(asked, number))
    return made


def _models(*, every: bool) -> boards.QueryVariable:
    made = (
        boards.QueryVariable("model")
        .label("Model")
        .query("label_values(rounds_model_info, model)")
        .datasource(SOURCE)
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.ALPHABETICAL_ASC)
    )
    return made.include_all(True).multi(True).all_value(".*") if every else made


def _panel(asked: Asked, number: int) -> Any:
    made: Any = _table(asked.legend) if asked.kind == "table" else _KINDS[asked.kind]()
    made = (
        made.id(number)
        .title(asked.title)
        .description(asked.told)
        .datasource(SOURCE)
        .span(WIDTH[asked.kind])
        .height(HEIGHT[asked.kind])
        .unit(asked.unit)
        .thresholds(_limits(asked))
    )
    legends = (
        asked.legend if len(asked.legend) == len(asked.expressions) else asked.legend * len(asked.expressions)
    )
    for letter, expression, legend in zip("ABC", asked.expressions, legends, strict=False):
        query = (
            prometheus.Dataquery().expr(expression).ref_id(letter).legend_format(legend).datasource(SOURCE)
        )
        if asked.kind == "table":
            query = query.instant().format(promql.PromQueryFormat.TABLE)
        elif asked.kind == "stat":
            query = query.instant()
        made = made.with_target(query)
    return made


def _limits(asked: Asked) -> boards.ThresholdsConfig:
    steps = [dashboard.Threshold(value=None, color="text")]
    if asked.bad is not None:
        steps = [dashboard.Threshold(None, "green"), dashboard.Threshold(asked.bad, "red")]
    elif asked.least is not None:
        steps = [dashboard.Threshold(None, "red"), dashboard.Threshold(asked.least, "green")]
    return boards.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(steps)


def _stat() -> stat.Panel:
    return stat.Panel().reduce_options(commons.ReduceDataOptions().calcs(["lastNotNull"]))


def _lines() -> timeseries.Panel:
    legend = commons.VizLegendOptions().display_mode(common.LegendDisplayMode.LIST)
    return timeseries.Panel().legend(legend.placement(common.LegendPlacement.BOTTOM).show_legend(True))


def _table(columns: Sequence[str]) -> table.Panel:
    """Expressions side by side as columns, one row a check; what says nothing to people is left out."""
    hidden = dict.fromkeys((*HIDDEN, *(f"{name} {n}" for name in HIDDEN for n in (1, 2, 3))), True)
    alone = {"Value": columns[0]} if len(columns) == 1 else {}
    renamed = alone | {f"Value #{letter}": column for letter, column in zip("ABC", columns, strict=False)}
    steps: Sequence[tuple[str, dict[str, Any]]] = (
        ("merge", {}),
        ("organize", {"excludeByName": hidden, "renameByName": renamed}),
    )
    return table.Panel().transformations(
        [dashboard.DataTransformerConfig(id_val=name, options=options) for name, options in steps]
    )


_KINDS: dict[Kind, Callable[[], Any]] = {
    "stat": _stat,
    "lines": _lines,
    "states": statetimeline.Panel,
}

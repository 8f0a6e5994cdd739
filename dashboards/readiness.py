"""A readiness report as one page that opens anywhere, and as a few lines on a terminal."""

from __future__ import annotations

from itertools import groupby

from markupsafe import Markup
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dashboards.charts.svg import element, joined
from dashboards.templating import HERE, render
from monitors.readiness.limits import FEWEST_OF_GROUP, LIMITS
from monitors.readiness.report import DIMENSIONS, MEANING, Dimension, Readiness, Share

_LOOK = {"A": "bold green", "B": "bold yellow", "C": "bold red", "D": "bold red"}
_MOST = 12  # reasons on a terminal; the page and the JSON hold all


def html(report: Readiness) -> str:
    """The whole report in one file that loads nothing."""
    return render(
        "readiness.html",
        report=report,
        style=Markup((HERE / "static" / "rounds.css").read_text(encoding="utf-8")),  # noqa: S704  our own
        asks=DIMENSIONS,
        coded=coded,
        meaning=MEANING,
        limits=LIMITS.values(),
        fewest=FEWEST_OF_GROUP,
        tables={dimension.name: tables(dimension) for dimension in report.dimensions},
    )


def coded(said: str) -> Markup:
    """A sentence whose `words` for a file stand as such.

    >>> coded("mend it with `source.derive`, or ask <them>")
    Markup('mend it with <code>source.derive</code>, or ask &lt;them&gt;')
    """
    parts = said.split("`")
    return joined(element("code", part) if i % 2 else Markup.escape(part) for i, part in enumerate(parts))


def tables(dimension: Dimension) -> list[tuple[str, list[str], list[tuple[str, str, list[Share]]]]]:
    """The shares of a question: for each attribute its groups, and a row for each column and fact."""

    def place(share: Share) -> tuple[str, str, str]:
        return share.attribute, share.subject, share.fact

    found = []
    # Sorting is stable, so groups keep the order they were counted in.
    for attribute, held in groupby(sorted(dimension.shares, key=place), lambda share: share.attribute):
        shares = list(held)
        groups = list(dict.fromkeys(share.group for share in shares))
        rows = []
        for (_, subject, fact), cells in groupby(shares, place):
            by = {share.group: share for share in cells}
            if any(share.share or share.share is None for share in by.values()):
                rows.append((subject, fact, [by[group] for group in groups if group in by]))
        if rows:
            found.append((attribute, groups, rows))
    return found


def show(report: Readiness) -> None:
    """The grade, each question's grade, and the gravest reasons."""
    console = Console()
    console.print(Text.assemble((f"{report.grade} ", _LOOK[report.grade]), report.verdict))
    table = Table(box=None, pad_edge=False)
    for dimension in report.dimensions:
        grade = dimension.grade
        seen = dimension.absent or DIMENSIONS[dimension.name]
        table.add_row(
            dimension.name, Text(grade or "not asked", _LOOK.get(grade or "", "dim")), Text(seen, "dim")
        )
    console.print(table)
    for reason in report.reasons[:_MOST]:
        console.print(Text.assemble(("  " + reason.effect.ljust(7), "bold"), reason.said), soft_wrap=True)
    if len(report.reasons) > _MOST:
        console.print(
            f"  and {len(report.reasons) - _MOST} more: --out DIR writes all of them, as a page and as JSON"
        )

"""The page and the plot of what was measured."""

# ruff: noqa: E501  sentences of the page are written as they are read
from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from dashboards.charts.svg import element, joined

Found = dict[tuple[str, int], dict[str, Any]]
OPENING = """\
# How fast, and how much it takes

Every figure on this page was measured by `python -m benchmarks.speed` (`make speed`), peers included, each in a
process of its own; the page is written by the same command, and `load` says how many processes waited for
the two cores beside each. A row is a
prediction with 30 features (20 numbers, 10 categories), three sensitive columns, a score, an outcome and a
time, made up and kept in Parquet. Seconds are the processor's, both cores added, without imports, the median
of the repetitions. What else the machine does lengthens them less than the clock's, and still by half: a
ratio of figures with different loads is not the one an idle machine would show.
"""
PEERS = {
    "evidently": "Evidently 0.7.23, `DataDriftPreset`",
    "nannyml": "NannyML, univariate Jensen-Shannon",
    "popmon": "popmon, stability metrics",
    "whylogs": "whylogs, profile and drift scores",
}


def write(docs: Path, found: Found, kept: dict[str, Any]) -> None:
    """Write `performance.md` and its plot."""
    (docs / "images").mkdir(exist_ok=True)
    (docs / "images" / "performance.svg").write_text(plot(found) + "\n", encoding="utf-8")
    loads = [run["load"] for run in kept["runs"] if "load" in run]
    machine = kept["machine"]
    ran = (
        f"{machine.get('cores', '?')} cores, Python {machine.get('python', '?')}; while this was measured the "
        f"machine had between {min(loads, default=0):.0f} and {max(loads, default=0):.0f} processes waiting for "
        f"its cores, so wall times are not shown where a ratio says more.\n"
    )
    pieces = [
        OPENING,
        ran,
        "## At a glance\n",
        table(found),
        "![Time and memory by rows](images/performance.svg)\n",
    ]
    pieces += [rows(found), drift(found), growth(found), engines(found), day(found)]
    text = "\n".join(piece for piece in pieces if piece)
    (docs / "performance.md").write_text(text.rstrip() + "\n", encoding="utf-8")


def seconds(value: float) -> str:
    """With as many digits as it is worth."""
    return f"{value:,.0f} s" if value >= 100 else f"{value:.3g} s"


def _line(bar: str, figure: str, met: bool | None) -> str:
    return f"| {bar} | {figure} | {'not measured' if met is None else 'met' if met else '**not met**'} |"


def has(found: Found, *wanted: tuple[str, int]) -> bool:
    """Whether all of these were measured and none failed."""
    return all(each in found and "failed" not in found[each] for each in wanted)


def slope(found: Found) -> tuple[float, float] | None:
    """How time grows with rows, and memory from the fewest to the most: 1 is in proportion."""
    points = [(n, found["count", n]) for n in (1, 3, 10, 30) if has(found, ("count", n))]
    if len(points) < 3:
        return None
    x = [math.log(n) for n, _ in points]
    y = [math.log(run["cpu"]) for _, run in points]
    middle = sum(x) / len(x), sum(y) / len(y)
    grown = sum((a - middle[0]) * (b - middle[1]) for a, b in zip(x, y, strict=True))
    return grown / sum((a - middle[0]) ** 2 for a in x), points[-1][1]["peak_mb"] / points[0][1]["peak_mb"]


def fairlearn_draws(found: Found) -> float | None:
    """What 1,000 draws would take, from what the first one adds."""
    if not has(found, ("fairlearn", 0), ("fairlearn", 1)):
        return None
    none, one = found["fairlearn", 0]["cpu"], found["fairlearn", 1]["cpu"]
    return float(none + 1000 * (one - none))


def table(found: Found) -> str:
    """The bars, and whether they were met."""
    lines = ["| bar | measured | |", "|---|---|---|"]
    bar = "10,000,000 rows × 30 features + 3 sensitive columns: at most 5 × a bare scan of the same columns, 2 GB"
    if has(found, ("scan", 10), ("count", 10)):
        bare, ours = found["scan", 10], found["count", 10]
        ratio, memory = ours["cpu"] / bare["cpu"], ours["peak_mb"]
        told = f"**{ratio:.1f} ×** ({seconds(ours['cpu'])} against {seconds(bare['cpu'])}), {memory:,.0f} MB"
        lines.append(_line(bar, told, ratio <= 5 and memory <= 2000))
    else:
        lines.append(_line(bar, "", None))
    bar = "drift of 1,000,000 rows × 30 against Evidently: at least 100 × faster"
    if has(found, ("drift", 1), ("evidently", 1)):
        ours, theirs = found["drift", 1]["cpu"], found["evidently", 1]["cpu"]
        loads = found["drift", 1]["load"], found["evidently", 1]["load"]
        told = f"**{theirs / ours:,.0f} ×** ({seconds(ours)} at load {loads[0]:.0f}, {seconds(theirs)} at {loads[1]:.0f})"
        lines.append(_line(bar, told, theirs >= 100 * ours))
    else:
        lines.append(_line(bar, "", None))
    bar = "1,000,000 rows, 3 sensitive columns, 8 measures, 1,000 draws against Fairlearn: at least 10,000 ×"
    drawn = fairlearn_draws(found)
    if drawn is not None and has(found, ("bootstrap", 1000)):
        ours = found["bootstrap", 1000]["cpu"]
        told = f"**{drawn / ours:,.0f} ×** ({seconds(ours)} for 12 measures against {drawn / 3600:.1f} h, extrapolated)"
        lines.append(_line(bar, told, drawn >= 10_000 * ours))
    else:
        lines.append(_line(bar, "", None))
    bar = "1 M → 30 M rows: time in proportion (slope within 15 %), memory flat"
    if grown := slope(found):
        told = f"slope **{grown[0]:.2f}**, memory {grown[1]:.2f} ×"
        lines.append(_line(bar, told, abs(grown[0] - 1) <= 0.15 and grown[1] <= 1.25))
    else:
        lines.append(_line(bar, "", None))
    bar = "columns 10 → 1,000 and groups 5 → 500: at most in proportion"
    if has(found, ("wide", 10), ("wide", 1000), ("groups", 5), ("groups", 500)):
        wide = found["wide", 1000]["cpu"] / found["wide", 10]["cpu"]
        groups = found["groups", 500]["cpu"] / found["groups", 5]["cpu"]
        told = f"100 × the columns take {wide:.0f} ×; 100 × the groups {groups:.1f} ×"
        lines.append(_line(bar, told, wide <= 100 and groups <= 100))
    else:
        lines.append(_line(bar, "", None))
    for name, bar in (
        ("postgres", "PostgreSQL, 1,000,000 rows: the same profile, client below 300 MB"),
        ("spark", "Spark, 1,000,000 rows: the same profile"),
    ):
        if has(found, ("parquet", 1), (name, 1)):
            same = found[name, 1]["digest"] == found["parquet", 1]["digest"]
            memory = found[name, 1]["peak_mb"]
            told = f"{'the same digest' if same else 'another digest'}, client {memory:,.0f} MB"
            lines.append(_line(bar, told, same and (name == "spark" or memory < 300)))
        else:
            why = found.get((name, 1), {}).get("failed")
            lines.append(_line(bar, f"failed: {why}" if why else "", None))
    return "\n".join(lines) + "\n"


def rows(found: Found) -> str:
    """By rows."""
    lines = ["## Rows\n", "| rows | seconds | a million | peak memory |", "|--:|--:|--:|--:|"]
    for n in (1, 3, 10, 30):
        if has(found, ("count", n)):
            run = found["count", n]
            each = seconds(run["cpu"] / n)
            lines.append(f"| {n},000,000 | {seconds(run['cpu'])} | {each} | {run['peak_mb']:,.0f} MB |")
    lines.append(
        "\nA window is counted in three scans (docs/decisions/0019): the engine streams the rows, and keeps bins "
        "and groups. Beyond 10,000,000 rows the same ten files are read again under other names.\n"
    )
    return "\n".join(lines)


def drift(found: Found) -> str:
    """Beside peers."""
    lines = [
        "## Beside its peers\n",
        "Drift of 1,000,000 rows × 30 columns against a reference of as many:\n",
    ]
    lines += ["| | seconds | peak memory | load | times Rounds |", "|---|--:|--:|--:|--:|"]
    ours = found.get(("drift", 1), {})
    if "cpu" in ours:
        lines.append(
            f"| Rounds, from Parquet to verdicts in the ledger | {seconds(ours['cpu'])} | {ours['peak_mb']:,.0f} MB | {ours['load']:.0f} | 1 |"
        )
    for name, title in PEERS.items():
        run = found.get((name, 1))
        if run is None:
            continue
        if "failed" in run:
            lines.append(f"| {title} | could not be run: {run['failed']} | | | |")
        elif "cpu" in ours:
            times = run["cpu"] / ours["cpu"]
            lines.append(
                f"| {title} | {seconds(run['cpu'])} | {run['peak_mb']:,.0f} MB | {run['load']:.0f} | {times:,.1f} |"
            )
    lines.append(
        "\nPeers have the frames in memory before the clock starts, and what they do once for a reference done; "
        "Rounds reads the file, and counts without frames. Each peer measures what it is built to: the figures "
        "compare a day's work, not the same formula.\n"
    )
    drawn = fairlearn_draws(found)
    if drawn is not None:
        none, one = found["fairlearn", 0]["cpu"], found["fairlearn", 1]["cpu"]
        lines.append(
            f"Fairlearn's `MetricFrame` took {seconds(none)} without a bootstrap and {seconds(one)} with a single "
            f"draw; 1,000 draws were not waited for but reckoned from that step, {seconds(one - none)} a draw. "
            f"Rounds counts the window and then draws cells, whatever the rows.\n"
        )
    return "\n".join(lines)


def growth(found: Found) -> str:
    """By columns and by groups."""
    lines = ["## Columns and groups\n", "| | seconds | peak memory |", "|---|--:|--:|"]
    for name, what in (("wide", "columns, 100,000 rows"), ("groups", "groups, 1,000,000 rows")):
        lines += [
            f"| {n:,} {what} | {seconds(run['cpu'])} | {run['peak_mb']:,.0f} MB |"
            for (work, n), run in found.items()
            if work == name and "failed" not in run
        ]
    lines.append("\n500 groups are five sensitive columns of a hundred each.\n")
    return "\n".join(lines)


def engines(found: Found) -> str:
    """Where the rows are."""
    lines = [
        "## Other engines\n",
        "| 1,000,000 rows × 30 + 3 | client, seconds | client, peak memory | profile |",
        "|---|--:|--:|---|",
    ]
    for name, title in (
        ("parquet", "Parquet, DuckDB"),
        ("postgres", "PostgreSQL 15"),
        ("spark", "Spark 4, local[2]"),
    ):
        run = found.get((name, 1))
        if run is not None and "failed" not in run:
            lines.append(
                f"| {title} | {seconds(run['cpu'])} | {run['peak_mb']:,.0f} MB | `{run['digest'][:19]}…` |"
            )
    lines.append(
        "\nPostgreSQL and Spark count in processes of their own: their clients wait, and fetch counts.\n"
    )
    return "\n".join(lines)


def day(found: Found) -> str:
    """How many models a machine carries."""
    run = found.get(("audits", 10_000))
    if run is None or "failed" in run:
        return ""
    each = run["cpu"] / 10
    models = 2 * 86_400 / each
    return (
        "## Models a day\n\n"
        f"An audit of 10,000 rows × 30 features × 3 sensitive columns under the shipped plan, from opening the file "
        f"to the ledger, takes {seconds(each)} of processor time: two cores carry **{models:,.0f} daily audits** if "
        f"they do nothing else, {models / 2:,.0f} at half load. Counting is the smaller part of it; intervals and "
        f"verdicts are the rest.\n"
    )


# ----------------------------------------------------------------------------------------- plot
WIDTH, HEIGHT, LEFT, TOP = 340, 230, 52, 34
INK, GRID = "#1f2933", "#d5dbe1"


def plot(found: Found) -> str:
    """Seconds and memory by rows, on logarithmic axes, with the line of proportion."""
    points = [(n, found["count", n]) for n in (1, 3, 10, 30) if has(found, ("count", n))]
    bare = [(n, found["scan", n]) for n in (1, 10) if has(found, ("scan", n))]
    panels = [
        _panel("seconds of processor time", [("count", [(n, r["cpu"]) for n, r in points], "#0b6e99"),
                                             ("bare scan", [(n, r["cpu"]) for n, r in bare], "#9a5b00")], 0),
        _panel("peak memory, MB", [("count", [(n, r["peak_mb"]) for n, r in points], "#0b6e99")], WIDTH + 60),
    ]  # fmt: skip
    size = f"0 0 {2 * WIDTH + 120} {HEIGHT + 80}"
    return str(
        element("svg", joined(panels), xmlns="http://www.w3.org/2000/svg", viewBox=size, role="img",
                aria_label="Time grows in proportion to rows; memory does not", font_family="sans-serif",
                font_size=12, fill=INK)
    )  # fmt: skip


def _panel(title: str, series: Sequence[tuple[str, Sequence[tuple[int, float]], str]], x: float) -> Markup:
    values = [v for _, points, _ in series for _, v in points] or [1.0]
    low, high = 10 ** math.floor(math.log10(min(values))), 10 ** math.ceil(math.log10(max(values) * 1.01))

    def across(millions: float) -> float:
        return LEFT + (WIDTH - LEFT) * math.log(millions) / math.log(30)

    def up(value: float) -> float:
        return TOP + HEIGHT * (1 - math.log(value / low) / math.log(high / low))

    parts = [element("text", title, x=LEFT, y=TOP - 14, font_weight="bold")]
    tick = float(low)
    while tick <= high:
        parts.append(element("path", d=f"M{LEFT} {up(tick):.1f}H{WIDTH}", stroke=GRID))
        parts.append(element("text", f"{tick:,g}", x=LEFT - 6, y=up(tick) + 4, text_anchor="end"))
        tick *= 10
    parts += [
        element("text", f"{n} M", x=across(n), y=TOP + HEIGHT + 18, text_anchor="middle")
        for n in (1, 3, 10, 30)
    ]
    parts.append(element("text", "rows", x=(LEFT + WIDTH) / 2, y=TOP + HEIGHT + 36, text_anchor="middle"))
    for name, points, colour in series:
        if not points:
            continue
        line = "L".join(f"{across(n):.1f} {up(v):.1f}" for n, v in points)
        parts.append(element("path", d=f"M{line}", stroke=colour, fill="none", stroke_width=2))
        parts += [element("circle", cx=across(n), cy=up(v), r=4, fill=colour) for n, v in points]
        last = points[-1]
        parts.append(
            element("text", name, x=across(last[0]) - 8, y=up(last[1]) - 10, text_anchor="end", fill=colour)
        )
    return element("g", joined(parts), transform=f"translate({x} 0)")

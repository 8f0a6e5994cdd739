"""docs/fleet.md, written from what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

TOP = """\
# A fleet, and years of it

Every figure here was measured by `python -m benchmarks.scale`, which writes this page. Seconds are the
processor's, of the whole tree of processes; where others used the machine, the clock says more about them
than about Rounds, and `load` says how many processes waited. {cores} cores, Python {python}.

| bar | measured | |
|---|---|---|
"""
NIGHT = """
## A night

Each model's daily window of 10,000 rows × 30 features × 3 sensitive columns under the shipped plan, by
Prefect's worker ({together} models a run, {at_once} runs at once) to a PostgreSQL ledger and a local MLflow
server. No two models of a run have the same rows. On the first night each model's reference is counted too.
On a later one another file has come; the window before is not counted once more, since what it was counted
from is as it was.

| models | night | windows | seconds | a window | of it MLflow's server | peak memory | clock | load |
|--:|---|--:|--:|--:|--:|--:|--:|--:|
"""
YEARS = """
## Years of days

A month is audited; the ledger then holds what that month's entries would be of each model and month,
chained as the ledger chains them and held to it by `rounds verify`. Profiles are left out but of the last
month: no page of a window reads another's.

| models | days | entries | GB | `rounds status` | `rounds --help` | a day's run after that | after a month |
|--:|--:|--:|--:|--:|--:|--:|--:|
"""
PAGES = """
| milliseconds | first view | again |
|---|--:|--:|
"""


def written(kept: Mapping[str, Any]) -> str:
    """The page."""
    machine = kept.get("machine", {"cores": "?", "python": "?"})
    return TOP.format(**machine) + "".join(f"{line}\n" for line in _bars(kept)) + _nights(kept) + _years(kept)


def _bars(kept: Mapping[str, Any]) -> Iterator[str]:
    large = kept["night"].get("500", {}).get("later")
    small = kept["night"].get("50", {}).get("later")
    told = " | not measured"
    if large:
        said = f"{large['wall_s'] / 60:.1f} minutes, {large['peak_mb'] / 1000:.1f} GB"
        told = _met(said, large["wall_s"] <= 600 and large["peak_mb"] <= 4000)
    yield f"| 500 models, one daily window each: at most 10 minutes and 4 GB | {told} |"
    flat = " | not measured"
    if large and small:
        ratio = _audit(large) / _audit(small)
        flat = _met(f"{ratio:.2f} ×", ratio <= 1.15)
    yield f"| a window among 500 models against one among 50: at most 15 % dearer | {flat} |"
    held = kept["years"].get("100x10")
    status = " | not measured"
    if held:
        status = _met(f"{held['status']['cpu_s']:.2f} s", held["status"]["cpu_s"] <= 1)
    yield f"| ten years of days of 100 models: `rounds status` in 1 s | {status} |"
    first = held["pages"]["model"]["first_cpu_ms"] if held else None
    page = _met(f"{first} ms", first <= 200) if first is not None else " | not measured"
    yield f"| and a model's page in 200 ms | {page} |"


def _met(told: str, met: bool) -> str:
    return f"**{told}** | {'met' if met else 'not met'}"


def _audit(held: Mapping[str, Any]) -> float:
    return float(held["cpu_s"]) / float(held["made"])


def _nights(kept: Mapping[str, Any]) -> str:
    found = ""
    for size, held in sorted(kept["night"].items(), key=lambda item: int(item[0])):
        for name in ("first", "later"):
            one = held[name]
            found += (
                f"| {size} | {name} | {one['made']:,} | {one['cpu_s']:,.0f} s | {_audit(one):.1f} s | "
                f"{one['mlflow_cpu_s']:,.0f} s | {one['peak_mb']:,} MB | {one['wall_s']:,.0f} s | "
                f"{held['load']:.0f} |\n"
            )
    from benchmarks.scale.night import AT_ONCE, TOGETHER

    return NIGHT.format(together=TOGETHER, at_once=AT_ONCE) + found if found else ""


def _years(kept: Mapping[str, Any]) -> str:
    found, pages = "", ""
    for size, held in kept["years"].items():
        run = held["night"]
        found += (
            f"| {held['models']} | {held['days']:,} | {held['entries']:,} | {held['gigabytes']} | "
            f"{held['status']['cpu_s']:.2f} s | {held['help']['cpu_s']:.2f} s | "
            f"{run['after_years_cpu_s']:.1f} s | {run['after_month_cpu_s']:.1f} s |\n"
        )
        pages += f"\nPages over {size.replace('x', ' models × ')} years, load {held['load']:.0f}:\n{PAGES}"
        for name, one in held["pages"].items():
            said = "a model" if name == "model" else f"`{name}`"
            pages += f"| {said} | {one['first_cpu_ms']} | {one['again_cpu_ms']} |\n"
    return YEARS + found + pages if found else ""

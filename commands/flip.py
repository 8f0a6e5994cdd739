"""Whether a tool's answer turns on a name, a language or a dialect: `rounds flip`."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.argument("pairs", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--tool", required=True, metavar="TOOL", help="module:function, or an address that answers.")
@click.option("--margin", type=click.FloatRange(0, 1, min_open=True), default=0.05, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The counts, as JSON.")
def flip(pairs: Path, tool: str, margin: float, as_json: bool) -> None:
    """Ask a tool pairs of prompts that differ in one cue alone; say how often the answer changes.

    PAIRS is CSV or JSON one a line, with cue (name, language, dialect), prompt and flipped.
    """
    from flows import flip as flow

    told = [each.payload(margin) for each in flow.flip(pairs, flow.tool(tool))]
    if as_json:
        click.echo(json.dumps(told, sort_keys=True))
        return
    for each in told:
        click.echo(
            f"{each['cue']}: {each['changed']} of {each['pairs']} answers change, "
            f"{each['share']:.1%} ({each['low']:.1%} to {each['high']:.1%}); "
            f"{each['wavered']} change when the same is asked again. "
            f"Margin {margin:.1%}: {each['verdict'].replace('_', ' ')}."
        )

"""The ledger's chain, checked and held against what was kept elsewhere: `rounds verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from flows.home import Home


@click.command()
@click.option("--expected-head", metavar="H", help="A head that was kept elsewhere.")
@click.option("--min-length", type=click.IntRange(0), default=0, help="How many entries there were at least.")
@click.option(
    "--anchor",
    type=click.Path(path_type=Path),
    help="A file of heads kept elsewhere, one a line; all are checked.",
)
@click.option("--keep", is_flag=True, help="With --anchor: add the head to it, once everything held.")
@click.option(
    "--public-key", "keys", multiple=True, type=click.Path(path_type=Path), help="Of someone who signed."
)
@click.option(
    "--sign", "signer", metavar="KEY", type=click.Path(path_type=Path), help="Sign the head with it."
)
@click.pass_obj
def verify(
    home: Home,
    expected_head: str | None,
    min_length: int,
    anchor: Path | None,
    keep: bool,
    keys: tuple[Path, ...],
    signer: Path | None,
) -> None:
    """Check the ledger's chain, and say what that proves and what it does not."""
    from flows.home import now
    from monitors.errors import LedgerError
    from monitors.governance import anchor as anchors
    from monitors.governance import signature
    from monitors.ledger import Ledger

    if keep and anchor is None:
        raise click.UsageError("--keep goes with --anchor FILE, the file to add the head to")
    if anchor and not keep and not anchor.is_file():
        raise LedgerError(f"{anchor}: no such file; --keep begins one")
    held = list(anchors.parse(expected_head)) if expected_head else []
    if anchor and anchor.is_file():
        held += anchors.parse(anchor.read_text(encoding="utf-8"))
    ledger = Ledger(home.ledger_url, now)
    checked = anchors.hold(ledger, held, min_length)
    signed = signature.verified(ledger, [signature.public_key(path) for path in keys])
    click.echo(f"{checked.entries} entries, each linked to the one before. Head: {ledger.head()}")
    for rule, many in checked.removed.items():
        click.echo(f"Let go: {many:,} under {rule}")
    for kept in held:
        click.echo(f"Anchored: {kept}")
    for one in signed:
        whose = "a key you gave" if one.known else "a key you did not give: whose it is, is not shown"
        click.echo(f"Signed: entry {one.of} by {one.key} ({whose}): {one.meaning}")
    if signer and (head := ledger.last()):
        made = signature.sign(ledger, head, signature.private_key(signer), "the ledger as it stood")
        click.echo(f"Signed: entry {head.seq} by {made.body['key']}. Head: {ledger.head()}")
    if anchor and keep:
        line = anchors.anchor(ledger, now())
        with anchor.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
        click.echo(f"Kept in {anchor}: {line}")
    proved, not_proved = anchors.shown(bool(held), bool(signed), bool(checked.removed))
    click.echo("\n".join(["", "This shows:", *(f"- {said}" for said in proved)]))
    click.echo("\n".join(["It does not show:", *(f"- {said}" for said in not_proved)]))

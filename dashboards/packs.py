"""The committee's pack in Markdown and as PDF; both say the same, in the same order."""

from __future__ import annotations

import json

from dashboards.cards.markdown import plain
from dashboards.report.typeset import typeset
from dashboards.templating import HERE
from monitors.governance.pack import Pack, Part

TEMPLATE = HERE / "report" / "pack.typ"


def markdown(pack: Pack) -> str:
    """The pack as CommonMark; text that people gave is escaped."""
    lines = [
        f"# AI committee, {pack.period}",
        "",
        f"Made at {pack.generated} from entry {pack.entries} of the ledger.",
    ]
    for number, part in enumerate(pack.parts, start=1):
        lines += [
            "",
            f"## {number}. {part.title}",
            "",
            *(plain(said) + "\n" for said in part.said),
            *_table(part),
        ]
    return "\n".join([*lines, "", f"Ledger head: `{pack.head}`"]) + "\n"


def pdf(pack: Pack) -> bytes:
    """The pack as PDF/UA-1 and PDF/A-2a; the same pack gives the same bytes."""
    return typeset(TEMPLATE, {"pack.json": json.dumps(pack.payload())}, pack.generated)


def _table(part: Part) -> list[str]:
    if not part.rows:
        return []
    head = [f"| {' | '.join(part.columns)} |", f"|{'---|' * len(part.columns)}"]
    return [*head, *(f"| {' | '.join(map(plain, row))} |" for row in part.rows)]

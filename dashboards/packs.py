"""The committee's pack in Markdown and as PDF; both say the same, in the same order."""

from __future__ import annotations

import json
import tempfile
from datetime import datetime
from pathlib import Path

from dashboards.cards.markdown import plain
from dashboards.report.pdf import FONTS, STANDARDS
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
    import typst  # an engine of its own: only when a PDF is asked for

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pack.json").write_text(json.dumps(pack.payload()), encoding="utf-8")
        (folder / "pack.typ").write_text(TEMPLATE.read_text(encoding="utf-8"), encoding="utf-8")
        made: bytes | None = None
        for alone in (True, False):
            try:
                made = typst.compile(
                    str(folder / "pack.typ"),
                    root=str(folder),
                    font_paths=[str(FONTS)],
                    ignore_system_fonts=alone,
                    format="pdf",
                    pdf_standards=[*STANDARDS],
                    timestamp=int(datetime.fromisoformat(pack.generated).timestamp()),
                )
                break
            except typst.TypstError as error:
                if not alone or "could not be displayed" not in str(error):
                    raise
    assert isinstance(made, bytes)  # noqa: S101  one file was asked for
    return made


def _table(part: Part) -> list[str]:
    if not part.rows:
        return []
    head = [f"| {' | '.join(part.columns)} |", f"|{'---|' * len(part.columns)}"]
    return [*head, *(f"| {' | '.join(map(plain, row))} |" for row in part.rows)]

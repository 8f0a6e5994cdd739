"""The report as PDF: set by Typst from the report model alone, PDF/UA-1 and PDF/A-2a, byte for byte."""

from __future__ import annotations

import json
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Literal

from dashboards.report.model import Figure, Report
from dashboards.templating import HERE

STANDARDS: list[Literal["ua-1", "a-2a"]] = ["ua-1", "a-2a"]
FONTS = HERE / "static" / "vendor"
TEMPLATE = HERE / "report" / "report.typ"


def pdf(report: Report) -> bytes:
    """The whole document; no font but the shipped ones is looked at unless a name needs another script."""
    import typst  # an engine of its own: only when a PDF is asked for

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        held = report.payload()
        held.pop("audit")  # the machine's figures are in the JSON file
        (folder / "report.json").write_text(json.dumps(held), encoding="utf-8")
        for figure in figures(report):
            (folder / f"{figure.id}.svg").write_text(figure.svg, encoding="utf-8")
        (folder / "report.typ").write_text(TEMPLATE.read_text(encoding="utf-8"), encoding="utf-8")
        made: bytes | None = None
        for alone in (True, False):
            try:
                made = typst.compile(
                    str(folder / "report.typ"),
                    root=str(folder),
                    font_paths=[str(FONTS)],
                    ignore_system_fonts=alone,
                    format="pdf",
                    pdf_standards=[*STANDARDS],
                    timestamp=int(datetime.fromisoformat(report.generated).timestamp()),
                )
                break
            except typst.TypstError as error:
                if not alone or "could not be displayed" not in str(error):
                    raise
    assert isinstance(made, bytes)  # noqa: S101  one file was asked for
    return made


def figures(report: Report) -> list[Figure]:
    """Every drawing, in order."""
    sections = (*report.sections, *report.appendices)
    return [block for section in sections for block in section.blocks if isinstance(block, Figure)]

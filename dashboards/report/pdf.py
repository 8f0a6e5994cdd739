"""The report as PDF, from the report model alone."""

from __future__ import annotations

import json

from dashboards.report.model import Figure, Report
from dashboards.report.qr_code import HELD, qr_code
from dashboards.report.typeset import typeset
from dashboards.templating import HERE

TEMPLATE = HERE / "report" / "report.typ"


def pdf(report: Report) -> bytes:
    """The whole document; the same report gives the same bytes."""
    held = report.payload()
    held.pop("audit")  # the machine's figures are in the JSON file
    drawn = {f"{figure.id}.svg": figure.svg for figure in figures(report)}
    drawn["head.svg"] = qr_code(report.head, HELD)
    said = json.dumps({**held, "code": HELD})
    return typeset(TEMPLATE, {"report.json": said, **drawn}, report.generated)


def figures(report: Report) -> list[Figure]:
    """Every drawing, in order."""
    sections = (*report.sections, *report.appendices)
    return [block for section in sections for block in section.blocks if isinstance(block, Figure)]

"""The files that a report is set as: JSON, HTML and PDF, each from the report alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dashboards.report.html import page
from dashboards.report.model import Report
from dashboards.report.pdf import pdf

FORMATS: Mapping[str, Callable[[Report], bytes]] = {
    "json": lambda report: (report.json() + "\n").encode(),
    "html": lambda report: page(report).encode(),
    "pdf": pdf,
}

"""The report as one HTML file: its style inside, its figures as SVG, nothing loaded and nothing run."""

from __future__ import annotations

from functools import cache

from markupsafe import Markup

from dashboards.report.facts import VERDICTS
from dashboards.report.model import Figure, Report
from dashboards.report.qr_code import HELD, qr_code
from dashboards.templating import HERE, render


def page(report: Report, *, alone: bool = True) -> str:
    """The whole page; not `alone`, it takes its style from the service that shows it."""
    marks = {word: verdict for verdict, word in VERDICTS.items()}
    style = Markup(_style()) if alone else None  # noqa: S704  our own file
    code = Markup(qr_code(report.head, HELD))  # noqa: S704  every part of it is escaped
    return render("report.html", r=report, marks=marks, style=style, drawn=_drawn, code=code)


@cache
def _style() -> str:
    return (HERE / "static" / "report.css").read_text(encoding="utf-8")


def _drawn(figure: Figure) -> Markup:
    return Markup(figure.svg)  # noqa: S704  written by `drawing`, every part of it escaped

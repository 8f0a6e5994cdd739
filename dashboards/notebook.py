"""An audit in a notebook: the findings and charts of the pages, as people may see them."""

from __future__ import annotations

from markupsafe import Markup

from dashboards import gaps
from dashboards.charts.svg import element
from dashboards.templating import HERE, render
from monitors.audit import DRAWN_BY, Audit, Verdict
from monitors.suppression import published
from monitors.worst import worst_first

HIGH = 720  # pixels; the frame scrolls


def html(audit: Audit) -> str:
    """The audit in a frame of its own, so that its styles and the notebook's keep apart.

    Nothing in it runs, loads or leaves the notebook; what is too few to show is withheld here too.
    """
    shown = published(audit)
    measures = gaps.gap_measures(shown)
    measure = measures[0][0] if measures else None
    findings = worst_first(shown.findings)
    wanted = (Verdict.BEYOND, Verdict.FAILED, Verdict.DIFFERENT)
    inside = render(
        "notebook.html",
        audit=shown,
        style=Markup((HERE / "static" / "rounds.css").read_text(encoding="utf-8")),  # noqa: S704  our own
        counts=shown.counts(),
        acts=[f for f in findings if f.severity != "info" and f.verdict in wanted],
        worst=gaps.served_worst(shown),
        measure=measure,
        forest=gaps.forest_of(shown, measure, loss=True) if measure else None,
        findings=findings,
    )
    # An empty sandbox: no script, no form, no navigation.
    said = {"title": f"Audit of {audit.model}", "srcdoc": inside, "width": "100%", "height": HIGH}
    return element("iframe", "", sandbox="", frameborder="0", **said)


def show_audits() -> None:
    """Have every `Audit` show itself so in a notebook."""
    DRAWN_BY[:] = [html]

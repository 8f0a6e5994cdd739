"""A number's distribution over its reference's: bars of their true width, the reference an outline."""

from __future__ import annotations

from markupsafe import Markup

from dashboards.charts.calibration import density as dense
from dashboards.charts.svg import Scale, element, joined, percentage
from monitors.views import Overlaid
from monitors.words.figures import number, percent

HEIGHT, FOOT, TOP = 200, 22, 10


def density(shown: Overlaid, *, title: str, description: str) -> Markup:
    """Areas are shares of rows, so that a wide bin does not look like many."""
    now, then = dense(shown.now, shown.edges), dense(shown.reference, shown.edges)
    top = max([*now, *then]) or 1.0
    scale = Scale(shown.edges[0], shown.edges[-1])
    base, plot = HEIGHT - FOOT, HEIGHT - FOOT - TOP
    parts = [element("title", title), element("desc", description)]
    outline = []
    for place, label in enumerate(shown.labels):
        left, right = (scale.share(edge) for edge in shown.edges[place : place + 2])
        tall, was = plot * now[place] / top, plot * then[place] / top
        told = f"{label}: {percent(shown.now[place])} now, {percent(shown.reference[place])} in the reference"
        spot = {"x": percentage(left), "width": percentage(max(right - left - 0.002, 0.001))}
        pair = [element("title", told), element("rect", **spot, y=base - tall, height=tall, class_="bar")]
        parts.append(element("g", joined(pair)))
        outline += [f"{left * 100:.2f},{base - was:.1f}", f"{right * 100:.2f},{base - was:.1f}"]
    steps = element("polyline", points=" ".join(outline), class_="then")
    box = {"viewBox": f"0 0 100 {HEIGHT}", "preserveAspectRatio": "none"}
    parts.append(element("svg", steps, width="100%", height=HEIGHT, **box))
    parts.append(element("line", x1=0, x2="100%", y1=base, y2=base, class_="target"))
    for tick in scale.ticks(4):
        at = scale.share(tick)
        side = "end" if at > 0.94 else "middle" if at > 0.06 else ""
        parts.append(
            element(
                "text",
                number(tick) if tick % 1 else f"{tick:,.0f}",
                x=percentage(at),
                y=HEIGHT - 6,
                class_=f"tick {side}",
            )
        )
    return element("svg", joined(parts), class_="chart bars", width="100%", height=HEIGHT, role="img")

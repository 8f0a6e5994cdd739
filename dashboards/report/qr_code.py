"""A QR code as SVG: what a phone reads off a printed page, so that nobody types sixty-four digits."""

from __future__ import annotations

from io import BytesIO

from markupsafe import Markup

from dashboards.charts.svg import element, joined

QUIET = 4  # modules left white on every side, as ISO/IEC 18004 asks
HELD = "QR code of the ledger head that stands at the foot"
LOSS = "m"  # what may be smudged and still be read: 15 in 100


def qr_code(text: str, said: str) -> str:
    """The code of a text, dark on white whatever the page is, the same text the same bytes.

    Args:
        text: what a reader is given back, in UTF-8.
        said: what it holds, for people who cannot see it.

    >>> qr_code("sha256:00", "a hash")[:71]
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 29 29" width="29" '
    """
    import segno  # only where a page is made

    code = segno.make(text, error=LOSS, micro=False, boost_error=False)
    side, _ = code.symbol_size(border=QUIET)
    drawn = BytesIO()
    code.save(drawn, kind="svg", border=QUIET, xmldecl=False, svgns=False, omitsize=True, light="#fff")
    inside = drawn.getvalue().decode("ascii").partition(">")[2].rpartition("</svg>")[0]
    return str(
        element(
            "svg", joined([element("title", said), Markup(inside)]),  # noqa: S704  segno's own paths
            xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {side} {side}", width=side, height=side,
            role="img", class_="code",
        )
    )  # fmt: skip

"""The QR code of a report: the whole ledger head, for a phone and for whoever cannot see it."""

from __future__ import annotations

import re

import segno

from dashboards.report.qr_code import QUIET, qr_code

HEAD = "sha256:" + "0123456789abcdef" * 4


def modules(svg: str) -> set[tuple[int, int]]:
    """The dark squares that the drawing paints, as (column, row)."""
    (path,) = re.findall(r'stroke="#000" d="([^"]+)"', svg)
    x, y, dark = 0, 0, set[tuple[int, int]]()
    for move, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", path):
        if move == "h":
            dark |= {(x + i, y) for i in range(int(first))}
            x += int(first)
        else:
            x, y = (int(first), int(float(second))) if move == "M" else (x + int(first), y + int(second))
    return dark


def test_every_dark_square_of_the_head_s_code_is_drawn_and_no_other() -> None:
    """That a reader gets the head back from the printed page is in docs/pdfs.md."""
    code = segno.make_qr(HEAD, error="m", boost_error=False)
    wanted = {(x + QUIET, y + QUIET) for y, row in enumerate(code.matrix) for x, on in enumerate(row) if on}
    assert modules(qr_code(HEAD, "a head")) == wanted
    assert modules(qr_code(HEAD[:-1] + "e", "a head")) != wanted


def test_it_is_said_in_words_and_stays_dark_on_white() -> None:
    drawn = qr_code(HEAD, "what it <holds>")
    assert 'role="img"' in drawn
    assert "<title>what it &lt;holds&gt;</title>" in drawn
    assert f'<path fill="#fff" d="M0 0h{37 + 2 * QUIET}v{37 + 2 * QUIET}' in drawn
    assert drawn == qr_code(HEAD, "what it <holds>")

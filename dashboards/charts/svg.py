"""SVG elements and scales that every chart is drawn with."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from markupsafe import Markup, escape

from monitors.audit import Verdict

# One shape per verdict, 12 units wide about (0, 0): colour is never the only code.
_SHAPES: dict[str, str] = {
    Verdict.WITHIN: '<circle r="4"/>',
    Verdict.BEYOND: '<path d="M0 -5.5 5.5 4.5H-5.5Z"/>',
    Verdict.DIFFERENT: '<path d="M0 -5.5 5.5 0 0 5.5 -5.5 0Z"/><path class="half" d="M0 -5.5 5.5 0 0 5.5Z"/>',
    Verdict.CANNOT_TELL: '<circle r="5.2"/>'
    '<path class="stroke" d="M-1.8 -1.1A1.8 1.8 0 1 1 .6 .5Q0 .8 0 1.5M0 3.1V3.3"/>',
    Verdict.WITHHELD: '<rect x="-5" y="-5" width="10" height="10"/>'
    '<path class="stroke" d="M-5 0 0 -5M-5 5 5 -5M0 5 5 0"/>',
    Verdict.FAILED: '<path class="stroke" d="M-4.5 -4.5 4.5 4.5M-4.5 4.5 4.5 -4.5"/>',
}


def shape(verdict: Verdict, x: str = "6", y: str = "6") -> Markup:
    """The verdict's mark about a point of an SVG; `x` and `y` may be percentages."""
    return element("svg", _mark(verdict), x=x, y=y, overflow="visible")


@cache
def _mark(verdict: Verdict) -> Markup:
    drawn = Markup(_SHAPES[verdict])  # noqa: S704  our own constants
    return element("g", drawn, class_=f"mark {verdict}")


def glyph(verdict: Verdict) -> Markup:
    """The verdict's mark by itself, to stand before its word."""
    return element("svg", shape(verdict), class_="glyph", width=12, height=12, aria_hidden="true")


def element(name: str, content: Markup | str = "", /, **attributes: object) -> Markup:
    """An element with escaped attributes; underscores become dashes, a trailing one is dropped.

    >>> element("text", "<b>", x=1.25, class_="tick")
    Markup('<text x="1.25" class="tick">&lt;b&gt;</text>')
    """
    listed = "".join(
        [f' {_named(key)}="{_plain(value)}"' for key, value in attributes.items() if value is not None]
    )
    inside = content if content.__class__ is Markup else escape(content)
    return Markup(f"<{name}{listed}>{inside}</{name}>")  # noqa: S704  every part is escaped


@cache  # a page draws thousands of elements, with the same twenty names
def _named(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _plain(value: object) -> str:
    if value.__class__ is int:
        return str(value)
    return f"{value:.5g}" if isinstance(value, float) else str(escape(value))


def joined(parts: Iterable[Markup]) -> Markup:
    """Several pieces of markup, one after the other."""
    return Markup("").join(parts)


def percentage(share: float) -> str:
    """A place along an axis, for an SVG that stretches.

    >>> percentage(0.12345)
    '12.35%'
    """
    return f"{share * 100:.2f}%"


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear scale from values to shares of the axis, 0 to 1.

    >>> Scale.around([0.2, 0.31, None]).share(0.2) < Scale.around([0.2, 0.31]).share(0.31)
    True
    """

    low: float
    high: float

    @classmethod
    def around(cls, values: Iterable[float | None], *, pad: float = 0.08) -> Scale:
        """The scale that holds all the values, with some room about them."""
        known = [v for v in values if v is not None and math.isfinite(v)] or [0.0, 1.0]
        low, high = min(known), max(known)
        room = (high - low) * pad or abs(high) * 0.1 or 0.5
        return cls(low - room, high + room)

    def share(self, value: float) -> float:
        """Where the value lies; beyond the ends it is held at the end."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))

    def ticks(self, about: int = 3) -> list[float]:
        """Round numbers inside the scale, about as many as asked.

        >>> Scale(-0.23, 0.22).ticks(4)
        [-0.2, -0.1, 0.0, 0.1, 0.2]
        """
        rough = (self.high - self.low) / max(about, 1)
        power = 10.0 ** math.floor(math.log10(rough))
        step = next((m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.75), 10 * power)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(i * step, 12) + 0.0 for i in range(first, last + 1)]

"""Sway: how far a reference's own windows lie apart, beside what sampling alone would make of them.

Days of the week, seasons and rows that come in clusters move counts without any drift. A reference of
several windows shows how much; a reference of few shows it roughly, so few windows widen by more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from monitors import special

# How often a reference that lies still is taken for one that sways: over all checks of a model
# together, and by one check's own windows.
_ALL, _ONE = 0.025, 0.01
# In a model that lies still the other checks speak of this one as so many times its own windows.
_OTHERS = 3
# What is seen of the sway is taken for so much more: seen too low it lets through more than seen too
# high it holds back. Without it 1.1 to 1.2 % passed a level of 1 %.
_SURE = 1.1


@dataclass(frozen=True, slots=True)
class Sway:
    """What the reference's windows say of one distance.

    Attributes:
        ratio: their mean squared distance from the whole over what sampling gives; 1 is lying still.
        freedom: degrees of freedom the ratio rests on.
        windows: how many of them there are.
        spread: variance of a squared distance under sampling over its squared mean; 2 for a
            distance that can move in one way only, less the more ways there are.
        share: what sampling does to one of them over what it does to the window that is judged.
    """

    ratio: float
    freedom: float
    windows: int
    spread: float
    share: float

    def widen(self, squared: float, mean: float, level: float) -> float:
        """The squared distance chance reaches at a level, sampling and sway together.

        Args:
            squared: what sampling alone exceeds with probability `level`, squared.
            mean: the mean squared distance under sampling.
            level: in (0, 1).

        Sampling and sway add as variances do. How well the ratio is known decides how much wider
        than a normal quantile the level has to reach, as in Student's t: on the sway, and on that
        part of the sampling that the reference's windows might have hidden it in.

        >>> still = Sway(ratio=1.0, freedom=1e9, windows=26, spread=2.0, share=1.0)
        >>> round(still.widen(0.04, 0.01, 0.01), 6)
        0.04
        """
        student = float(special.stdtrit(self.freedom, 1 - level / 2)) ** 2
        wider = student / float(special.ndtri(1 - level / 2)) ** 2
        known = 1 + (wider - 1) * min(self.ratio, 1.0) * self.share
        return squared * known + student * self.beyond(mean)

    def beyond(self, mean: float) -> float:
        """The mean squared distance beyond sampling, `mean` being what sampling gives."""
        return _SURE * max(self.ratio - 1, 0.0) * self.share * mean


def moderated(sways: Sequence[Sway]) -> list[Sway]:
    """Each check's sway, with what the model's other checks say of it.

    Where all checks together, and this one's own windows, differ by no more than sampling does, the
    others' calm is evidence for this one too, as though it had three times as many windows more
    (after Smyth 2004, Stat Appl Genet Mol Biol 3:3, who moderates variances so). Where anything
    sways, each check is held to its own windows.

    >>> calm = [Sway(r, 7, 8, 1.0, 1.0) for r in (0.8, 1.1, 0.9, 1.2)]
    >>> [(round(s.ratio, 3), s.freedom) for s in moderated(calm)][0]
    (0.95, 28)
    >>> moderated([*calm, Sway(6.0, 7, 8, 1.0, 1.0)])[0].freedom
    7
    """
    if len(sways) < 2:
        return list(sways)
    ratios = np.array([sway.ratio for sway in sways])
    freedoms = np.array([2 * sway.windows / sway.spread for sway in sways])
    pooled, together = float(ratios.mean()), float(len(sways) ** 2 / (1 / freedoms).sum())
    if pooled > _most(together, _ALL):
        return list(sways)
    others = min(_OTHERS, len(sways) - 1)
    return [
        sway
        if sway.ratio > _most(own, _ONE)
        else replace(
            sway,
            ratio=(others * pooled + sway.ratio) / (others + 1),
            freedom=(others + 1) * sway.freedom,
        )
        for sway, own in zip(sways, freedoms.tolist(), strict=True)
    ]


def _most(freedom: float, level: float) -> float:
    """What a ratio of a still reference exceeds with probability `level`."""
    return float(special.chdtri(freedom, level)) / freedom

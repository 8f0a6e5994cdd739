"""The ward board: one row a model, worst first, and what a filter leaves of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from dashboards.freshness import Freshness
from dashboards.reading import Reading
from monitors.audit import WORST_FIRST, Verdict
from monitors.config import ModelConfig
from monitors.glance import Glance
from monitors.oncall import EVERYWHERE
from monitors.words.names import FAMILIES, people
from monitors.words.sentences import sentence

ALWAYS = ("quality", "drift", "performance", "fairness")
TIERS = ("high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Row:
    """One model on the board."""

    model: str
    config: ModelConfig | None
    glance: Glance | None
    freshness: Freshness
    alerts: int = 0  # that nobody has answered
    answered: int = 0  # taken or silenced, and not over
    here: str = ""  # the site, where this installation watches one

    @property
    def version(self) -> str:
        """The version audited last, or else the one declared."""
        return self.glance.version if self.glance else self.config.version if self.config else ""

    @property
    def title(self) -> str:
        """What people call it."""
        return (self.config and self.config.governance.title) or self.model

    @property
    def tier(self) -> str | None:
        """How much depends on it."""
        return self.config.governance.risk_tier if self.config else None

    @property
    def owner(self) -> str | None:
        """Who is asked first: the clinical owner, or else the technical one."""
        owners = self.config.governance.owner if self.config else None
        return (owners.clinical or owners.technical) if owners else None

    @property
    def review(self) -> date | None:
        """When it is looked at again as a whole; None where nobody set a day."""
        return self.config.governance.review if self.config else None

    @property
    def sites(self) -> tuple[str, ...]:
        """Where it is used, as far as that may be shown: the sites its audits tell of, or else ours."""
        named = self.glance.sites if self.glance else ()
        return named or ((self.here,) if self.here else ())

    @property
    def sites_left(self) -> int:
        """How many more sites its audits tell of than are named here."""
        return self.glance.sites_left if self.glance else 0

    @property
    def told(self) -> str:
        """Its worst finding in words."""
        worst = self.glance.worst if self.glance else None
        return sentence(worst, people(self.config)) if worst else ""

    @property
    def state(self) -> str:
        """The word it is filtered by: "silent", or its worst verdict."""
        if self.freshness.loud:
            return "silent"
        return str(self.glance.verdict if self.glance else Verdict.CANNOT_TELL)

    @property
    def rank(self) -> tuple[int, int, int, str]:
        """Worst first: what pages, then silence, then the verdicts in their order."""
        worst = self.glance.worst if self.glance else None
        pages = worst is not None and worst.verdict is Verdict.BEYOND and worst.severity == "page"
        first = 0 if pages else 1 if self.freshness.loud else 2
        state = WORST_FIRST.index(Verdict(self.state)) if self.state != "silent" else 0
        tier = TIERS.index(self.tier) if self.tier else len(TIERS)
        return first, state, tier, self.model


def board(reading: Reading) -> list[Row]:
    """Every model, worst first, as of now."""
    found = []
    lasting = reading.alerts()[0]
    alerts = Counter((alert.notice.model, alert.state == "open") for alert in lasting)
    here = "" if reading.oncall.site == EVERYWHERE else reading.oncall.site
    for model, held in reading.glances().items():
        config = reading.configs.get(model)
        fresh = reading.freshness(model, held.window if held else None)
        found.append(Row(model, config, held, fresh, alerts[model, True], alerts[model, False], here))
    return sorted(found, key=lambda row: row.rank)


def families(rows: Iterable[Row]) -> list[str]:
    """The columns of the board: the four usual ones, and any other that some model has."""
    held = {family for row in rows if row.glance for family in row.glance.cells}
    return [family for family in FAMILIES if family in ALWAYS or family in held]


def sites(rows: Iterable[Row]) -> list[str]:
    """The sites of all rows: those of most models first."""
    counts = Counter(site for row in rows for site in row.sites)
    return sorted(counts, key=lambda site: (-counts[site], site))


def kept(
    rows: Iterable[Row], *, q: str = "", state: str = "", tier: str = "", site: str = "", owner: str = ""
) -> list[Row]:
    """The rows a filter leaves: every word of `q` somewhere in what the row says, or in a site's name."""
    words = q.casefold().split()
    left = []
    for row in rows:
        told = (row.model, row.title, row.owner or "", row.told, *row.sites) if words else ()
        text = " ".join(told).casefold()
        fits = (
            all(word in text for word in words)
            and state in ("", row.state)
            and tier in ("", row.tier or "none")
            and (site in ("", *row.sites) or (site == "none" and not row.sites))
            and owner in ("", row.owner or "none")
        )
        left += [row] if fits else []
    return left

"""The ward board: one row a model, worst first, and what a filter leaves of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from dashboards.freshness import Freshness, freshness
from dashboards.names import FAMILIES, people
from dashboards.reading import Reading
from dashboards.words import sentence
from dashboards.worst import worst_first
from monitors.audit import WORST_FIRST, Audit, Finding, Verdict
from monitors.config import ModelConfig
from monitors.ledger import Recorded

WINDOWS = 12  # how far back a row looks
ALWAYS = ("quality", "drift", "performance", "fairness")
TIERS = ("high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Cell:
    """One family of one model: its worst verdict, and how many findings share it."""

    verdict: Verdict
    count: int
    total: int


@dataclass(frozen=True, slots=True)
class Sight:
    """What the last audits of a model say, whatever the time is."""

    last: Recorded | None
    cells: Mapping[str, Cell]
    worst: Finding | None
    series: tuple[float | None, ...]
    told: str


@dataclass(frozen=True, slots=True)
class Row:
    """One model on the board."""

    model: str
    config: ModelConfig | None
    sight: Sight
    freshness: Freshness

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
    def state(self) -> str:
        """The word it is filtered by: "silent", or its worst verdict."""
        if self.freshness.loud:
            return "silent"
        return str(self.sight.last.audit.worst) if self.sight.last else str(Verdict.CANNOT_TELL)

    @property
    def rank(self) -> tuple[int, int, int, str]:
        """Worst first: what pages, then silence, then the verdicts in their order."""
        worst = self.sight.worst
        pages = worst is not None and worst.verdict is Verdict.BEYOND and worst.severity == "page"
        first = 0 if pages else 1 if self.freshness.loud else 2
        state = WORST_FIRST.index(Verdict(self.state)) if self.state != "silent" else 0
        tier = TIERS.index(self.tier) if self.tier else len(TIERS)
        return first, state, tier, self.model


def board(reading: Reading) -> list[Row]:
    """Every model, worst first, as of now."""
    now = reading.now()
    found = []
    for model in reading.models():
        config = reading.configs.get(model)
        sight = reading.reduced("board", model, WINDOWS, partial(seen, who=people(config)))
        last = sight.last.audit.window if sight.last else None
        found.append(Row(model, config, sight, freshness(config, last, now)))
    return sorted(found, key=lambda row: row.rank)


def seen(recorded: Sequence[Recorded], who: str) -> Sight:
    """Reduce a model's last audits, oldest first, to what its row shows."""
    if not recorded:
        return Sight(None, {}, None, (), "No window has been audited yet.")
    last = recorded[-1]
    acted = worst_first(f for f in last.audit.findings if f.severity != "info")
    worst = acted[0] if acted else None
    series = tuple(_value(r.audit, worst) for r in recorded) if worst else ()
    return Sight(last, cells(last.audit), worst, series, sentence(worst, who) if worst else "")


def _value(audit: Audit, like: Finding) -> float | None:
    return next((f.value for f in audit.findings if f.key == like.key), None)


def cells(audit: Audit) -> dict[str, Cell]:
    """Each family's worst verdict with its count, findings that are only shown left out."""
    found: dict[str, Cell] = {}
    for family in FAMILIES:
        counts = audit.counts(family)
        worst = next((v for v in WORST_FIRST if counts[v]), None)
        if worst is not None:
            found[family] = Cell(worst, counts[worst], sum(counts.values()))
    return found


def families(rows: Iterable[Row]) -> list[str]:
    """The columns of the board: the four usual ones, and any other that some model has."""
    held = {family for row in rows for family in row.sight.cells}
    return [family for family in FAMILIES if family in ALWAYS or family in held]


def kept(rows: Iterable[Row], *, q: str = "", state: str = "", tier: str = "", owner: str = "") -> list[Row]:
    """The rows a filter leaves: every word of `q` somewhere in what the row says."""
    words = q.casefold().split()
    left = []
    for row in rows:
        text = f"{row.model} {row.title} {row.owner or ''} {row.sight.told}".casefold()
        fits = (
            all(word in text for word in words)
            and state in ("", row.state)
            and tier in ("", row.tier or "none")
            and owner in ("", row.owner or "none")
        )
        left += [row] if fits else []
    return left

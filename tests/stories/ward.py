"""A ward over weeks: what its feed writes, and what Rounds says of it each Monday morning."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flows import source
from flows.monitor import due, step
from monitors.audit import Audit
from monitors.config import ModelConfig
from monitors.ledger import Ledger
from monitors.window import moment
from tests.flows import rows as made
from tests.flows.rows import Row

QUIET = 8  # weeks of reference
A_DAY = 40


class Ward:
    """A feed that grows week by week, a clock, and a real ledger.

    Weeks are numbered from 1, the first after the reference. `on_monday(n)` is the morning after
    week n ended.
    """

    def __init__(self, folder: Path, columns: dict[str, Any] | None = None, **declared: Any) -> None:
        self.folder = folder
        self.clock = self.monday(0)
        self.config: ModelConfig = made.config(
            columns, **{"reference": {"from": "2026-01-05", "to": "2026-03-02"}, **declared}
        )
        self.ledger = Ledger(f"sqlite:///{folder}/ledger.db", lambda: self.clock)
        self.sound = made.ward(QUIET + 12, a_day=A_DAY, seed=4)
        self.rows = [row for row in self.sound if self.week(row) <= 0]

    @staticmethod
    def week(row: Row) -> int:
        """The number of the week a row lies in."""
        return (datetime.fromisoformat(str(row["at"])) - made.START).days // 7 - QUIET + 1

    @staticmethod
    def monday(week: int) -> datetime:
        """Six o'clock on the morning after that week."""
        return moment("2026-03-02T06:00") + timedelta(weeks=week)

    def arrives(self, week: int, change: Callable[[Row], Row | None] = lambda row: row) -> None:
        """The feed writes a week; `change` says what is wrong with a row, None that it never comes."""
        changed = (change(dict(row)) for row in self.sound if self.week(row) == week)
        self.rows += [row for row in changed if row is not None]

    def on_monday(self, week: int) -> Audit:
        """What the run of that morning says of the week just ended."""
        *_, audit = self.run(week)
        return audit

    def run(self, week: int) -> list[Audit]:
        """All that is due that morning, oldest window first."""
        self.clock = self.monday(week)
        made.write(self.folder / "ward.csv", self.rows)
        opened = source.connect(self.config, self.folder)
        try:
            return [
                step(self.config, window, opened, stage=stage, ledger=self.ledger)
                for window, stage in due(self.config, self.clock)
            ]
        finally:
            opened.close()


def beyond(audit: Audit) -> set[str]:
    """What someone has to act on."""
    return {f.name for f in audit.findings if str(f.verdict) == "beyond" and f.severity != "info"}

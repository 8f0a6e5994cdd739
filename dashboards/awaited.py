"""Awaited: a release that a run is just working out is waited for, not worked out here as well.

Between an audit's entry in the ledger and its release's lie tenths of a second. Whoever asks in them would
load the arithmetic of withholding, half as large again as the whole server, for good.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from monitors.audit import Audit
from monitors.ledger import Ledger
from monitors.release import kept, released

RECENT = timedelta(minutes=1)  # since an audit was written: later no run is at it any more
PAUSE, PAUSES = 0.1, 30  # seconds between looks, and how many looks


def published(
    ledger: Ledger, now: Callable[[], datetime], pause: Callable[[float], None] = time.sleep
) -> Callable[[Audit], Audit]:
    """The door of withholding for pages beside a run: it gives the release of an audit in the ledger.

    Args:
        ledger: where both stand.
        now: the clock of whoever writes audits.
        pause: waits so many seconds.
    """

    def release(audit: Audit) -> Audit:
        found = released(ledger, audit.digest)
        if found is not None:
            return found
        entry = ledger.find("audit", audit.digest)
        young = entry is not None and now() - entry.at < RECENT
        for _ in range(PAUSES if young else 0):
            pause(PAUSE)
            if found := released(ledger, audit.digest):
                return found
        return kept(ledger, audit)

    return release

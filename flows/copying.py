"""Copying: what MLflow is owed of each audit, sent until it is there, or set aside with its reason.

Nothing is remembered but in the ledger: an audit without `copied` is owed. A copy that MLflow
refuses again and again, though it takes others, is set aside so that the rest go on; it stays owed,
is shown, and is sent again when somebody asks.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flows.home import Home
from flows.monitor import Told, quietly
from monitors.audit import Audit
from monitors.config import ModelConfig
from monitors.copies import ASIDE, COPIED, REFUSED, asides, copied_digest
from monitors.errors import RoundsError, TrackingUnavailable
from monitors.heads import without
from monitors.ledger import Entry, Ledger
from monitors.reference import Reference
from monitors.release import kept

log = logging.getLogger("rounds")

TRIES = 3  # refusals after which a copy is set aside, where others were taken since the first
FIRST_WAIT = timedelta(minutes=10)  # after a refusal, and four times as long after each further one


def owed(config: ModelConfig, ledger: Ledger) -> list[Audit]:
    """Audits whose copy has not reached MLflow, oldest first; those set aside among them."""
    missing = without(ledger.engine, COPIED, config.model)
    return [recorded.audit for recorded in ledger.read(ledger.those(missing))]


def settle(config: ModelConfig, ledger: Ledger, home: Home, at: datetime, told: Told = quietly) -> int:
    """Send every owed copy, then mark it sent: a crash repeats, and never loses. Returns what is left.

    Where MLflow is away nothing more is tried, and nothing counts as refused.
    """
    pending = without(ledger.engine, COPIED, config.model)
    aside = {each.digest for each in asides(ledger, config.model)} if pending else set()
    for number in pending:  # one at a time: where MLflow is away, what is owed grows with every window
        audit = ledger.read(ledger.those([number]))[0].audit
        refusals = _refusals(ledger, audit) if audit.digest not in aside else []
        if audit.digest in aside or _too_soon(refusals, at):
            continue
        try:
            body = _send(config, audit, ledger, home, told)
        except TrackingUnavailable as error:
            log.warning("the copy for MLflow is owed: %s", error)
            break
        except RoundsError as error:
            _refused(ledger, audit, refusals, str(error), told)
        except Exception as error:  # noqa: BLE001  one that nobody foresaw may quote the data
            _refused(ledger, audit, refusals, f"{type(error).__name__} while it was made", told)
        else:
            ledger.append(COPIED, audit.digest, body, **_of(audit))
    return len(without(ledger.engine, COPIED, config.model)) if pending else 0


def _send(config: ModelConfig, audit: Audit, ledger: Ledger, home: Home, told: Told) -> dict[str, str]:
    from flows.tracking import log_audit  # imports MLflow, which takes seconds

    run_id, page = log_audit(
        kept(ledger, audit),
        config=config,
        ledger=ledger,
        tracking_uri=home.mlflow_uri,
        artifacts=_report(config, audit, ledger, home, told),
    )
    return {"run_id": run_id, **({"page": page} if page else {})}


def _refused(ledger: Ledger, audit: Audit, earlier: list[Entry], reason: str, told: Told) -> None:
    """Count a refusal; after several, though MLflow took others since the first, set the copy aside."""
    log.warning("the copy of %s %s for MLflow was refused: %s", audit.model, audit.window, reason)
    number = len(earlier) + 1
    entry = ledger.append(REFUSED, f"{audit.digest}|{number}", {"reason": reason}, **_of(audit))
    first = earlier[0].seq if earlier else entry.seq
    taken = max(ledger.newest(COPIED).values(), default=0) > first
    if taken and number % TRIES == 0:
        ledger.append(ASIDE, f"{audit.digest}|{number}", {"reason": reason}, **_of(audit))
        told(f"{audit.model}: a copy for MLflow was set aside: {reason}")


def _refusals(ledger: Ledger, audit: Audit) -> list[Entry]:
    held = ledger.entries(REFUSED, model=audit.model, window=str(audit.window))
    return sorted((e for e in held if copied_digest(e) == audit.digest), key=lambda e: e.seq)


def _too_soon(refusals: list[Entry], at: datetime) -> bool:
    """Whether the last refusal is too recent to ask again."""
    return bool(refusals) and at < refusals[-1].at + FIRST_WAIT * 4 ** (len(refusals) - 1)


def _of(audit: Audit) -> dict[str, Any]:
    return {"model": audit.model, "version": audit.version, "window": str(audit.window), "stage": audit.stage}


def _report(
    config: ModelConfig, audit: Audit, ledger: Ledger, home: Home, told: Told
) -> dict[str, bytes | Path]:
    """The Evidently report of a window, where the config asks for one; never a reason to fail."""
    if not _wants_report(config, audit, ledger):
        return {}
    profile = ledger.profile(audit.profile)
    reference = ledger.find("reference", audit.reference)
    if profile is None or reference is None or reference.gone:
        return {}
    from flows.evidently_report import report_window

    told(f"{config.model}: writing the Evidently report")
    return report_window(audit, config, Reference.read(reference.body), profile, home.evidently)


def _wants_report(config: ModelConfig, audit: Audit, ledger: Ledger) -> bool:
    """`always`, `never`, or when the data show something they did not show a window earlier."""
    if config.evidently.report != "on_change":
        return config.evidently.report == "always"
    earlier = ledger.audits(audit.model, before=audit.window.start, last=1)
    return news(audit) != (news(earlier[0].audit) if earlier else frozenset())


def news(audit: Audit) -> frozenset[tuple[str, str, str | None]]:
    """The data findings that are beyond their margin."""
    return frozenset(
        f.key
        for f in audit.findings
        if f.family in ("quality", "drift") and f.verdict == "beyond" and f.severity != "info"
    )

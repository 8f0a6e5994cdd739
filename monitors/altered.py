"""Altered logs: files an audit was counted from that changed since, or are gone, told beside the next audit.

A log of calls is added to and never changed. What is known of each file is kept in the ledger: its size, the
digest of its bytes, and from when to when its calls are. One that no longer begins with the same bytes was
changed, and one that is gone was archived or lost: the next audit says so, once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from monitors.audit import Finding, Verdict
from monitors.canonical import digest
from monitors.config import ModelConfig
from monitors.ledger import Ledger
from monitors.text.identifiers import KINDS
from monitors.window import Window, moment

KIND, ALTERED = "log_files", "altered_log"
SHOWN = 3  # files named
_DATE = re.compile(r"(19|20)\d\d[-_.]?[01]\d([-_.]?[0-3]\d)?|[wW]\d\d")
_WHO = re.compile("|".join((*KINDS, r"\d{5}")))


@dataclass(frozen=True, slots=True)
class File:
    """One file of a log as it was read.

    Attributes:
        size: in bytes; digest: of them.
        first, last: when its first and its last call began, in UTC; "" where nobody could say.
    """

    size: int
    digest: str
    first: str = ""
    last: str = ""


def label(name: str) -> str:
    """What people are told of a file: its name, unless that may say who called.

    >>> label("calls-2026-01-05.ndjson"), label("caller-555-867-5309.ndjson")
    ('calls-2026-01-05.ndjson', 'the file whose name has the digest 251b5cc4')
    """
    if _WHO.search(_DATE.sub("", name.lower())):
        return f"the file whose name has the digest {digest(name)[7:15]}"
    return name


def known(ledger: Ledger, config: ModelConfig) -> dict[str, File]:
    """The files of a log as they were read last, by label."""
    held = ledger.entries(KIND, model=config.model, last=1)
    return {name: File(*facts) for name, facts in held[-1].body["files"].items()} if held else {}


def known_gone(ledger: Ledger, config: ModelConfig) -> frozenset[str]:
    """The files, by label, of which it was said that they are gone and that have not come back."""
    held = ledger.entries(KIND, model=config.model, last=1)
    return frozenset(held[-1].body.get("absent", ())) if held else frozenset()


def keep(
    ledger: Ledger,
    config: ModelConfig,
    window: Window,
    files: Mapping[str, File],
    altered: Mapping[str, str],
    gone: Mapping[str, str] | None = None,
    absent: Iterable[str] = (),
) -> None:
    """Write down what the files are now, and which were found altered or gone when this window was audited.

    Args:
        ledger: where it is kept.
        config: whose log it is.
        window: the one whose audit is to say so.
        files: every file, by label.
        altered: by label, the audited windows that a changed file's calls are of, in words.
        gone: the same of files that are no longer there, and of which that was not said before.
        absent: every file that is not there, said of or not.
    """
    before = ledger.entries(KIND, model=config.model, window=str(window))
    # Said once of a window, it stays said however often that is counted again.
    said = before[-1].body if before else {"altered": {}}
    altered = {**said["altered"], **altered}
    gone = {**said.get("gone", {}), **(gone or {})}
    body = {
        "files": {name: [f.size, f.digest, f.first, f.last] for name, f in sorted(files.items())},
        "altered": dict(sorted(altered.items())),
        "gone": dict(sorted(gone.items())),
        "absent": sorted(absent),
    }
    if before and before[-1].body == body:
        return
    key = f"{config.model}|{window}|{len(before) + 1}"
    ledger.append(KIND, key, body, model=config.model, version=config.version, window=str(window))


def kept(ledger: Ledger, config: ModelConfig, window: Window) -> tuple[Finding, ...]:
    """What was found of the log when a window was audited; nothing where no log was looked at."""
    held = ledger.entries(KIND, model=config.model, window=str(window))
    if not held:
        return ()
    altered: dict[str, str] = held[-1].body["altered"]
    gone: dict[str, str] = held[-1].body.get("gone", {})
    told = [_told("changed after it was audited", altered), _told("gone after it was audited", gone)]
    return (
        Finding(
            metric=ALTERED,
            family="quality",
            subject="rows",
            unit="files",
            verdict=Verdict.BEYOND if altered or gone else Verdict.WITHIN,
            value=float(len(altered) + len(gone)),
            baseline=0.0,
            margin=0.5,
            reason="; ".join(said for said in told if said) or None,
            severity="ticket",
            action="Ask who changed or took it; count the windows named again with `rounds backfill`.",
            runbook="log-altered",
            rule="log",
        ),
    )


def _told(what: str, files: Mapping[str, str]) -> str:
    """In words: which files, and the windows whose audits rest on what they held; nothing of none."""
    named = [f"{name} ({span})" if span else name for name, span in list(files.items())[:SHOWN]]
    more = f", and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    return f"{what}: {'; '.join(named)}{more}" if files else ""


def windows(config: ModelConfig, audited: Iterable[Window], file: File) -> str:
    """The audited windows that hold calls of a file, as they were read, "first day to last day"."""
    if not file.first:
        return ""
    # A second more, so that a file of a single call spans something.
    span = Window(moment(file.first), moment(file.last) + timedelta(seconds=1))
    held = [window for window in audited if window.overlaps(span)]
    if not held:
        return "no window audited"
    start, end = min(w.start for w in held), max(w.end for w in held)
    days = "windows" if len(held) > 1 else "window"
    return f"{days} {start.astimezone(config.zone):%Y-%m-%d} to {end.astimezone(config.zone):%Y-%m-%d}"

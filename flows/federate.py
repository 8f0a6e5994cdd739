"""Federating: a site's counts exported, sealed or suppressed, and several sites' files merged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from flows import source as sources
from flows.eligible import connect as connect_eligible
from flows.home import Home, open_ledger
from flows.monitor import Told, concluded, quietly, reference_for
from flows.run import setting
from flows.sealing import Kind, left_open, open_sealed, read, seal
from monitors import shared_bins
from monitors.audit import Audit, Stage
from monitors.canonical import digest
from monitors.config import FixedReference, ModelConfig
from monitors.errors import ConfigError
from monitors.federation import Packet, Sent, counting, merged
from monitors.ledger import Ledger
from monitors.profile import Profile
from monitors.received import Exact, Suppressed, checked
from monitors.reference import Reference
from monitors.release import keep
from monitors.suppressed import Released, SuppressedPacket, SystemView, viewed
from monitors.window import Window, utc


def bins(path: Path, home: Home, told: Told = quietly) -> dict[str, Any]:
    """The bins of a model's reference, counted where it is not yet, as they may leave the site."""
    reference = _reference(sources.read(path), path, home, told)
    return shared_bins.payload(reference.bins, reference.score_edges)


def export(
    path: Path, home: Home, start: datetime, end: datetime, *, site: str, key: Path, told: Told = quietly
) -> dict[str, Any]:
    """A model's windows inside [start, end) as a sealed file; each has to have been audited.

    Raises:
        ConfigError: where sites could not add it, or a window was not audited yet.
    """
    config = sources.read(path)
    if not isinstance(config.reference, FixedReference) or config.reference.bins is None:
        why = (
            f"{path.name}: reference.bins: is needed, the file that every site counts on "
            f"(`rounds federate bins`)"
        )
        raise ConfigError([why])
    ledger = open_ledger(home)
    found = _audited(config, start, end, ledger)
    reference = _reference(config, path, home, told)
    windows = []
    for window, audit in found.items():
        entry = ledger.get("profile", audit.profile) if audit is not None else None
        if audit is None or entry is None or audit.reference != reference.digest:
            why = (
                f"{config.model}: {window} was not audited on these bins; run `rounds backfill` over it first"
            )
            raise ConfigError([why])
        windows.append((window, audit.stage, Profile.read(entry.body)))
    packet = Packet(site, config.model, config.version, counting(config), reference, tuple(windows))
    return seal(packet.payload(), _of(packet, end), key)


def suppressed(path: Path, home: Home, start: datetime, end: datetime, *, site: str) -> dict[str, Any]:
    """A model's windows inside [start, end) as their releases tell them: a file that all may read.

    Raises:
        ConfigError: where a window was not audited yet.
    """
    config = sources.read(path)
    ledger = open_ledger(home)
    windows = []
    for window, audit in _audited(config, start, end, ledger).items():
        if audit is None:
            why = f"{config.model}: {window} was not audited; run `rounds backfill` over it first"
            raise ConfigError([why])
        windows.append(Released.by(keep(ledger, audit)))
    packet = SuppressedPacket(site, config.model, config.version, counting(config), tuple(windows))
    return left_open(packet.payload(), _of(packet, end))


def _audited(
    config: ModelConfig, start: datetime, end: datetime, ledger: Ledger
) -> dict[Window, Audit | None]:
    """Every whole window inside [start, end), with its audit where there is one."""
    heads = {h.window: h for h in ledger.heads(config.model) if h.version == config.version}
    inside = {window: heads.get(str(window)) for window in config.grid.inside(start, end)}
    wanted = {window: ledger.read([head])[0].audit if head else None for window, head in inside.items()}
    if not wanted:
        raise ConfigError([f"{config.model}: no whole window of {config.window.length} lies there"])
    return wanted


def _of(packet: Sent, end: datetime) -> dict[str, Any]:
    """What stands outside of a file."""
    return {"site": packet.site, "model": packet.model, "version": packet.version,
            "windows": [str(window) for window in packet.held], "at": utc(end)}  # fmt: skip


def kind_of(files: Sequence[Path]) -> Kind:
    """Whether files are sealed or suppressed.

    Raises:
        ConfigError: where some are the one and some the other.
    """
    kinds = {file.name: read(file)[0] for file in files}
    if len(set(kinds.values())) > 1:
        told = ", ".join(f"{name} is {kind}" for name, kind in kinds.items())
        raise ConfigError([f"sealed and suppressed files do not add ({told}); ask every site for one kind"])
    if len(kinds) < len(files):
        raise ConfigError([f"two of the files have one name; give each its own (got {len(files)} files)"])
    return next(iter(kinds.values()))


def view(path: Path, files: Sequence[Path]) -> list[SystemView]:
    """The system's windows as far as the sites' suppressed files tell them; nothing is recorded.

    Raises:
        ConfigError: naming every file that does not go with the others.
        SourceInvalid: where a file was altered.
    """
    return viewed(suppressed_packets(files), sources.read(path))


def suppressed_packets(files: Sequence[Path]) -> dict[str, SuppressedPacket]:
    """What sites tell in files that all may read, by file. Raises SourceInvalid where one is none."""
    told = {file.name: checked(Suppressed, read(file)[1]["suppressed"], file.name) for file in files}
    return {name: SuppressedPacket.read(body) for name, body in told.items()}


def packet_of(body: Any, name: str) -> Packet:
    """What a site sent under a seal, by now opened. Raises SourceInvalid where it is none."""
    return Packet.read(checked(Exact, body, name))


def added(
    packets: Mapping[str, Packet], config: ModelConfig
) -> tuple[Reference, list[tuple[Stage, Profile]]]:
    """The system's reference and windows. Raises ConfigError where the sites' do not add."""
    try:
        return merged(packets, config)
    except ValueError as error:
        raise ConfigError([f"{', '.join(packets)}: {error}; count on one model's file everywhere"]) from None


def merge(path: Path, files: Sequence[Path], home: Home, key: Path) -> Iterator[Audit]:
    """The system's audits of every window that the sites' files hold, recorded in this home's ledger.

    Raises:
        ConfigError: naming every file that does not go with the others.
        SourceInvalid: where a file was altered, or does not open.
    """
    config = sources.read(path)
    kind_of(files)
    packets = {file.name: packet_of(open_sealed(file, key), file.name) for file in files}
    reference, windows = added(packets, config)
    ledger = open_ledger(home)
    told = digest(sorted(digest(packet.payload()) for packet in packets.values()))
    for stage, profile in windows:
        yield concluded(
            config, profile, reference, stage, source=told, ledger=ledger, setting=setting(config)
        )


def _reference(config: ModelConfig, path: Path, home: Home, told: Told) -> Reference:
    if not isinstance(config.reference, FixedReference):
        raise ConfigError([f"{path.name}: reference: has to be a period (`from`, `to`) to be shared"])
    period = config.reference_window(config.grid.window(0))
    ledger = open_ledger(home)
    source = sources.connect(config, path.parent)
    eligible = connect_eligible(config, path.parent)
    try:
        return reference_for(config, period, source, ledger, told, eligible)
    finally:
        source.close()
        if eligible is not None:
            eligible.close()

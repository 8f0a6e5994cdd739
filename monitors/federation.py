"""Federation: several sites' profiles checked against each other and added to one, without a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol

from monitors.audit import Stage
from monitors.canonical import digest
from monitors.config import ModelConfig
from monitors.errors import ConfigError
from monitors.profile import Profile
from monitors.reference import Reference
from monitors.window import Window


class Sent(Protocol):
    """What one site sends, as far as it has to agree with others'."""

    @property
    def site(self) -> str:
        """The name it goes by."""

    @property
    def model(self) -> str:
        """The model."""

    @property
    def version(self) -> str:
        """Its version."""

    @property
    def counting(self) -> Mapping[str, str]:
        """By key of the model's file, the digest of what decides its counts."""

    @property
    def held(self) -> dict[Window, Stage]:
        """Its windows, each with the stage it was counted at."""


@dataclass(frozen=True)
class Packet:
    """What one site sends: its reference and its windows in counts, and how they were counted.

    Attributes:
        site: the name it goes by in the system.
        counting: by key of the model's file, the digest of what decides its counts there.
        windows: each window with its stage and profile, oldest first.
    """

    site: str
    model: str
    version: str
    counting: Mapping[str, str]
    reference: Reference
    windows: tuple[tuple[Window, Stage, Profile], ...]

    def payload(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "schema": 1,
            "site": self.site,
            "model": self.model,
            "version": self.version,
            "counting": dict(self.counting),
            "reference": self.reference.payload(),
            "windows": [
                {"window": str(window), "stage": stage, "profile": profile.payload()}
                for window, stage, profile in self.windows
            ],
        }

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Packet:
        """Back from plain values."""
        return cls(
            body["site"],
            body["model"],
            body["version"],
            dict(body["counting"]),
            Reference.read(body["reference"]),
            tuple(
                (Window.parse(held["window"]), held["stage"], Profile.read(held["profile"]))
                for held in body["windows"]
            ),
        )

    @property
    def held(self) -> dict[Window, Stage]:
        """Its windows, each with the stage it was counted at."""
        return {window: stage for window, stage, _ in self.windows}


def counting(config: ModelConfig) -> dict[str, str]:
    """What decides how a config counts, by key, each as a digest: sites have to agree on all of it."""
    told = config.model_dump(
        mode="json", by_alias=True, include={"columns", "window", "timezone", "reference"}
    )
    return {key: digest(value) for key, value in told.items()}


def problems(packets: Mapping[str, Sent], config: ModelConfig) -> list[str]:
    """Why files do not add, each as `file: what, and the remedy`; nothing where they do."""
    found: list[str] = []
    mine = counting(config)
    seen: dict[str, str] = {}
    windows = {name: packet.held for name, packet in packets.items()}
    every = dict(pair for held in windows.values() for pair in held.items())
    for name, packet in packets.items():
        if (packet.model, packet.version) != (config.model, config.version):
            found.append(
                f"{name}: holds {packet.model} version {packet.version}, and {config.model} version "
                f"{config.version} is merged; ask the site for that one"
            )
            continue
        if packet.site in seen:
            found.append(f"{name}: is from {packet.site}, as {seen[packet.site]} is; name one of them")
        seen.setdefault(packet.site, name)
        found += [
            f"{name}: was counted with another `{key}` than this file has; use one model's file at every site"
            for key in mine
            if packet.counting.get(key) != mine[key]
        ]
        for window, stage in sorted(every.items()):
            if window not in packet.held:
                found.append(f"{name}: lacks the window {window}; export the same span at every site")
            elif packet.held[window] != stage:
                found.append(
                    f"{name}: {window} is at stage {packet.held[window]}, elsewhere at {stage}; export again "
                    f"once outcomes have matured everywhere"
                )
    return found


def merged(
    packets: Mapping[str, Packet], config: ModelConfig
) -> tuple[Reference, list[tuple[Stage, Profile]]]:
    """The system's reference and windows, oldest first: the sums of those of the sites.

    Raises:
        ConfigError: naming every file that does not go with the others.
    """
    if len(packets) < 2:
        raise ConfigError(["name the files of two sites or more: one site by itself is no system"])
    if found := problems(packets, config):
        raise ConfigError(found)
    held = list(packets.values())
    blocks = zip(*(packet.reference.blocks for packet in held), strict=True)
    reference = Reference(_sum([p.reference.profile for p in held]), tuple(_sum(block) for block in blocks))
    every = zip(*(sorted(packet.windows, key=lambda w: w[0]) for packet in held), strict=True)
    return reference, [(sites[0][1], _sum([profile for _, _, profile in sites])) for sites in every]


def _sum(profiles: Sequence[Profile]) -> Profile:
    return reduce(lambda one, other: one + other, profiles)

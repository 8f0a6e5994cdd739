"""The files and moments that a command is given, read or refused with the remedy."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from monitors.config import ModelConfig


def configs() -> Path:
    """The shipped configurations, in a checkout or in an installed wheel."""
    return Path(str(resources.files("configs")))


def model_files(paths: Iterable[Path]) -> list[Path]:
    """The model files named, or found in the folders named."""
    found: list[Path] = []
    for path in paths:
        inside = sorted([*path.glob("*.yaml"), *path.glob("*.yml")]) if path.is_dir() else [path]
        if not inside:
            raise click.UsageError(f"{path} holds no .yaml file; see configs/models/ for one")
        found += inside
    return found


def declared_in(folder: Path) -> dict[str, ModelConfig]:
    """The models' files of a folder, by model; none where there is no such folder."""
    from flows import source

    if not folder.is_dir():
        return {}
    return {config.model: config for config in map(source.read, sorted(folder.glob("*.y*ml")))}


def moment_of(text: str, option: str, config: ModelConfig) -> datetime:
    from monitors.window import moment

    try:
        return moment(text, config.zone)
    except ValueError as error:
        raise click.UsageError(f"{option} {error}") from None

"""Sharing: which models share a run, when in its hour it starts, and in which queue it waits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from monitors.canonical import digest
from monitors.config import ModelConfig


def started(line: str, config: ModelConfig) -> str:
    """A cron line with the model's own minute: later by up to `jitter`, in the same hour, always the same.

    A line whose minute is no number is left as it is.
    """
    minute, _, rest = line.partition(" ")
    if not config.jitter or not minute.isdecimal():
        return line
    room = min(config.jitter, 59 - int(minute))
    later = int(digest(config.model)[7:15], 16) % (room + 1)
    return f"{int(minute) + later} {rest}"


def queue(config: ModelConfig) -> str | None:
    """The queue of a model's source, one for each database or server; None for files, which nobody waits for.

    Its name says nothing of where the source is.
    """
    url = config.source.settings.get("url")
    return f"source-{digest([config.source.kind, url])[7:15]}" if url else None


def batches(scheduled: Mapping[Path, ModelConfig], together: int) -> list[list[Path]]:
    """Models that share a run, at most so many, in their order.

    Those of one schedule in one time zone, spread alike, whose predictions are in one place.
    """
    alike: dict[tuple[str | None, ...], list[Path]] = {}
    for file, config in scheduled.items():
        same = (config.schedule, config.timezone, str(config.jitter), queue(config))
        alike.setdefault(same, []).append(file)
    return [
        files[start : start + together]
        for files in alike.values()
        for start in range(0, len(files), together)
    ]

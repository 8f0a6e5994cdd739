"""Planned changes: configs/calendar.yaml as it stands beside a model's file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import ValidationError

from monitors import config_file, plain_yaml
from monitors.calendar import Calendar
from monitors.errors import ConfigError


def planned(path: Path, environ: Mapping[str, str] = os.environ) -> Calendar:
    """The calendar of a model's file: ROUNDS_CALENDAR, else calendar.yaml beside it or its folder.

    One that is not there plans nothing. Raises ConfigError with every mistake.
    """
    named = environ.get("ROUNDS_CALENDAR")
    places = [path.parent, *([path.parent.parent] if path.parent.name == "models" else [])]
    files = [Path(named)] if named else [place / "calendar.yaml" for place in places]
    file = next((each for each in files if each.is_file()), None)
    if file is None:
        if named:
            raise ConfigError([f"{named}: ROUNDS_CALENDAR names a file that is not there"])
        return Calendar()
    try:
        declared = plain_yaml.load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{file}: cannot be read as UTF-8 text ({type(error).__name__})"]) from None
    except yaml.YAMLError as error:
        raise ConfigError(
            [f"{file.name}: not YAML: {getattr(error, 'problem', None) or 'unreadable'}"]
        ) from None
    except (ValueError, RecursionError):
        raise ConfigError([f"{file.name}: not YAML: unreadable, or nested too deeply"]) from None
    try:
        return Calendar.model_validate(declared or {})
    except ValidationError as error:
        raise ConfigError([f"{file.name}: {config_file.said(e)}" for e in error.errors()]) from None

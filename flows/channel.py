"""The channel port: one way to tell people, and the file that says which ways there are."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Protocol

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from monitors import config_file, plain_yaml
from monitors.audit import Severity
from monitors.config import IsoLength
from monitors.errors import ConfigError, RoundsError
from monitors.notice import Notice
from monitors.oncall import OnCall
from monitors.window import Length

TIMEOUT = 10.0  # seconds; a receiver that takes longer is away


class ChannelUnavailable(RoundsError):
    """Nobody took the message now; the same attempt may succeed later."""

    retryable = True


class ChannelRefused(RoundsError):
    """The receiver, or our settings for it, refuse the message; somebody has to look."""


class Channel(Protocol):
    """One way to tell people. It sends all or raises; what it raises never holds a secret."""

    def send(self, alerts: Sequence[Notice]) -> None:
        """Tell of them in one message. Raises RoundsError; `retryable` says whether to try again."""
        ...


class Kind(Protocol):
    """What a file in `flows/channels/` declares."""

    Settings: type[BaseModel]
    """Its keys in channels.yaml besides those every channel has."""

    connect: Callable[[str, Any, Mapping[str, str]], Channel]
    """Makes the channel: its name, its settings, and the environment secrets are read from."""


class Declared(BaseModel):
    """One channel in channels.yaml; the other keys belong to its kind and are checked by it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: str = Field(description="The name of a file in flows/channels/.")
    at_once: tuple[Severity, ...] = Field(("page", "committee"), description="Told as they come.")
    digest: tuple[Severity, ...] = Field(("ticket", "info"), description="Told together, once a day.")
    at_most: int = Field(12, ge=1, description="Messages an hour; a page is never held back.")

    @property
    def settings(self) -> dict[str, Any]:
        """The keys that belong to the kind."""
        return dict(self.__pydantic_extra__ or {})


class Escalation(BaseModel):
    """Who hears of it next, and after how long, while nobody has answered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: IsoLength
    to: str


_HOUSE: dict[Severity, tuple[Escalation, ...]] = {
    "page": (
        Escalation(after=Length.parse("PT15M"), to="the second on call"),
        Escalation(after=Length.parse("PT45M"), to="the clinical owner"),
        Escalation(after=Length.parse("PT60M"), to="the house supervisor"),
    ),
    "ticket": (Escalation(after=Length.parse("P3D"), to="the technical owner's lead"),),
    "committee": (Escalation(after=Length.parse("P7D"), to="the committee's chair"),),
}


class ChannelsConfig(BaseModel):
    """configs/channels.yaml: where the dashboards are, who is told, and who hears of it next."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, Field(pattern=r"^https?://[^\s/]+(/\S*)?$")] = Field(
        "http://127.0.0.1:8321", description="Where people open the dashboards; links start with it."
    )
    environment: str = Field("prod", description="A label, so that a trial never pages as the ward does.")
    site: str = Field("all", description="The site, where one installation watches one.")
    channels: dict[str, Declared] = Field(
        default_factory=lambda: {"log": Declared(kind="log", at_once=("page", "ticket", "committee"))},
        description="By name, each a kind with its settings.",
    )
    escalation: dict[Severity, tuple[Escalation, ...]] = Field(
        default_factory=lambda: dict(_HOUSE), description="By severity, who hears of it next and when."
    )
    fallbacks: dict[str, str] = Field(
        default_factory=dict, description="By model, what clinicians do while it cannot be relied on."
    )

    @property
    def oncall(self) -> OnCall:
        """What every way of telling says alike."""
        steps: dict[str, tuple[tuple[timedelta, str], ...]] = {
            severity: tuple((step.after.approximate, step.to) for step in named)
            for severity, named in self.escalation.items()
        }
        return OnCall(self.site, self.environment, self.fallbacks, steps)


@cache
def kinds() -> tuple[str, ...]:
    """Every kind of channel: the files in `flows/channels/`.

    >>> kinds()
    ('email', 'log', 'slack', 'webhook')
    """
    package = importlib.import_module("flows.channels")
    found = (info.name for info in pkgutil.iter_modules(package.__path__))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def _kind(name: str) -> Any:
    return importlib.import_module(f"flows.channels.{name}")


def problems(config: ChannelsConfig) -> list[str]:
    """What is wrong with the channels' own keys, each as `key: remedy`."""
    found = []
    for name, declared in config.channels.items():
        if declared.kind not in kinds():
            known = ", ".join(kinds())
            found.append(f"channels.{name}.kind: must be one of {known} (got {declared.kind!r})")
            continue
        try:
            _kind(declared.kind).Settings.model_validate(declared.settings)
        except ValidationError as error:
            # What was given may be a secret put in the wrong place, so it is not repeated.
            said = [config_file.said({**e, "input": {}}) for e in error.errors()]
            keyed = [bool(e["loc"]) for e in error.errors()]
            found += [
                f"channels.{name}{'.' if key else ': '}{told}" for key, told in zip(keyed, said, strict=True)
            ]
    return found


def read(path: Path) -> ChannelsConfig:
    """Read channels.yaml; one that is not there means the log alone. Raises ConfigError."""
    try:
        declared = plain_yaml.load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ChannelsConfig()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read as UTF-8 text ({type(error).__name__})"]) from None
    except yaml.YAMLError as error:
        raise ConfigError(
            [f"{path.name}: not YAML: {getattr(error, 'problem', None) or 'unreadable'}"]
        ) from None
    except (ValueError, RecursionError):
        raise ConfigError([f"{path.name}: not YAML: unreadable, or nested too deeply"]) from None
    try:
        config = ChannelsConfig.model_validate(declared or {})
    except ValidationError as error:
        raise ConfigError([f"{path.name}: {config_file.said(e)}" for e in error.errors()]) from None
    if found := problems(config):
        raise ConfigError([f"{path.name}: {problem}" for problem in found])
    return config


def connect(name: str, declared: Declared, environ: Mapping[str, str]) -> Channel:
    """Make a channel. Raises ChannelRefused where its secret is not there."""
    kind = _kind(declared.kind)
    made: Channel = kind.connect(name, kind.Settings.model_validate(declared.settings), environ)
    return made

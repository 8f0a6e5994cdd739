"""MLflow's registry of models: what it names, so that the inventory knows of it too.

Imports MLflow, which takes a second to load: import this file where it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mlflow import MlflowClient

from flows.tracking import knock, reaching

_PAGE = 100
_BEGIN, _END = "<!-- written by Rounds -->", "<!-- end of what Rounds wrote -->"


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A registered model: its description, and the versions its aliases stand for ("champion 3")."""

    name: str
    description: str
    aliases: tuple[str, ...]
    latest: str


def registered_models(tracking_uri: str) -> list[RegisteredModel]:
    """Every registered model, by name.

    Raises TrackingUnavailable where MLflow is away, TrackingRefused where it refuses.
    """
    with reaching(tracking_uri):
        knock(tracking_uri)
        client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
        latest: dict[str, int] = {}
        # All at once: a filter by name has no way to write a name that holds a quote.
        for version in _pages(client.search_model_versions):
            latest[version.name] = max(int(version.version), latest.get(version.name, 0))
        found = [
            RegisteredModel(
                model.name,
                model.description or "",
                tuple(f"{alias} {v}" for alias, v in sorted(model.aliases.items())),
                str(latest.get(model.name, "")),
            )
            for model in _pages(client.search_registered_models)
        ]
        return sorted(found, key=lambda m: m.name)


def _pages(search: Callable[..., Any]) -> Iterator[Any]:
    token: str | None = None
    while True:
        page = search(max_results=_PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def describe(tracking_uri: str, name: str, card: str) -> None:
    """Write a card into a registered model's description; what people wrote around it stays.

    Raises TrackingUnavailable where MLflow is away, TrackingRefused where it has no such model.
    """
    with reaching(tracking_uri):
        knock(tracking_uri)
        client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
        held = client.get_registered_model(name).description or ""
        before, _, rest = held.partition(_BEGIN)
        after = rest.partition(_END)[2]
        own = f"{_BEGIN}\n{card}{_END}"
        said = "\n\n".join(part for part in (before.strip(), own, after.strip()) if part)
        client.update_registered_model(name, description=said)


def facts(model: RegisteredModel) -> dict[str, str]:
    """What the inventory takes over of a registered model."""
    versions = f"version {model.latest}" if model.latest else "no version"
    aliases = f"; aliases: {', '.join(model.aliases)}" if model.aliases else ""
    return {
        **({"purpose": model.description[:1000]} if model.description else {}),
        "version_tested": f"registered, {versions}{aliases}"[:1000],
    }

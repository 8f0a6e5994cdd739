"""A model's card in every format it is written in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from dashboards.cards import chai, fhir, markdown
from dashboards.opened import ABSENT
from dashboards.routing import Responses, Router
from monitors.acting import NotAccepted
from monitors.governance.card import Card, gathered

router = Router("/api/cards", tags=["cards"])
Model = Annotated[str, Field(description="The model's or tool's name.")]


class Xml(Response):
    """A card as XML."""

    media_type = chai.MEDIA


class Markdown(Response):
    """A card as Markdown."""

    media_type = "text/markdown; charset=utf-8"


class Fhir(Response):
    """A card as FHIR."""

    media_type = fhir.MEDIA


def _content(media: str, kind: str = "string") -> Responses:
    described = {"description": "The card.", "content": {media: {"schema": {"type": kind}}}}
    return {200: described, **ABSENT}


@router.get("/{model}", responses=ABSENT)
def card(request: Request, model: Model) -> dict[str, Any]:
    """What is declared, known, measured and decided of a model, as plain values."""
    return _card(request, model).payload()


@router.get("/{model}/chai", responses=_content(chai.MEDIA))
def as_chai(request: Request, model: Model) -> Response:
    """As CHAI's Applied Model Card, XML of version 0.2."""
    return Xml(_written(request, model, chai.written))


@router.get("/{model}/markdown", responses=_content(markdown.MEDIA))
def as_markdown(request: Request, model: Model) -> Response:
    """As Markdown, for people and registries."""
    return Markdown(_written(request, model, markdown.written))


@router.get("/{model}/fhir", responses=_content(fhir.MEDIA, "object"))
def as_fhir(request: Request, model: Model) -> Response:
    """As FHIR R4: an AI device with its model card, by HL7's draft AI Transparency guide."""
    return Fhir(_written(request, model, fhir.written))


def _card(request: Request, model: str) -> Card:
    reading = request.app.state.reading
    if "\x00" in model:  # which no database takes
        raise HTTPException(404, "There is no such model.")
    try:
        return gathered(reading.ledger, reading.configs, model)
    except NotAccepted:
        raise HTTPException(404, "There is no such model.") from None


def _written(request: Request, model: str, write: Callable[[Card, datetime], str]) -> str:
    return write(_card(request, model), request.app.state.reading.now())

"""The API's own description, OpenAPI 3.1, read from the functions that answer it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from dashboards.routing import ERROR, Answer, Parameter, Router
from monitors.version import VERSION

router = Router(include_in_schema=False)
UNKNOWN = {"description": "Nobody known asks: sign in, or send a token.", "content": ERROR}
UNFIT = {"description": "A value cannot be; `error` says which and what it may be.", "content": ERROR}


@router.get("/api/openapi.json")
def openapi(request: Request) -> dict[str, Any]:
    """For programs that write clients, and for those that hold us to what it says."""
    return described(request.app.routes, guarded=request.app.state.entry is not None)


def described(routes: Iterable[BaseRoute], *, guarded: bool = False) -> dict[str, Any]:
    """Every listed route with what it asks for and all it may answer; `guarded` where people sign in."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if isinstance(route, Answer) and route.include_in_schema:
            told = _operation(route, {401: UNKNOWN} if guarded else {})
            for method in sorted((route.methods or set()) - {"HEAD"}):
                paths.setdefault(re.sub(r":\w+}", "}", route.path), {})[method.lower()] = told
    made: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Rounds", "version": VERSION},
        "paths": paths,
    }
    if guarded:
        made["components"] = {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}}
        made["security"] = [{"token": []}]
    return made


def _operation(route: Answer, always: dict[int, Any]) -> dict[str, Any]:
    usual: dict[str, Any] = {"description": "As asked."}
    if not (inspect.isclass(route.gives) and issubclass(route.gives, Response)):
        schema = TypeAdapter(route.gives).json_schema(mode="serialization")
        usual["content"] = {"application/json": {"schema": schema}}
    asked = [_parameter(each) for each in route.asked]
    choosy = any(p["in"] == "query" and p["schema"].get("type") != "string" for p in asked)
    given = {**always, **({422: UNFIT} if choosy else {}), **route.responses}
    return {
        "operationId": route.name,
        "summary": inspect.getdoc(route.answers),
        "tags": list(route.tags),
        "parameters": asked,
        "responses": {"200": {**usual, **given.pop(200, {})}, **{str(s): given[s] for s in sorted(given)}},
    }


def _parameter(asked: Parameter) -> dict[str, Any]:
    schema = asked.schema()
    told = schema.pop("description", None)
    made = {"name": asked.name, "in": asked.within, "required": asked.within == "path", "schema": schema}
    return {**made, "description": told} if told else made

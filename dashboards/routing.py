"""Routes: a function answers an address, and is given what its own parameters ask for, checked."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from monitors.config_file import said

Endpoint = Callable[..., Any]
Responses = Mapping[int, Mapping[str, Any]]  # what OpenAPI says of an answer, by its status
_SAID = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
ERROR = {"application/json": {"schema": _SAID}}  # and of every refusal of the API


@dataclass(frozen=True)
class Parameter:
    """One thing that a function asks for: a part of the path, or a value after the `?`."""

    name: str
    within: str
    form: Any
    default: Any = None

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        # Made when it is first asked for: sixty of them would lengthen every start.
        return TypeAdapter(self.form)

    def schema(self) -> dict[str, Any]:
        """What it may be, as JSON Schema."""
        made = self._adapter.json_schema()
        return made if self.within == "path" else {**made, "default": self.default}

    def read(self, request: Request) -> Any:
        """Its value in a request; of several under one name the last.

        Raises HTTPException: 404 where the path leads nowhere, 422 for a value that cannot be.
        """
        given = request.path_params if self.within == "path" else request.query_params
        if self.name not in given:
            return self.default
        try:
            return self._adapter.validate_python(given[self.name])
        except ValidationError as error:
            status = 404 if self.within == "path" else 422
            raise HTTPException(status, f"{self.name} {said(error.errors()[0])}.") from None


class Answer(Route):
    """A route to one function, with what it asks for, and what OpenAPI tells of it."""

    def __init__(self, path: str, endpoint: Endpoint, method: str, **told: Any) -> None:
        signature = inspect.signature(endpoint, eval_str=True)
        self.asked = tuple(_parameter(path, p) for p in list(signature.parameters.values())[1:])
        self.gives = signature.return_annotation
        self.tags: Sequence[str] = told.pop("tags")
        self.responses: Responses = told.pop("responses")
        self.answers = endpoint
        super().__init__(path, self._answer(endpoint), methods=[method], name=endpoint.__name__, **told)

    def _answer(self, endpoint: Endpoint) -> Endpoint:
        def written(request: Request, given: Mapping[str, Any]) -> Response:
            return _response(endpoint(request, **given))

        async def answer(request: Request) -> Response:
            given = {each.name: each.read(request) for each in self.asked}
            if inspect.iscoroutinefunction(endpoint):
                return _response(await endpoint(request, **given))
            return await run_in_threadpool(written, request, given)  # it reads the ledger

        return answer


class Router:
    """The routes that one file declares.

    >>> router = Router("/api", tags=["words"])
    >>> @router.get("/words/{language}")
    ... def words(request: Request, language: str, most: int = 10) -> dict[str, Any]:
    ...     return {"language": language, "most": most}
    >>> [(route.path, [each.name for each in route.asked]) for route in router.routes]
    [('/api/words/{language}', ['language', 'most'])]
    """

    def __init__(self, prefix: str = "", *, tags: Sequence[str] = (), include_in_schema: bool = True) -> None:
        self.prefix, self.tags, self.include_in_schema = prefix, tags, include_in_schema
        self.routes: list[Answer] = []

    def get(self, path: str, **told: Any) -> Callable[[Endpoint], Endpoint]:
        """Whatever stands under it answers GET; it takes the request first, and gives an answer or JSON.

        `told` may hold `responses` by status, `tags` and `include_in_schema`, all for OpenAPI.
        """
        return self._adding(path, "GET", told)

    def post(self, path: str, **told: Any) -> Callable[[Endpoint], Endpoint]:
        """Whatever stands under it answers POST."""
        return self._adding(path, "POST", told)

    def _adding(self, path: str, method: str, told: dict[str, Any]) -> Callable[[Endpoint], Endpoint]:
        usual = {"tags": self.tags, "responses": {}, "include_in_schema": self.include_in_schema}

        def adding(endpoint: Endpoint) -> Endpoint:
            self.routes.append(Answer(self.prefix + path, endpoint, method, **{**usual, **told}))
            return endpoint

        return adding


def _parameter(path: str, found: inspect.Parameter) -> Parameter:
    if f"{{{found.name}}}" in path or f"{{{found.name}:" in path:
        return Parameter(found.name, "path", found.annotation)
    if found.default is found.empty:
        raise TypeError(f"{path}: {found.name} is not in the path, so it needs a default")
    return Parameter(found.name, "query", found.annotation, found.default)


def _response(made: Any) -> Response:
    return made if isinstance(made, Response) else JSONResponse(made)

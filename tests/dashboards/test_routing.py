"""What addresses ask for: checked before a page is drawn, refused in words, told in the OpenAPI."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from dashboards.pages.openapi import described
from dashboards.routing import Router


def test_a_value_that_cannot_be_is_refused_with_its_remedy(client: httpx.Client) -> None:
    answer = client.get("/models/sepsis-early-warning?windows=900")
    assert answer.status_code == 422
    assert "windows must be at most 366." in answer.text
    assert answer.headers["content-type"].startswith("text/html")


def test_a_part_of_the_path_that_cannot_be_leads_nowhere(client: httpx.Client) -> None:
    answer = client.get("/api/models/sepsis-early-warning/nothing")
    assert answer.status_code == 404
    assert answer.json()["error"].startswith("table must be 'windows', 'findings'")


def test_of_several_values_under_one_name_the_last_counts(client: httpx.Client) -> None:
    html = client.get("/?q=triage&q=readmi").text
    assert 'value="readmi"' in html
    assert "1 of 9 models" in html


def test_what_is_asked_for_outside_the_path_needs_a_default() -> None:
    router = Router()
    with pytest.raises(TypeError, match="/x: q is not in the path, so it needs a default"):

        @router.get("/x")
        def asks(request: Request, q: str) -> dict[str, str]:
            return {}


def test_every_operation_has_a_name_of_its_own_and_where_people_sign_in_says_so(app: Starlette) -> None:
    for guarded in (False, True):
        told = described(app.routes, guarded=guarded)
        operations = [operation for path in told["paths"].values() for operation in path.values()]
        names = [operation["operationId"] for operation in operations]
        assert len(names) == len(set(names)) > 20
        assert all(operation["summary"] for operation in operations)
        assert all(("401" in operation["responses"]) is guarded for operation in operations)
        assert ("security" in told) is guarded

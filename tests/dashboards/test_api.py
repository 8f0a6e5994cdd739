"""The API keeps what its OpenAPI promises: no 500, no undeclared answer; a sheet holds what is shown."""

from __future__ import annotations

import csv
import gzip
import io
import re
from datetime import date
from html import unescape
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.applications import Starlette

from dashboards import tables
from dashboards.board import board
from dashboards.pages import fleet
from dashboards.reading import Reading
from dashboards.tables import STARTS
from monitors.window import Window
from monitors.words import figures, names
from tests.dashboards import counted, ward

HOST = {"Host": "localhost"}
PROMISED = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
REAL = {
    "model": [counted.NAME, "sepsis-early-warning", "odd-one", "fall-risk", "nothing"],
    "column": ["lactate", "ward", "risk", ward.HOSTILE],
    "table": ["windows", "findings", "groups", "drift", "curves", "changes", "restated"],
    "attribute": ["", "sex", "race", "nothing"],
    "window": ["", "2026-01-05", "2026-02-23", "1999-01-01", "\x00", "2026-13-45T00:00:00Z/x"],
    "metric": ["", "true_positive_rate", "nothing"],
    "queue": [ward.REVIEW.name, "nothing"],
    "month": ["", "2026-02", "2026-99", "\u0662\u0660\u0662\u0666-\u0660\u0661", "9999-12"],
}


@pytest.fixture(scope="session")
def promised(app: Starlette) -> Any:
    return schemathesis.openapi.from_asgi("/api/openapi.json", app, headers=HOST)


def test_the_api_answers_as_it_promises(promised: Any) -> None:
    """Schemathesis writes the requests, from the OpenAPI alone."""
    tried = 0
    for operation in promised.get_all_operations():

        @given(case=operation.ok().as_strategy())
        @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        def answers(case: Any) -> None:
            case.call_and_validate(headers=HOST, checks=list(PROMISED))

        answers()
        tried += 1
    assert tried >= 13


def test_real_names_and_odd_windows_are_answered_as_promised(client: httpx.Client, promised: Any) -> None:
    """What chance seldom writes: every place with names that are there, and with some that are not."""
    paths = promised.raw_schema["paths"]
    asked = 0
    for path, operations in paths.items():
        given = [p["name"] for p in operations["get"].get("parameters", ())]
        for turn in range(6):
            chosen = {n: REAL[n][turn % len(REAL[n])] for n in given if n in REAL}
            inside = {
                n: httpx.QueryParams({"x": v}).__str__()[2:].replace("+", "%20") for n, v in chosen.items()
            }
            address = re.sub(r"{(\w+)}", lambda m, held=inside: held.get(m[1], "x"), path)
            rest = {n: v for n, v in chosen.items() if "{" + n + "}" not in path}
            answer = client.get(address, params=rest)
            assert str(answer.status_code) in operations["get"]["responses"], (address, rest, answer.text)
            asked += 1
    assert asked > 60


def sheet(client: httpx.Client, path: str) -> list[dict[str, str]]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    return list(csv.DictReader(io.StringIO(answer.text)))


def cells(html: str, caption: str) -> list[list[str]]:
    """The body of the table with that caption, as its reader sees it."""
    table = html.split(f'<caption class="unseen">{caption}</caption>')[1].split("</table>")[0]
    body = table.split("<tbody")[1].split("</tbody>")[0]
    rows = re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    found = []
    for row in rows:
        held = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        found.append([" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in held])
    return found


def links(html: str) -> list[str]:
    return [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]*)" download>CSV', html)]


@pytest.mark.parametrize(
    "page",
    ["sick", "groups", "curves", "features", "number", "window", "fleet", "alerts", "matter", "review"],
)
def test_every_page_with_a_table_offers_it_as_csv_and_json(client: httpx.Client, page: str) -> None:
    found = links(client.get(ward.PAGES[page]).text)
    assert found
    for link in found:
        rows = sheet(client, link)
        as_json = client.get(link.replace(".csv", "", 1))
        assert as_json.status_code == 200
        assert len(as_json.json()) == len(rows)


def test_the_sheet_of_a_window_is_what_its_page_shows(client: httpx.Client) -> None:
    html = client.get(ward.PAGES["window"]).text
    rows, shown = sheet(client, links(html)[0]), cells(html, "Findings, worst first")
    assert len(rows) == len(shown) > 20
    for row, seen in zip(rows, shown, strict=True):
        assert names.VERDICTS[row["verdict"]][0] in seen[1]
        gap = row["group"] != "" and row["against"] not in ("", "target")
        value = float(row["value"]) if row["value"] else None
        assert figures.measured(value, row["unit"], gap=gap).replace("\u00a0", " ") == seen[3]
        assert (f"{int(row['n']):,}" if row["n"] else "–") in seen


def test_the_sheet_of_groups_is_what_its_page_shows(client: httpx.Client) -> None:
    html = client.get(ward.PAGES["groups"]).text
    rows, shown = sheet(client, links(html)[0]), cells(html, "Sensitivity by group")
    assert len(rows) == len(shown)
    for row, seen in zip(rows, shown, strict=True):  # below the name stands what would settle it
        assert seen[0].startswith(f"{row['subject']} {row['group']}")
    for row, seen in zip(rows, shown, strict=True):
        value = float(row["value"]) if row["value"] else None
        assert figures.measured(value, row["unit"], gap=True).replace("\u00a0", " ") == seen[4]
        assert (row["verdict"] == "withheld") == (value is None)


def test_the_sheet_of_a_review_withholds_what_its_page_withholds(client: httpx.Client) -> None:
    html = client.get(ward.PAGES["review"]).text
    shown = cells(html, "Share of the window's outputs, with its interval")
    rows = sheet(client, links(html)[-1])
    assert len(rows) == len(shown) >= 3
    for row, seen in zip(rows, shown, strict=True):
        share = figures.percent(float(row["share"])).replace("\u00a0", " ") if row["share"] else row["reason"]
        assert share in seen[-2]


def test_the_sheet_of_the_fleet_keeps_its_filter_and_order(client: httpx.Client) -> None:
    for asked in ("", "?verdict=silent", "?q=readmi", "?site=South"):
        html = client.get(f"/{asked}").text
        shown = re.findall(r'role="rowheader"><a href="/models/([^"]+)"', html)
        rows = sheet(client, links(html)[0])
        assert [httpx.URL(f"http://x/{name}").path[1:] for name in shown] == [row["model"] for row in rows]
        listed = client.get(f"/api/models{asked}").json()
        assert [row["model"] for row in listed] == [row["model"] for row in rows]
        for one, row in zip(listed, rows, strict=True):
            said = (one["owner"], one["worst"], one["next_review"], "; ".join(one["sites"]))
            assert [word or "" for word in said] == [
                row[name] for name in ("owner", "worst", "next_review", "sites")
            ]
            assert one["state"] == row["state"]


def test_the_sheet_of_health_is_what_its_page_shows(client: httpx.Client) -> None:
    html = client.get("/health").text
    shown, rows = cells(html, "Models and their last audit"), sheet(client, links(html)[0])
    assert len(rows) == len(shown) >= 9
    for row, (model, freshness, window, written) in zip(rows, shown, strict=True):
        assert (
            " ".join(unescape(model).split()) == " ".join(row["title"].removeprefix("'").split())
            or "<" in row["title"]
        )
        assert window == (figures.period(Window.parse(row["window"])) if row["window"] else "–")
        assert (written == "–") == (row["written"] == "")
        assert ("missed" in freshness) == (row["freshness"] == "stale")
        assert f"{row['missed']} window" in freshness or row["freshness"] != "stale"
    as_json = client.get("/api/health").json()["models"]
    assert [{k: "" if v is None else str(v) for k, v in one.items()} for one in as_json] == rows


def test_the_sheet_of_a_column_is_what_is_drawn(client: httpx.Client) -> None:
    for page in ("number", "category"):
        html = client.get(ward.PAGES[page]).text
        for row in sheet(client, links(html)[0]):
            if row["bin"] in ("missing", "below", "above", "other", "unseen"):
                continue
            now, then = (figures.percent(float(row[name])) for name in ("now", "reference"))
            assert f"{row['bin']}: {now} now, {then} in the reference" in html


def test_no_cell_of_any_sheet_can_be_run(client: httpx.Client) -> None:
    for page in ("hostile", "hostile groups", "hostile window", "alerts", "fleet"):
        for link in links(client.get(ward.PAGES[page]).text):
            for row in csv.reader(io.StringIO(client.get(link).text)):
                for cell in row:
                    number = re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", cell)
                    assert number or not cell or cell[0] not in STARTS, cell


def test_a_few_people_are_in_no_table_and_no_picture(client: httpx.Client) -> None:
    html = client.get(ward.PAGES["curves"]).text
    assert "<bdi>other</bdi>" in html, "named as left out"
    curves = client.get(f"/api/models/{counted.NAME}/curves?attribute=sex").json()
    assert {row["group"] for row in curves} == {"", "female", "male"}
    assert all(row["share_of_those_with"] == round(row["share_of_those_with"], 2) for row in curves)
    ward_bins = client.get(f"/api/models/{counted.NAME}/features/ward").json()
    assert "maternity" not in {row["bin"] for row in ward_bins}, "seven people"


def test_the_board_tells_of_alerts_that_are_not_over(client: httpx.Client) -> None:
    rows = sheet(client, "/api/models.csv")
    counts = {row["model"]: (row["open_alerts"], row["answered_alerts"]) for row in rows}
    assert counts["sepsis-early-warning"] == ("1", "1")
    assert counts["readmission-30d"] == ("0", "0"), "it is over"
    assert '<b>1</b> open</a><span class="under one">1 answered</span>' in client.get("/").text


@pytest.mark.parametrize(
    ("review", "said"),
    [("2026-02-01", "Review overdue since 1 Feb 2026"), ("2026-05-04", "Next review 4 May 2026")],
)
def test_the_board_tells_when_a_model_is_looked_at_again(app: Starlette, review: str, said: str) -> None:
    held = ward.config("fall-risk")
    governance = held.governance.model_copy(update={"review": date.fromisoformat(review)})
    configs = {"fall-risk": held.model_copy(update={"governance": governance})}
    reading = Reading(app.state.reading.ledger, configs, ward.published, lambda: ward.NOW)
    chosen = dict.fromkeys(("q", "verdict", "tier", "site", "owner"), "")
    assert said in gzip.decompress(fleet._written(reading, chosen, "")).decode()
    rows = tables.fleet(board(reading), ()).records()
    assert {row["model"]: row["next_review"] for row in rows}["fall-risk"] == review

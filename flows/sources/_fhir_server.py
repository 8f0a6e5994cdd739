"""A FHIR server's answers, page by page, kept as NDJSON for as long as a run lasts."""

from __future__ import annotations

import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit

from flows.addresses import why_not
from monitors.errors import SourceInvalid, SourceUnavailable

if TYPE_CHECKING:
    from flows.sources.fhir import Settings

_PAGE = 500
MOST = 1 << 28  # bytes of one answer; 500 resources are about one million
PAGES = 1_000_000  # of one search: 500 million resources
_TIMEOUT = 60
_AGAIN = (429, 502, 503, 504)
_TRIES = 4
_MOST_WAIT = 30.0


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect could carry the token elsewhere."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def fetch(settings: Settings, folder: Path, place: Path) -> None:
    """Write what a server has of each kind to `place`, one NDJSON file a kind.

    Raises:
        SourceUnavailable: nobody answers, or only "later".
        SourceInvalid: the token is refused, or what comes is no Bundle.
    """
    base = str(settings.url).rstrip("/") + "/"
    if why := why_not(base):
        raise SourceInvalid(f"source.url: {why}")
    token = _token(settings, folder)
    place.mkdir(parents=True)
    asked = f"RiskAssessment?_include=RiskAssessment:subject&_count={_PAGE}"
    searches = [asked + (f"&{settings.search}" if settings.search else "")]
    if settings.outcome:
        by = "class" if settings.outcome.resource == "Encounter" else "code"
        codes = quote(",".join(settings.outcome.codes), safe=",|")
        searches.append(f"{settings.outcome.resource}?{by}={codes}&_count={_PAGE}")
    with _Written(place) as written:
        for search in searches:
            for bundle in _pages(base, search, token):
                for entry in _listed(bundle, "entry"):
                    resource = entry.get("resource") if isinstance(entry, dict) else None
                    if isinstance(resource, dict) and resource.get("resourceType") in settings.types:
                        written.add(resource)


class _Written:
    """A file a kind, opened when its first resource comes."""

    def __init__(self, place: Path) -> None:
        self._place, self._files = place, dict[str, Any]()

    def __enter__(self) -> _Written:
        return self

    def __exit__(self, *error: object) -> None:
        for file in self._files.values():
            file.close()

    def add(self, resource: dict[str, Any]) -> None:
        kind = resource["resourceType"]
        if kind not in self._files:
            self._files[kind] = (self._place / f"{kind}.ndjson").open("w", encoding="utf-8")
        self._files[kind].write(json.dumps(resource, separators=(",", ":")) + "\n")


def _pages(base: str, search: str, token: str | None) -> Iterator[dict[str, Any]]:
    """Each Bundle of a search; a next link may not lead to another server."""
    home, url, seen = urlsplit(base), urljoin(base, search), set[str]()
    while url:
        seen.add(url)
        bundle = _got(url, token, home.hostname or base)
        if bundle.get("resourceType") != "Bundle":
            raise SourceInvalid(f"{home.hostname}: answered no Bundle; is `source.url` a FHIR server's base?")
        yield bundle
        links = [link for link in _listed(bundle, "link") if isinstance(link, dict)]
        following = next((str(link.get("url")) for link in links if link.get("relation") == "next"), "")
        url = urljoin(url, following) if following else ""
        if url and urlsplit(url)[:2] != home[:2]:
            raise SourceInvalid(
                f"{home.hostname}: its next page is on another server; nothing was fetched there"
            )
        if url in seen or len(seen) >= PAGES:
            raise SourceInvalid(f"{home.hostname}: its pages lead in a circle, or nowhere")


def _listed(bundle: dict[str, Any], key: str) -> list[Any]:
    found = bundle.get(key)
    return found if isinstance(found, list) else []


def _got(url: str, token: str | None, where: str) -> dict[str, Any]:
    headers = {"Accept": "application/fhir+json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    for attempt in range(1, _TRIES + 1):
        request = urllib.request.Request(url, headers=headers)  # noqa: S310  the scheme was checked
        try:
            with _OPENER.open(request, timeout=_TIMEOUT) as answer:
                said = answer.read(MOST + 1)
            if len(said) > MOST:
                raise SourceInvalid(f"{where}: answered more than {MOST >> 20} MB at once; ask it for less")
            found = json.loads(said)
            return found if isinstance(found, dict) else {}
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (401, 403):
                raise SourceInvalid(
                    f"{where}: refused ({error.code}); check `source.token_env` or `source.token_file`"
                ) from None
            if error.code not in _AGAIN:
                raise SourceInvalid(f"{where}: answered {error.code}; check `source.url`") from None
            if attempt == _TRIES:
                raise SourceUnavailable(f"{where}: answered {error.code}, {_TRIES} times") from None
            time.sleep(_wait(error.headers.get("Retry-After"), attempt))
        except (ValueError, RecursionError):
            raise SourceInvalid(f"{where}: answered no JSON; is `source.url` a FHIR server's base?") from None
        except (OSError, http.client.HTTPException) as error:
            raise SourceUnavailable(f"{where}: cannot be reached ({type(error).__name__})") from None
    raise AssertionError("every attempt returns or raises")


def _wait(said: str | None, attempt: int) -> float:
    """What the server asks for, or twice as long each time; never longer than half a minute."""
    try:
        return min(float(said or 0) or 0.5 * 2.0**attempt, _MOST_WAIT)
    except ValueError:
        return 0.5 * 2.0**attempt


def _token(settings: Settings, folder: Path) -> str | None:
    if settings.token_env:
        if settings.token_env not in os.environ:
            raise SourceInvalid(f"source.token_env: {settings.token_env} is not set")
        return _sendable(os.environ[settings.token_env].strip(), settings.token_env)
    if settings.token_file:
        try:
            held = (folder / settings.token_file).read_text(encoding="utf-8").strip()
            return _sendable(held, settings.token_file)
        except (OSError, UnicodeDecodeError) as error:
            raise SourceInvalid(
                f"source.token_file: {settings.token_file} cannot be read ({type(error).__name__})"
            ) from None
    return None


def _sendable(token: str, place: str) -> str:
    """One word, as a header takes it: a file named by mistake is not sent anywhere."""
    if not token.isascii() or not token.isprintable() or " " in token or not token:
        raise SourceInvalid(f"source: {place} holds no token: one word of plain letters")
    return token

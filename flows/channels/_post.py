"""Posting JSON to an address that is itself a secret: no redirect is followed, no error repeats it."""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, model_validator

from flows.addresses import LOOPBACK, why_not
from flows.channel import TIMEOUT, ChannelRefused, ChannelUnavailable

_AGAIN = (408, 425, 429)


class Address(BaseModel):
    """Where a webhook's address is kept: a file or the environment, never the configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url_file: str | None = None
    url_env: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Address:
        if (self.url_file is None) == (self.url_env is None):
            raise ValueError("name `url_file` or `url_env`, one of them; the address is a secret")
        return self

    def url(self, name: str, environ: Mapping[str, str]) -> str:
        """The address. Raises ChannelRefused where it is absent, not HTTP, or in the clear."""
        url = secret(name, self.url_file, self.url_env, environ)
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ChannelRefused(f"channel {name}: its address must start with https://")
        if why := why_not(url):
            raise ChannelRefused(f"channel {name}: its address {why}")
        return url


def secret(name: str, file: str | None, variable: str | None, environ: Mapping[str, str]) -> str:
    """A secret from a file or a variable of the environment; a message names the place, not the value."""
    if file is not None:
        try:
            found = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ChannelRefused(f"channel {name}: {file} cannot be read ({type(error).__name__})") from None
        place = file
    else:
        found, place = environ.get(variable or "", "").strip(), f"${variable}"
    if not found:
        raise ChannelRefused(f"channel {name}: {place} is empty")
    return found


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows nowhere: an alert goes where it was sent, or it is an error."""

    def redirect_request(self, *_: Any) -> None:
        return None


def post(name: str, url: str, body: Any, timeout: float = TIMEOUT) -> None:
    """Post JSON. Raises ChannelUnavailable where it may be tried again, else ChannelRefused."""
    request = urllib.request.Request(  # noqa: S310  `Address.url` lets only http and https through
        url,
        data=json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"),
        headers={"Content-Type": "application/json; charset=utf-8", "User-Agent": "rounds"},
    )
    local = urlsplit(url).hostname in LOOPBACK
    proxies = urllib.request.ProxyHandler({} if local else None)
    opener = urllib.request.build_opener(_Stay, proxies)
    try:
        with opener.open(request, timeout=timeout) as answer:
            answer.read(1000)
    except urllib.error.HTTPError as error:
        said = f"channel {name}: the receiver answered {error.code}"
        error.close()
        kind = ChannelUnavailable if error.code >= 500 or error.code in _AGAIN else ChannelRefused
        raise kind(said) from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        why = os.strerror(reason.errno) if isinstance(reason, OSError) and reason.errno else "no answer"
        raise ChannelUnavailable(f"channel {name}: the receiver cannot be reached ({why})") from None
    except ValueError:  # an address urllib cannot use; its own message repeats it
        raise ChannelRefused(f"channel {name}: its address cannot be used") from None

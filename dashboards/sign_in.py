"""How people sign in: a file of tokens, a hospital's own sign-on (OIDC), or a proxy that vouches."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from dashboards.identity import ROLES, Identity, role_of
from monitors import plain_yaml
from monitors.errors import ConfigError

Roles = dict[str, list[str]]


def trusted(url: str) -> bool:
    """Whether secrets may travel to an address: encrypted, or on this machine.

    >>> trusted("https://sso.example/token"), trusted("http://sso.example/token")
    (True, False)
    >>> trusted("http://127.0.0.1:8080@sso.example/")
    False
    """
    try:
        parts = urlsplit(url)
        held = "@" in parts.netloc
    except ValueError:
        return False
    return not held and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname == "127.0.0.1")
    )


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Proxy(_Strict):
    """A reverse proxy in front that signs people in and says who they are."""

    addresses: Annotated[list[str], Field(min_length=1)]
    user: str = "X-Forwarded-User"
    groups: str = "X-Forwarded-Groups"
    roles: Roles

    @model_validator(mode="after")
    def _known(self) -> Self:
        _check_roles(self.roles)
        for address in self.addresses:
            if ip_network(address, strict=False).num_addresses > 65_536:
                raise ValueError(f"{address} is too wide to trust; name the proxy's own address")
        return self

    def who(self, peer: str, headers: dict[str, str]) -> Identity | None:
        """Whom the proxy vouches for; None when it is not the proxy, or says nothing."""
        try:
            known = any(ip_address(peer) in ip_network(net, strict=False) for net in self.addresses)
        except ValueError:
            return None
        name = headers.get(self.user.casefold(), "").strip()[:200]
        if not known or not name:
            return None
        groups = [g.strip() for g in headers.get(self.groups.casefold(), "").split(",") if g.strip()]
        role = role_of(groups, self.roles)
        return Identity(name, role) if role else None


class Oidc(_Strict):
    """A hospital's own sign-on, by OpenID Connect: authorization code with PKCE."""

    issuer: str
    client_id: str
    client_secret_file: Path
    scope: str = "openid profile email"
    name: str = Field("preferred_username", description="The claim that names a person; else `sub`.")
    groups: str = Field("groups", description="The claim that lists a person's groups.")
    roles: Roles

    @model_validator(mode="after")
    def _safe(self) -> Self:
        _check_roles(self.roles)
        if not trusted(self.issuer):
            raise ValueError("issuer must be https://…")
        return self


class SignIn(_Strict):
    """What `--sign-in FILE` holds: at least one way."""

    tokens: Path | None = None
    oidc: Oidc | None = None
    proxy: Proxy | None = None
    public_url: str | None = Field(
        None, description="Where browsers open the pages, such as https://rounds.…"
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if not (self.tokens or self.oidc or self.proxy):
            raise ValueError("name at least one of tokens, oidc, proxy")
        if self.oidc and not self.public_url:
            raise ValueError("oidc needs public_url, where the sign-on sends people back to")
        if self.public_url and not trusted(self.public_url):
            raise ValueError("public_url must be https://…")
        return self

    @property
    def secure(self) -> bool:
        """Whether cookies may travel over https alone."""
        return (self.public_url or "").startswith("https://")


def read(path: Path) -> tuple[SignIn, dict[str, Identity]]:
    """The file and the tokens it names, paths taken from beside it.

    Raises ConfigError naming place, value and remedy.
    """
    try:
        held = plain_yaml.load(path.read_text(encoding="utf-8"))
        given = SignIn.model_validate(held if held is not None else {})
    except OSError as error:
        raise ConfigError([f"{path}: {error.strerror}; name the file that says how people sign in"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{path.name}: is no UTF-8 text"]) from None
    except yaml.YAMLError as error:
        raise ConfigError([f"{path.name}: is no YAML: {str(error).splitlines()[0]}"]) from None
    except RecursionError:
        raise ConfigError([f"{path.name}: is no YAML: nested too deeply"]) from None
    except ValidationError as error:
        raise ConfigError([_said(path, problem) for problem in error.errors()]) from None
    given = given.model_copy(
        update={
            "tokens": path.parent / given.tokens if given.tokens else None,
            "oidc": given.oidc.model_copy(
                update={"client_secret_file": path.parent / given.oidc.client_secret_file}
            )
            if given.oidc
            else None,
        }
    )
    if given.oidc and not given.oidc.client_secret_file.is_file():
        raise ConfigError(
            [f"{path.name}: oidc.client_secret_file: {given.oidc.client_secret_file} is not there"]
        )
    return given, tokens(given.tokens) if given.tokens else {}


def _said(path: Path, problem: Any) -> str:
    place = ".".join(map(str, problem["loc"]))
    told = problem["msg"].removeprefix("Value error, ")
    told = "is not a known key" if problem["type"] == "extra_forbidden" else told
    return f"{path.name}: {place}: {told}" if place else f"{path.name}: {told}"


def _check_roles(roles: Roles) -> None:
    if unknown := set(roles) - set(ROLES):
        raise ValueError(f"roles: {unknown.pop()!r} is not one of {', '.join(ROLES)}")
    if not roles:
        raise ValueError("roles: say which groups are viewer, auditor or admin; '*' is everybody known")


def tokens(path: Path) -> dict[str, Identity]:
    """By the hash of each token, who holds it; a line a token: name, role, sha256:HEX.

    Raises ConfigError naming the line.
    """
    try:
        text, mode = path.read_text(encoding="utf-8"), path.stat().st_mode
    except OSError as error:
        raise ConfigError(
            [f"{path}: {error.strerror}; `rounds token NAME --file {path.name}` makes it"]
        ) from None
    if mode & 0o007:
        raise ConfigError([f"{path.name}: everybody on this machine can read it; chmod 600 {path.name}"])
    found, wrong = {}, []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 3 or words[1] not in ROLES or not _hashed(words[2]):
            wrong.append(f"{path.name}:{number}: must be NAME {'|'.join(ROLES)} sha256:64 hexadecimal digits")
        else:
            found[words[2]] = Identity(words[0], words[1])
    if wrong or not found:
        raise ConfigError(
            wrong or [f"{path.name}: holds no token; `rounds token NAME --file {path.name}` adds one"]
        )
    return found


def _hashed(word: str) -> bool:
    digits = word.removeprefix("sha256:")
    return word.startswith("sha256:") and len(digits) == 64 and set(digits) <= set("0123456789abcdef")


def new_token() -> tuple[str, str]:
    """A token nobody can guess, and the hash to keep of it."""
    token = secrets.token_urlsafe(32)
    return token, hashed(token)


def hashed(token: str) -> str:
    """What is kept of a token.

    >>> hashed("a")[:14]
    'sha256:ca97811'
    """
    return f"sha256:{hashlib.sha256(token.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Tokens:
    """Everybody who holds a token."""

    held: dict[str, Identity]

    def who(self, token: str) -> Identity | None:
        """Whose it is; every hash is compared, so that the time taken tells nothing."""
        given, found = hashed(token), None
        for kept, identity in self.held.items():
            if hmac.compare_digest(kept, given):
                found = identity
        return found

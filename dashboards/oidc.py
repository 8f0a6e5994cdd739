"""OpenID Connect: the authorization code flow with PKCE, state and nonce, against one issuer."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from dashboards.identity import Identity, role_of
from dashboards.sign_in import Oidc, trusted
from monitors.errors import SourceUnavailable

WAIT = 10  # seconds for the issuer to answer
SIGNED_BY = [
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "ES256",
    "ES384",
    "EdDSA",
]  # never "none", never a shared key


@dataclass(frozen=True, slots=True)
class Asked:
    """What has to come back with a person: made for one browser and one try."""

    state: str
    nonce: str
    verifier: str
    to: str


class NotSignedIn(ValueError):
    """The sign-on did not vouch for this person; the text may be shown."""


@dataclass(frozen=True)
class Issuer:
    """One issuer, asked for its addresses and keys when the first person signs in."""

    ways: Oidc
    back: str

    def ask(self, to: str) -> tuple[str, Asked]:
        """Where to send a browser, and what to remember of it."""
        asked = Asked(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), to)
        url, _ = self._client().create_authorization_url(
            self._found["authorization_endpoint"],
            state=asked.state,
            nonce=asked.nonce,
            code_verifier=asked.verifier,
        )
        return str(url), asked

    def identity(self, asked: Asked, state: str, code: str) -> Identity:
        """Who came back with this code.

        Raises:
            NotSignedIn: where anything does not fit, or no role is given to this person's groups.
            SourceUnavailable: where the issuer cannot be reached.
        """
        if not secrets.compare_digest(state.encode(), asked.state.encode()) or not code:
            raise NotSignedIn("This sign-in was not begun here, or was refused. Try again.")
        from authlib.common.errors import AuthlibBaseError
        from requests import RequestException

        try:
            token = self._client().fetch_token(
                self._found["token_endpoint"],
                code=code,
                code_verifier=asked.verifier,
                grant_type="authorization_code",
                timeout=WAIT,
                allow_redirects=False,
            )
        except RequestException as error:
            raise SourceUnavailable(f"{self.ways.issuer} does not answer: {type(error).__name__}") from None
        except AuthlibBaseError:
            raise NotSignedIn("The sign-on refused this code. Try again.") from None
        claims = self._claims(str(token.get("id_token", "")), asked.nonce)
        groups = claims.get(self.ways.groups) or []
        role = role_of([groups] if isinstance(groups, str) else map(str, groups), self.ways.roles)
        if role is None:
            raise NotSignedIn("You are known, but none of your groups may open these pages.")
        return Identity(str(claims.get(self.ways.name) or claims["sub"])[:200], role)

    def _claims(self, id_token: str, nonce: str) -> dict[str, Any]:
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        keys = KeySet.import_key_set(cast(Any, self._json(self._found["jwks_uri"])))  # anew: keys are rotated
        rules = jwt.JWTClaimsRegistry(
            leeway=60,
            iss={"essential": True, "value": self._found["issuer"]},
            aud={"essential": True, "value": self.ways.client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            token = jwt.decode(id_token, keys, algorithms=SIGNED_BY)
            rules.validate(token.claims)
        except (JoseError, ValueError):
            raise NotSignedIn("What the sign-on said could not be verified. Try again.") from None
        party = token.claims.get("azp")
        if party is not None and party != self.ways.client_id:
            raise NotSignedIn("The sign-on vouched for this person to another program.")
        return dict(token.claims)

    def _client(self) -> Any:
        from authlib.integrations.requests_client import OAuth2Session

        return OAuth2Session(
            self.ways.client_id,
            self.ways.client_secret_file.read_text(encoding="utf-8").strip(),
            scope=self.ways.scope,
            redirect_uri=self.back,
            code_challenge_method="S256",
        )

    @cached_property
    def _found(self) -> dict[str, Any]:
        found = self._json(self.ways.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if found.get("issuer") != self.ways.issuer:
            raise SourceUnavailable(f"{self.ways.issuer} calls itself something else; mend `oidc.issuer`")
        for part in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not trusted(str(found.get(part, ""))):
                raise SourceUnavailable(
                    f"{self.ways.issuer}: its {part} is not https://; nothing is sent there"
                )
        return found

    def _json(self, url: str) -> dict[str, Any]:
        import requests

        try:
            # A redirect could lead anywhere, and keys from there would let anybody in.
            answer = requests.get(url, timeout=WAIT, allow_redirects=False)
            answer.raise_for_status()
            return dict(answer.json())
        except (requests.RequestException, ValueError, TypeError) as error:
            raise SourceUnavailable(f"{url} does not answer: {type(error).__name__}") from None

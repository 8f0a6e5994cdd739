"""The certificate the pages may be served with: read, held against its key and its name, before they are."""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitors.errors import ConfigError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate as Read

log = logging.getLogger(__name__)
SOON = timedelta(days=14)
# For TLS 1.2; 1.3 has its own, and nothing older is spoken.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its chain, its key, and the moment it ends."""

    file: Path
    key: Path
    ends: datetime

    @property
    def options(self) -> dict[str, Any]:
        """What uvicorn is told."""
        return {"ssl_certfile": self.file, "ssl_keyfile": self.key, "ssl_ciphers": CIPHERS}


def read(file: Path, key: Path, host: str, now: datetime) -> Certificate:
    """Both files, which have to be of each other and of that host; one that ends soon is said in the log.

    Raises ConfigError naming the file, what is wrong with it and the remedy.
    """
    if _mode(key) & 0o007:
        raise ConfigError([f"{key}: everybody on this machine can read it; chmod 640 {key.name}"])
    _mode(file)
    held = _first(file)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(file, key, password=_none)
    except _Encrypted:
        raise ConfigError(
            [f"{key}: has a passphrase, which nobody types at a start; store it without"]
        ) from None
    except ssl.SSLError as error:
        why = "is not the key of" if "MISMATCH" in str(error) else "is no PEM key for"
        raise ConfigError([f"{key}: {why} {file}; name the two that were issued together"]) from None
    if host not in (names := _names(held)) and f"*.{host.partition('.')[2]}" not in names:
        told = ", ".join(names) or "no host"
        raise ConfigError([f"{file}: is for {told}, and public_url says {host}; ask for one with that name"])
    ends = held.not_valid_after_utc
    if ends < now + SOON:
        log.warning("%s: ends on %s; renew it, and start again", file.name, f"{ends:%-d %b %Y}")
    return Certificate(file, key, ends)


def ending(file: Path) -> datetime:
    """When the certificate in a file ends. Raises ConfigError naming the file."""
    _mode(file)
    return _first(file).not_valid_after_utc


class _Encrypted(Exception):
    """A key asks for a passphrase."""


def _none() -> str:
    raise _Encrypted


def _mode(file: Path) -> int:
    try:
        with file.open("rb"):
            return file.stat().st_mode
    except OSError as error:
        raise ConfigError([f"{file}: {error.strerror}; name the file with --certificate and --key"]) from None


def _first(file: Path) -> Read:
    from cryptography.x509 import load_pem_x509_certificate

    try:
        return load_pem_x509_certificate(file.read_bytes())
    except ValueError:
        raise ConfigError(
            [f"{file}: is no certificate in PEM; it begins with -----BEGIN CERTIFICATE"]
        ) from None


def _names(held: Read) -> list[str]:
    from cryptography.x509 import DNSName, ExtensionNotFound, SubjectAlternativeName

    try:
        found = held.extensions.get_extension_for_class(SubjectAlternativeName).value
    except ExtensionNotFound:  # a common name alone is looked at by no browser any more
        return []
    return [name.casefold() for name in found.get_values_for_type(DNSName)]

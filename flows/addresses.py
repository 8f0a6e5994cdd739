"""Addresses a file may name: encrypted or on this machine, without a password, never a cloud's metadata."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_METADATA = ("metadata", "metadata.google.internal", "100.100.100.200", "fd00:ec2::254")


def why_not(url: str) -> str | None:
    """Why nothing may be asked of an address, never repeating it; None where it may be.

    >>> why_not("https://ehr.example/fhir"), why_not("http://127.0.0.1:8080/fhir")
    (None, None)
    >>> why_not("file:///etc/hosts")
    'must be https://…, without a password in it'
    >>> why_not("http://ehr.example/fhir")
    'must be https:// to leave this machine'
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        held = parts.password is not None or parts.port == 0
    except ValueError:
        return "must be https://…, without a password in it"
    if parts.scheme not in ("http", "https") or not host or held:
        return "must be https://…, without a password in it"
    if parts.scheme == "http" and host not in LOOPBACK:
        return "must be https:// to leave this machine"
    if host in _METADATA or _link_local(host):
        return "is where a cloud tells a machine its keys; name the server itself"
    return None


def _link_local(host: str) -> bool:
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return found.is_link_local or found.is_unspecified or found.is_multicast

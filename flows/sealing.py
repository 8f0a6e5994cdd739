"""Sealed files: exact counts that only the holder of one key can open, so that they may travel."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from flows.unpacked import inflated
from monitors.canonical import canonical, digest
from monitors.errors import SourceInvalid

Kind = Literal["sealed", "suppressed"]
# Elliptic-curve key agreement with the recipient's key and AES in GCM: RFC 7516 and 7518.
LONGEST = 1 << 30  # bytes of a sealed file; the library's own bound is 64 kB
_HEADER = {"alg": "ECDH-ES", "enc": "A256GCM", "cty": "deflate"}


def make_keys(folder: Path) -> tuple[Path, Path]:
    """Write a new pair of keys: one to open with, readable by its owner alone, and one to hand out.

    Raises SourceInvalid where there are keys already.
    """
    secret, public = folder / "federation.key", folder / "federation.pub"
    if secret.exists() or public.exists():
        raise SourceInvalid(
            f"{folder}: holds federation keys already; files sealed for them could not be opened"
        )
    folder.mkdir(parents=True, exist_ok=True)
    made = ECKey.generate_key("P-256")
    secret.touch(mode=0o600)
    secret.write_bytes(made.as_pem(private=True))
    public.write_bytes(made.as_pem(private=False))
    return secret, public


def seal(body: Mapping[str, Any], of: Mapping[str, Any], key: Path) -> dict[str, Any]:
    """A body as a file that only the key's other half opens; `of` stands outside, readable by all."""
    inside = canonical({"of": dict(of), "body": dict(body)}).encode()
    # Deflated here and not by `zip`: the library refuses to inflate more than 250 kB, and a year is more.
    sealed = jwe.encrypt_compact(dict(_HEADER), zlib.compress(inside, 6), _key(key))
    told = {"schema": 1, "of": dict(of), "sealed": sealed}
    return {**told, "digest": digest(told)}


def left_open(body: Mapping[str, Any], of: Mapping[str, Any]) -> dict[str, Any]:
    """A body that may be read by all, in the form of a sealed one."""
    told = {"schema": 1, "of": dict(of), "suppressed": dict(body)}
    return {**told, "digest": digest(told)}


def read(path: Path) -> tuple[Kind, dict[str, Any]]:
    """A file that a site exported, and of which kind it is; nothing is opened yet.

    Raises:
        SourceInvalid: naming the file, where it is none, or was altered.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        kind: Kind = "suppressed" if "suppressed" in told else "sealed"
        outside = {name: told[name] for name in ("schema", "of", kind)}
        altered = told.get("digest") != digest(outside)
    except FileNotFoundError:
        raise SourceInvalid(f"{path.name}: no such file") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise SourceInvalid(f"{path.name}: is no file of `rounds federate export`") from None
    if altered:
        raise SourceInvalid(
            f"{path.name}: was altered on its way: its digest does not match; ask for it again"
        )
    return kind, outside


def open_sealed(path: Path, key: Path) -> dict[str, Any]:
    """The body of a sealed file.

    Raises:
        SourceInvalid: naming the file, where it is none, was altered, or was sealed for another key.
    """
    kind, told = read(path)
    if kind != "sealed":
        raise SourceInvalid(f"{path.name}: is suppressed, and sealed files were asked for")
    try:
        opened = jwe.decrypt_compact(told["sealed"], _key(key), registry=_registry())
    except (JoseError, ValueError):
        raise SourceInvalid(
            f"{path.name}: does not open with {key.name}; it was sealed for another key"
        ) from None
    text = opened.plaintext or b""
    try:  # whoever has the public key can seal anything
        inside = json.loads(inflated(text, path.name) if opened.headers().get("cty") == "deflate" else text)
        of, body = inside["of"], inside["body"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise SourceInvalid(f"{path.name}: opens, and holds no counts; ask for it again") from None
    if of != told["of"]:
        raise SourceInvalid(f"{path.name}: says outside what it does not say inside; ask for it again")
    held: dict[str, Any] = body
    return held


def _registry() -> jwe.JWERegistry:
    """The two ways we seal in and no other; as long as a file may be."""
    known = jwe.JWERegistry(algorithms=["ECDH-ES", "A256GCM", "DEF"])
    known.max_ciphertext_length = LONGEST
    return known


def _key(path: Path) -> ECKey:
    try:
        return ECKey.import_key(path.read_bytes())
    except OSError:
        raise SourceInvalid(f"{path}: no such key; `rounds federate keys` makes a pair") from None
    except (JoseError, ValueError):
        raise SourceInvalid(f"{path.name}: is no key of `rounds federate keys`") from None

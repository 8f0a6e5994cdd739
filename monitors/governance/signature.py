"""Signatures: a person's Ed25519 key over the ledger as it stands, kept as an entry of its own.

An entry's hash covers every entry before it, so one signature stands for all of them. Whoever
writes the chain anew without the key cannot make one.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from monitors.canonical import canonical
from monitors.errors import LedgerError
from monitors.ledger import Entry, Ledger

KIND = "signature"


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that holds: of which entry, by which key, meaning what; `known` if that key was given."""

    seq: int
    of: int
    key: str
    meaning: str
    known: bool


def make_key(path: Path) -> str:
    """Write a new key to a file only its owner reads, its public half beside it as `.pub`; returns its id.

    Raises LedgerError where the file is there already: a key that is overwritten cannot be had again.
    """
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        raise LedgerError(f"{path} is there already; name another file") from None
    path.write_bytes(private)
    path.with_name(path.name + ".pub").write_bytes(public)
    return key_id(key.public_key())


def key_id(key: Ed25519PublicKey) -> str:
    """What a key is called by: the first 16 hexadecimal digits of the SHA-256 of its 32 bytes."""
    return "ed25519:" + hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def private_key(path: Path) -> Ed25519PrivateKey:
    """A key from a PEM file. Raises LedgerError naming it where it is none."""
    try:
        key = load_pem_private_key(_read(path), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise LedgerError(
            f"{path} is no Ed25519 private key in PEM without a password; `rounds key` makes one"
        )
    return key


def public_key(path: Path) -> Ed25519PublicKey:
    """The public half of a key from a PEM file. Raises LedgerError naming it where it is none."""
    try:
        key = load_pem_public_key(_read(path))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise LedgerError(f"{path} is no Ed25519 public key in PEM; give the file that ends in .pub")
    return key


def sign(ledger: Ledger, entry: Entry, key: Ed25519PrivateKey, meaning: str) -> Entry:
    """Sign one entry, and with it all before it, saying what the signature means."""
    said = {"of": entry.seq, "hash": entry.hash, "meaning": meaning}
    public = key.public_key()
    body = {
        **said,
        "key": key_id(public),
        "public_key": base64.b64encode(public.public_bytes_raw()).decode(),
        "signature": base64.b64encode(key.sign(canonical(said).encode())).decode(),
    }
    return ledger.append(KIND, f"{entry.hash}|{body['key']}|{meaning}"[:512], body, model=entry.model)


def verified(ledger: Ledger, trusted: Sequence[Ed25519PublicKey] = ()) -> tuple[Signed, ...]:
    """Every signature, oldest first, each checked against the chain as it is now.

    Raises LedgerError where one does not hold, and where a trusted key has signed nothing.
    """
    known = {key_id(key) for key in trusted}
    found = []
    for entry in sorted(ledger.entries(KIND), key=lambda e: e.seq):
        body = entry.body
        said = {name: body[name] for name in ("of", "hash", "meaning")}
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(body["public_key"]))
        try:
            key.verify(base64.b64decode(body["signature"]), canonical(said).encode())
        except InvalidSignature:
            raise LedgerError(f"entry {entry.seq}: the signature does not hold") from None
        if ledger.place(body["hash"]) != body["of"] or key_id(key) != body["key"]:
            raise LedgerError(f"entry {entry.seq}: what it signs is not entry {body['of']} of this ledger")
        found.append(Signed(entry.seq, body["of"], body["key"], body["meaning"], body["key"] in known))
    if absent := known - {signed.key for signed in found}:
        raise LedgerError(f"{min(absent)} has signed nothing here: its signatures were cut off or rewritten")
    return tuple(found)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LedgerError(f"{path}: {error.strerror}") from None

"""Where files lie: on this machine, or in an object store (S3, Google, Azure) by PyArrow's file systems."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flows.addresses import why_not
from monitors.errors import SourceInvalid, SourceUnavailable

STORES = ("s3", "gs", "abfs", "abfss")
_CONNECT, _ANSWER = 10.0, 60.0  # seconds
_AZURE = re.compile(
    r"[a-z0-9$-]+@[a-z0-9]+\.(dfs|blob)\.core\.(windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)"
)
_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Place:
    """One file.

    Attributes:
        name: what messages call it.
        path: what the engine reads it by.
        size: in bytes.
        changed: nanoseconds since 1970.
        open: opens it to be read.
        store: the protocol and file system it lies in; None on this machine.
    """

    name: str
    path: str
    size: int
    changed: int
    open: Callable[[], Any] = field(compare=False)
    store: tuple[str, Any] | None = field(default=None, compare=False)


def found(declared: Iterable[str], folder: Path) -> list[Place]:
    """Every file that paths, globs and addresses name, sorted; `folder` is where relative ones start.

    Raises:
        SourceInvalid: naming the path, where there is none, or one is empty.
        SourceUnavailable: where a store does not answer.
    """
    every: dict[str, Place] = {}
    for pattern in declared:
        scheme, sign, _ = pattern.partition("://")
        here = _in_store(pattern) if sign and scheme in STORES else _local(pattern, folder)
        if not here:
            looked = pattern if sign else f"{folder}"
            raise SourceInvalid(f"{pattern}: no such file, looked for in {looked}; check `source.path`")
        if empty := [place.name for place in here if place.size == 0]:
            told = ", ".join(map(repr, empty[:8]))
            raise SourceInvalid(f"{told}: the file is empty; was it still being written?")
        every |= {place.path: place for place in here}
    return [every[path] for path in sorted(every)]


def mount(places: Iterable[Place], connection: Any) -> bool:
    """Let an embedded DuckDB read the stores that files lie in; whether there are any."""
    stores = {place.store[0]: place.store[1] for place in places if place.store}
    for protocol, system in stores.items():
        connection.register_filesystem(_readable(protocol, system))
    return bool(stores)


def _local(pattern: str, folder: Path) -> list[Place]:
    matched = sorted(glob.glob(str(folder / pattern), recursive=True))  # noqa: PTH207  takes absolute ones too
    files = [Path(path) for path in matched if Path(path).is_file()]
    facts = [(path, path.stat()) for path in files]
    return [Place(p.name, str(p), s.st_size, s.st_mtime_ns, partial(p.open, "rb")) for p, s in facts]


# --------------------------------------------------------------------------------------- stores
def _in_store(address: str) -> list[Place]:
    """The files of a store that an address names."""
    from pyarrow import fs

    parts = urlsplit(address, allow_fragments=False)
    secret = parts.password or (parts.username and parts.scheme in ("s3", "gs"))
    if secret or "?" in parts.netloc or re.search(r"[?&][\w-]+=", address):
        # Not the address: it may hold a key.
        raise SourceInvalid(
            f"source.path: an address in {parts.scheme}:// names a bucket and a path and nothing else; "
            f"credentials and endpoints come from the environment (docs/stores.md)"
        )
    bucket = parts.username if parts.scheme.startswith("abfs") else parts.netloc
    if not bucket:
        raise SourceInvalid(f"source.path: {parts.scheme}:// needs a bucket (docs/stores.md)")
    key = address.split("://", 1)[1].removeprefix(parts.netloc).strip("/")
    plain = key.split("/")
    wild = next((i for i, part in enumerate(plain) if _WILD.search(part)), None)
    try:
        system = opened(parts.scheme, parts.netloc, bucket)
        if wild is None:
            held = system.get_file_info([f"{bucket}/{key}"])
        else:
            inside = "/".join([bucket, *plain[:wild]])
            held = system.get_file_info(fs.FileSelector(inside, recursive=True, allow_not_found=True))
    except OSError as error:
        raise unreachable(address, error) from None
    wanted = matching(f"{bucket}/{key}")
    protocol = f"rounds-{parts.scheme}-{re.sub('[^a-z0-9]', '-', parts.netloc.lower())}"
    return [
        Place(
            info.path.rpartition("/")[2],
            f"{protocol}://{info.path}",
            info.size,
            info.mtime_ns or 0,
            partial(system.open_input_file, info.path),
            (protocol, system),
        )
        for info in held
        if info.type == fs.FileType.File and wanted.fullmatch(info.path)
    ]


def opened(scheme: str, where: str, bucket: str) -> Any:
    """A store's file system; who asks, and at which endpoint, is in the environment."""
    from pyarrow import fs

    if scheme == "s3":
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        if endpoint and (why := why_not(endpoint)):
            raise SourceInvalid(f"AWS_ENDPOINT_URL: {why}")
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        if region is None and endpoint is None:
            region = fs.resolve_s3_region(bucket)
        at = urlsplit(endpoint) if endpoint else None
        return fs.S3FileSystem(
            region=region,
            endpoint_override=at.netloc if at else None,
            scheme=at.scheme if at else "https",
            connect_timeout=_CONNECT,
            request_timeout=_ANSWER,
        )
    if scheme == "gs":
        return fs.GcsFileSystem(retry_time_limit=timedelta(seconds=_ANSWER))
    if not _AZURE.fullmatch(where):  # a token would be sent to whoever is named there
        raise SourceInvalid(
            f"source.path: {scheme}:// is followed by container@account.dfs.core.windows.net (docs/stores.md)"
        )
    return fs.FileSystem.from_uri(f"{scheme}://{where}")[0]


def matching(pattern: str) -> re.Pattern[str]:
    """What a glob matches: `*` and `?` within a folder's name, `**` any folders.

    >>> bool(matching("b/**/day=*/p?.parquet").fullmatch("b/day=2026-01-05/p1.parquet"))
    True
    >>> bool(matching("b/*.parquet").fullmatch("b/old/p.parquet"))
    False
    """
    said = ""
    for part in re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", pattern):
        known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
        listed = re.fullmatch(r"\[([!^]?)([^\]]+)\]", part)
        if listed:
            among = re.escape(listed[2]).replace(r"\-", "-")
            said += f"[{'^' if listed[1] else ''}{among}]"
        else:
            said += known.get(part, re.escape(part))
    return re.compile(said)


def unreachable(where: str, error: OSError) -> SourceUnavailable | SourceInvalid:
    """What is said of a store that refuses or does not answer; never what it was asked with."""
    told = str(error)
    if any(sign in told for sign in ("ACCESS_DENIED", "AccessDenied", "403", "401", "InvalidAccessKeyId", "SignatureDoesNotMatch", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH")):  # fmt: skip  # noqa: E501
        return SourceInvalid(f"{where}: refused; check the credentials in the environment (docs/stores.md)")
    if any(sign in told for sign in ("NO_SUCH_BUCKET", "NoSuchBucket")):
        return SourceInvalid(f"{where}: no such bucket; check `source.path`")
    return SourceUnavailable(f"{where}: the store cannot be reached ({type(error).__name__})")


def _readable(protocol: str, system: Any) -> Any:
    """A PyArrow file system in the form DuckDB takes."""
    from fsspec import AbstractFileSystem
    from fsspec.implementations.arrow import ArrowFSWrapper

    class Store(ArrowFSWrapper):  # type: ignore[misc]
        """Under a protocol of its own, so that no extension of the engine's answers for it."""

        cachable = False

        @property
        def protocol(self) -> str:
            return protocol

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return path.removeprefix(f"{protocol}://").strip("/")

        def glob(self, path: str, **_: Any) -> list[str]:
            # Every file is named one by one: to look again would cost a request each.
            return [self._strip_protocol(path)]

    made: AbstractFileSystem = Store(system)
    return made

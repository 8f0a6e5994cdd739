"""The licences of all that is locked, from what each package says of itself: docs/licences.md, checked.

`python -m scripts.licences` writes the page, or ends with an error where a licence is not known or allowed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/licences.md"
LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)
# What may be used beside Apache-2.0 code that calls it and does not contain it.
ALLOWED = re.compile(
    r"\b(MIT|MIT-0|MIT-CMU|BSD|0BSD|Apache|ISC|PSF|Python Software Foundation|Python-2\.0|MPL|Mozilla|LGPL|"
    r"Lesser|Artistic|Unlicense|Zlib|ZPL|CC0|HPND|Boost|BSL-1\.0|NCSA|Public Domain|Historical Permission)\b",
    re.IGNORECASE,
)
REFUSED = re.compile(
    r"\b(AGPL|Affero|SSPL|BUSL|Business Source|Commons Clause|Proprietary)\b|(?<!L)\bGPL", re.I
)
# Read by a person in the package's own files, where what it says for programs is nothing or unclear, or where
# the lock has it for some machines only: the page is the same wherever it is written.
READ: Mapping[str, str] = {
    "async-timeout": "Apache-2.0",  # before Python 3.11.3
    "cffi": "MIT-0",
    "gunicorn": "MIT",  # not on Windows
    "huey": "MIT",
    "skops": "MIT",
    "pendulum": "MIT",  # before Python 3.13
    "psycopg-binary": "LGPL-3.0-only",
    "pycparser": "BSD-3-Clause",
    "pywin32": "PSF-2.0 AND LGPL-2.1-or-later",  # Windows
    "ruamel-yaml-clib": "MIT",
    "text-unidecode": "Artistic-1.0 OR GPL-2.0-or-later",  # lists both, and means either
    "uvloop": "MIT OR Apache-2.0",  # not on Windows
    "waitress": "ZPL-2.1",  # Windows
    "whenever": "MIT",  # from Python 3.13
}


@dataclass(frozen=True, slots=True)
class Package:
    """A locked package and its licence, "" where nothing says it."""

    name: str
    version: str
    licence: str

    @property
    def wrong(self) -> str:
        """Why it cannot be shipped; "" where it can."""
        if not self.licence:
            return "says no licence; read its files and write it into READ"
        # "MIT OR GPL-2.0" may be taken as MIT.
        choices = re.split(r"\s+OR\s+", self.licence)
        if all(REFUSED.search(choice) or not ALLOWED.search(choice) for choice in choices):
            return f"is under {self.licence}"
        return ""


def locked(text: str) -> list[tuple[str, str]]:
    r"""Names and versions in a lock.

    >>> locked("a==1.0 --hash=sha256:0\nb-c==2 ; python_version < '3.12'")
    [('a', '1.0'), ('b-c', '2')]
    """
    return [(name, version) for name, version in LOCKED.findall(text)]


def said(name: str) -> str:
    """What a package says its licence is, in one line; "" where nothing says it and nobody read it."""
    if name in READ:
        return READ[name]
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return ""
    if "License-Expression" in told:
        return str(told["License-Expression"])
    classed = [
        line.rpartition("::")[2].strip() for line in told.get_all("Classifier", []) if "License ::" in line
    ]
    named = [each for each in classed if each != "OSI Approved"]
    if named:
        return " AND ".join(sorted(set(named)))
    held = "\n".join(told.get_all("License", []))
    first = next((line.strip() for line in held.splitlines() if line.strip()), "")
    return first if len(first) < 80 else first[:77] + "…"


def packages(text: str) -> list[Package]:
    """All of a lock, whatever Python and machine each is for."""
    return [Package(name, version, said(name)) for name, version in sorted(set(locked(text)))]


def page(held: Iterable[Package]) -> str:
    """The page."""
    lines = [f"| {p.name} | {p.version} | {p.licence.replace('|', '/')} |" for p in held]
    return "\n".join(
        [
            "# Licences",
            "",
            "<!-- Written by `make sbom` from what each package says of itself. Do not edit. -->",
            "",
            "Rounds is under Apache-2.0. These are the packages of requirements.lock it runs on, and among",
            "them those that one Python or Windows alone needs; none is contained in it. What is (htmx,",
            "Inter, data) stands with its licence beside it and in NOTICE.",
            "`make sbom` fails where a package says no licence, or one that asks more than these do.",
            "",
            "| package | version | licence |",
            "|---|---|---|",
            *lines,
            "",
        ]
    )


def main() -> int:
    """Write the page; the number of packages that cannot be shipped."""
    held = packages((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    wrong = [f"{p.name} {p.version} {p.wrong}" for p in held if p.wrong]
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return 1
    PAGE.write_text(page(held), encoding="utf-8")
    print(f"docs/licences.md: {len(held)} packages, each under a licence that may be used")
    return 0


if __name__ == "__main__":
    sys.exit(main())

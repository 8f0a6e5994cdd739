"""A folder in which the pages' blocks of code run, and `rounds` in this very process."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from unittest.mock import patch

from markdown_it import MarkdownIt

import rounds

ROOT = Path(__file__).parents[2]
_MARKDOWN = MarkdownIt("commonmark")
_KEPT = ("ROUNDS_", "MLFLOW_TRACKING", "PREFECT_API")


@dataclass(frozen=True)
class Block:
    """One block of code: of which page, in which line, in which language, and what it says."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: str) -> list[Block]:
    """Every block of a page, fenced or indented, as Markdown itself finds them."""
    found = _MARKDOWN.parse((ROOT / page).read_text(encoding="utf-8"))
    return [
        Block(page, token.map[0] + 1, token.info.strip(), token.content)
        for token in found
        if token.type in ("fence", "code_block") and token.map
    ]


@dataclass
class Place:
    """A folder to stand in, with a home of its own."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """What stands on the page, and what it is here: an id, somebody's share."""
    said: str = ""
    """What the last command printed."""

    @contextlib.contextmanager
    def standing(self) -> Iterator[None]:
        """Stand in the folder, in an environment that is put back afterwards."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_KEPT)}
        with (
            patch.dict(os.environ, {**kept, "COLUMNS": "100", **self.environment}, clear=True),
            contextlib.chdir(self.folder),
        ):
            yield

    def rounds(self, *arguments: str) -> int:
        """Run a command as a shell would; its exit status."""
        out, err, status = StringIO(), StringIO(), 0
        level = logging.getLogger("rounds").level
        argv = patch.object(sys, "argv", ["rounds", *arguments])
        try:
            with self.standing(), argv, redirect_stdout(out), redirect_stderr(err):
                rounds.main()
        except SystemExit as ended:
            status = int(ended.code or 0)
        finally:
            logging.getLogger("rounds").setLevel(level)
        self.said = out.getvalue() + (err.getvalue() if status else "")
        return status

"""Set a document by Typst as PDF/UA-1 and PDF/A-2a: the same files give the same bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Literal

from dashboards.templating import HERE

STANDARDS: list[Literal["ua-1", "a-2a"]] = ["ua-1", "a-2a"]
FONTS = HERE / "static" / "vendor"


def typeset(template: Path, files: Mapping[str, str], generated: str) -> bytes:
    """The document; no font but the shipped ones is looked at unless a name needs another script.

    Args:
        template: what Typst reads.
        files: what the template reads, text by name.
        generated: the moment the document says it was made at, in ISO 8601.
    """
    import typst  # an engine of its own: only when a PDF is asked for

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in {**files, template.name: template.read_text(encoding="utf-8")}.items():
            (folder / file).write_text(text, encoding="utf-8")
        made: bytes | None = None
        for alone in (True, False):
            try:
                made = typst.compile(
                    str(folder / template.name),
                    root=str(folder),
                    font_paths=[str(FONTS)],
                    ignore_system_fonts=alone,
                    format="pdf",
                    pdf_standards=[*STANDARDS],
                    timestamp=int(datetime.fromisoformat(generated).timestamp()),
                )
                break
            except typst.TypstError as error:
                if not alone or "could not be displayed" not in str(error):
                    raise
    assert isinstance(made, bytes)  # noqa: S101  one file was asked for
    return _packed(made)


def _packed(made: bytes) -> bytes:
    """The same objects in a third of the room: Typst writes the tag of every cell of a table in full."""
    import pikepdf

    with pikepdf.open(BytesIO(made)) as document:
        packed = BytesIO()
        document.save(
            packed, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True
        )  # the file's name for itself comes from what is in it, not from the clock
    return packed.getvalue()

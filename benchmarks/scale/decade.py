"""Ten years of daily windows of 100 models in one ledger, and what they make `rounds status` and pages take.

`python -m benchmarks.scale.decade FOLDER [MODELS] [YEARS]` needs 15 GB of disk. A month is audited as any
is; the ledger then holds what that month's entries would be of each model and month, chained as the ledger
chains them. Profiles are left out but of the last month: no page of a window reads another's.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.scale import rows
from flows import run as runs
from flows.home import Home, open_ledger
from flows.owing import enrol
from flows.source import read
from monitors import entry_table, glance
from monitors.canonical import canonical
from monitors.carried import chained
from monitors.chain import GENESIS, hashed
from monitors.ledger import Entry, Ledger
from monitors.notice import Notice
from monitors.release import RULES
from monitors.window import Window, utc

ROOT = Path(__file__).parents[2]
MONTH, BROKEN = 28, (13, 14)  # days that are audited, and those of them on which a column is lost
END = date(2026, 3, 2)
AT_ONCE = 20_000


def name(number: int) -> str:
    """What the model of that number is called."""
    return f"model-{number:03d}"


def month(folder: Path) -> tuple[Path, Ledger]:
    """One model's month, audited as any is; its file and its ledger."""
    first = END - timedelta(days=MONTH)
    if (folder / "month-whole").exists():
        return folder / f"{name(0)}.yaml", open_ledger(Home.of({}, folder / "month"))
    rows.feed(folder / "feed", first, MONTH, 1, BROKEN)
    file = folder / f"{name(0)}.yaml"
    file.write_text(rows.declared(name(0), folder / "feed", first, "never"))
    (folder / "channels.yaml").write_text("channels: {here: {kind: log, at_once: [page, ticket]}}\n")
    home = Home.of({}, folder / "month")
    for day in range(MONTH):
        at = datetime(first.year, first.month, first.day, 6, tzinfo=UTC) + timedelta(days=day + 1)
        if day == 0:
            enrol(read(file), open_ledger(home), at)
        list(runs.run(file, home, runs.last_complete, at, copy=False))
    (folder / "month-whole").touch()
    return file, open_ledger(home)


@dataclass(frozen=True)
class Body:
    """A body whose long beginning is compressed and hashed once; what differs stands at its end."""

    tail: str
    packed: bytes
    sha: Any
    adler: int

    @classmethod
    def of(cls, text: str, at: int) -> Body:
        head = text[:at].encode()
        squeezed = zlib.compressobj(6)
        packed = squeezed.compress(head) + squeezed.flush(zlib.Z_FULL_FLUSH)
        return cls(text[at:], packed, hashlib.sha256(head), zlib.adler32(head))

    def ended(self, tail: str) -> tuple[bytes, str]:
        """Compressed, and its digest, as the ledger would have them."""
        sha, end = self.sha.copy(), tail.encode()
        sha.update(end)
        raw = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = raw.compress(end) + raw.flush()
        checked = zlib.adler32(end, self.adler).to_bytes(4, "big")
        return self.packed + packed + checked, f"sha256:{sha.hexdigest()}"


@dataclass(frozen=True)
class Day:
    """The entries that one audited day left, to be said of another model and day."""

    audit: Entry
    release: Entry
    weighed: Entry
    weighed_text: str
    alerts: tuple[Entry, ...]
    bodies: dict[str, Body]

    @classmethod
    def of(cls, ledger: Ledger, head: Entry) -> Day:
        audit = ledger.get("audit", head.key)
        release = ledger.get("release", f"{head.digest}|{RULES}")
        weighed = ledger.get("weighed", head.digest)
        assert audit is not None
        assert release is not None
        assert weighed is not None
        alerts = tuple(ledger.entries("alert", window=audit.window))
        bodies = {}
        for each in (audit, release):
            text = canonical(each.body)
            bodies[each.kind] = Body.of(text, text.rindex(',"model":'))
        return cls(audit, release, weighed, canonical(weighed.body), alerts, bodies)

    def said_of(self, model: str, window: Window, history: str) -> Iterator[dict[str, Any]]:
        """Its rows, but for their place in the chain; the last but the alerts' is the weighed one."""
        was = str(self.audit.window)

        def moved(text: str) -> str:
            return text.replace(was, str(window)).replace(f'"{name(0)}"', f'"{model}"')

        def row(entry: Entry, key: str, body: bytes, digest: str) -> dict[str, Any]:
            return {
                "kind": entry.kind, "key": key, "model": model, "version": entry.version,
                "stage": entry.stage,
                "window": str(window), "window_end": utc(window.end), "body": body, "digest": digest,
                "summary": canonical(dict(entry.summary)),
            }  # fmt: skip

        body, digest = self.bodies["audit"].ended(moved(self.bodies["audit"].tail))
        yield row(self.audit, self.audit.key.replace(was, str(window)).replace(name(0), model), body, digest)
        # What stands is read from the last windows alone, which bear it; the many before bear nothing.
        last = window.end > datetime(END.year, END.month, END.day, tzinfo=UTC) - timedelta(days=MONTH)
        text = self.weighed_text if last else "{}"
        weighed = moved(text).replace(self.weighed.body["history"], chained(history, digest))
        shown, shown_digest = self.bodies["release"].ended(moved(self.bodies["release"].tail))
        yield row(self.release, f"{digest}|{RULES}", shown, shown_digest)
        for kind, key, text in (
            ("copied", digest, canonical({"run_id": digest[7:39]})),
            ("weighed", digest, weighed),
            *(("alert", f"{told.key}|{told.status}", canonical(told.payload()))
              for told in self._told(model, window)),
        ):  # fmt: skip
            packed, whole = zlib.compress(text.encode(), 1), hashlib.sha256(text.encode()).hexdigest()
            source = self.weighed if kind != "alert" else self.alerts[0]
            yield {**row(source, key, packed, f"sha256:{whole}"), "kind": kind}

    def _told(self, model: str, window: Window) -> Iterator[Notice]:
        """Its alerts, each beginning and end as many days later as the day is: an episode has one key."""
        later = window.start - Window.parse(str(self.audit.window)).start
        for entry in self.alerts:
            told = Notice.read(json.loads(canonical(entry.body).replace(f'"{name(0)}"', f'"{model}"')))
            ends = told.ends + later if told.ends else None
            yield replace(told, starts=told.starts + later, ends=ends)


def write(ledger: Ledger, template: Ledger, models: int, days: int) -> int:
    """Fill the ledger, day by day as it would have been; returns how many entries it has."""
    pattern = [Day.of(template, head) for head in template.heads(name(0))]
    start = datetime(END.year, END.month, END.day, tzinfo=UTC) - timedelta(days=days)
    histories = dict.fromkeys(map(name, range(models)), "")
    held: list[dict[str, Any]] = []
    seq, previous = 0, GENESIS
    named = [column.name for column in entry_table.entries.c]
    insert = f"INSERT INTO rounds_entries VALUES ({', '.join(f':{column}' for column in named)})"
    with closing(sqlite3.connect(ledger.url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        for setting in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-400000"):
            connection.execute(f"PRAGMA {setting}")
        for entry in [e for kind in ("config", "reference", "watched") for e in template.entries(kind)]:
            for model in histories:
                text = canonical(entry.body)
                same = entry.kind == "config" or model == name(0)
                held.append({
                    "kind": entry.kind, "key": entry.key if same else f"{entry.key}|{model}", "model": model,
                    "version": entry.version, "window": entry.window, "stage": entry.stage,
                    "window_end": (entry.window or "").partition("/")[2] or None, "summary": "{}",
                    "body": zlib.compress(text.encode()), "digest": entry.digest, "at": utc(start),
                })  # fmt: skip
                if entry.kind == "config":
                    break
        for day in range(days):
            window = Window(start + timedelta(days=day), start + timedelta(days=day + 1))
            at = utc(window.end + timedelta(hours=6))
            like = pattern[(day - days) % MONTH]
            for model in histories:
                for made in like.said_of(model, window, histories[model]):
                    held.append({**made, "at": at})
                    if made["kind"] == "audit":
                        histories[model] = chained(histories[model], made["digest"])
            if len(held) > AT_ONCE or day == days - 1:
                for line in held:
                    seq += 1
                    line |= {"seq": seq, "previous": previous}
                    line["hash"] = previous = hashed(line)
                connection.execute("BEGIN")
                connection.executemany(insert, held)
                connection.execute("COMMIT")
                held.clear()
                print(f"{window}: {seq:,} entries", file=sys.stderr, flush=True)
    return seq


def ran(command: Sequence[str], env: dict[str, str]) -> dict[str, float]:
    """Wall and processor seconds of a process."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall_s": round(time.perf_counter() - begun, 2), "cpu_s": round(spent, 2)}


def pages(folder: Path, ledger: Ledger, models: int) -> dict[str, Any]:
    """Each page of models nobody opened yet, and again: milliseconds of the processor, in the process."""
    from starlette.testclient import TestClient

    from dashboards.app import create_app
    from monitors.release import kept

    config = read(folder / f"{name(0)}.yaml")
    configs = {name(n): config.model_copy(update={"model": name(n)}) for n in range(models)}
    now = datetime(END.year, END.month, END.day, 7, tzinfo=UTC)
    app = create_app(ledger, configs, published=lambda audit: kept(ledger, audit), now=lambda: now)
    found: dict[str, Any] = {}
    gc.collect()  # as `rounds serve` does before it listens
    gc.freeze()
    with TestClient(app, base_url="http://127.0.0.1") as client:

        def timed(path: str) -> tuple[float, float]:
            cpu, wall = time.process_time(), time.perf_counter()
            answer = client.get(path)
            assert answer.status_code == 200, (path, answer.status_code)
            return (time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000

        timed("/models/model-000")  # templates and modules are loaded
        for page in ("", "/groups", "/features", "/features/x001", "/window"):
            which = list(range(1, min(models, 8)))
            if page:
                first = [timed(f"/models/{name(n)}{page}") for n in which[:3]]
            else:
                first = [timed(f"/models/{name(n)}") for n in which]
            again = [timed(f"/models/{name(which[0])}{page}") for _ in range(5)]
            found[page or "model"] = {
                "first_cpu_ms": round(statistics.median(c for c, _ in first)),
                "first_wall_ms": round(statistics.median(w for _, w in first)),
                "again_cpu_ms": round(statistics.median(c for c, _ in again)),
                "again_wall_ms": round(statistics.median(w for _, w in again)),
            }
        for path in ("/", "/health", "/metrics", "/api/models/model-001/windows.csv"):
            (first_cpu, first_wall), (again_cpu, again_wall) = timed(path), timed(path)
            found[path] = {"first_cpu_ms": round(first_cpu), "first_wall_ms": round(first_wall),
                           "again_cpu_ms": round(again_cpu), "again_wall_ms": round(again_wall)}  # fmt: skip
    return found


def night(folder: Path, ledger: Ledger) -> dict[str, Any]:
    """Processor seconds of a day's run after the whole history, and after one month."""
    first, midnight = END - timedelta(days=MONTH), datetime(END.year, END.month, END.day, tzinfo=UTC)
    file = folder / f"{name(0)}.yaml"
    found: dict[str, Any] = {}
    random = rows.np.random.default_rng(9)
    for day in range(2):
        made = rows.frame(rows.ROWS, rows.COLUMNS, random, 0)
        start = midnight + timedelta(days=day)
        rows._stored(folder / "feed" / f"later-{day}.parquet", made, start, timedelta(days=1))
        for which, url in (("month", f"sqlite:///{folder}/month/ledger.db"), ("years", ledger.url)):
            home = Home.of({"ROUNDS_LEDGER_URL": url}, folder / f"home-{which}")
            at, begun = start + timedelta(days=1, hours=6), time.process_time()
            file.write_text(rows.declared(name(0), folder / "feed", first, "never"))
            done = list(runs.run(file, home, None, at, copy=True))
            # The first day is for what is loaded once, and for what the month's ledger still owes MLflow.
            found[f"after_{which}_cpu_s"] = round(time.process_time() - begun, 2)
            found[f"after_{which}_audits"] = len(done)
    return found


def measure(folder: Path, models: int = 100, years: float = 10) -> dict[str, Any]:
    """Makes the ledger where it is not there, and measures."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / "ledger.db"
    days = round(years * 365.25)
    ledger = Ledger(f"sqlite:///{place}", lambda: datetime(END.year, END.month, END.day, 7, tzinfo=UTC))
    if not (folder / "whole").exists():
        _, template = month(folder)
        entries = write(ledger, template, models, days)
        for number in range(models):
            glance.keep(ledger, name(number))
        (folder / "whole").write_text(str(entries))
    env = {**os.environ, "ROUNDS_HOME": str(folder / "home"), "ROUNDS_LEDGER_URL": ledger.url}
    status = [sys.executable, str(ROOT / "rounds.py"), "status"]
    ran(status, env)
    found: dict[str, Any] = {
        "models": models, "days": days, "entries": int((folder / "whole").read_text()),
        "gigabytes": round(place.stat().st_size / 1e9, 2),
        "help": ran([sys.executable, str(ROOT / "rounds.py"), "--help"], env),
        "status": ran(status, env),
        "pages": pages(folder, ledger, models),
        "night": night(folder, ledger),
    }  # fmt: skip
    return found


if __name__ == "__main__":
    _, _, *sized = sys.argv
    print(json.dumps(measure(Path(sys.argv[1]), *(int(part) for part in sized[:1]), *map(float, sized[1:]))))

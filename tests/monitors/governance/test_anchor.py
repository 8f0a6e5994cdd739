"""Anchors and signatures: what a chain alone cannot show, shown by what was kept elsewhere."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitors.errors import LedgerError
from monitors.governance import signature
from monitors.governance.anchor import PROVES, UNANCHORED, Anchor, anchor, hold, parse, shown
from monitors.ledger import GENESIS, Ledger

NOW = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)
KINDS = ("profile", "audit", "release", "plan", "alert", "signed", "decision", "action", "tool", "export")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Ledger:
    """An entry of each of many kinds."""
    made = Ledger(f"sqlite:///{path}", lambda: NOW)
    for i, kind in enumerate(KINDS):
        made.append(kind, str(i), {"n": i, "said": f"the {kind}"}, model="sepsis", summary={"n": i})
    return made


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The file in the hands of whoever runs the machine: the guards dropped first."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for verb in ("UPDATE", "DELETE"):
            connection.execute(f"DROP TRIGGER IF EXISTS rounds_entries_{verb}")
        yield connection


def rewritten(path: Path, first: int) -> Ledger:
    """The whole chain from an entry on written anew, with another body there, every hash put right."""
    with opened(path) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(rounds_entries)")]
        rows = [
            dict(zip(columns, row, strict=True))
            for row in connection.execute("SELECT * FROM rounds_entries ORDER BY seq")
        ]
        connection.execute("DELETE FROM rounds_entries")
    again = Ledger(f"sqlite:///{path}", lambda: NOW)
    for row in rows:
        body = json.loads(zlib.decompress(row["body"]))
        if row["seq"] == first:
            body["said"] = "something else"
        summary = json.loads(row["summary"])
        again.append(row["kind"], row["key"], body, model=row["model"], summary=summary)
    return again


@pytest.mark.parametrize("column", ["at", "kind", "key", "model", "summary", "body", "digest", "hash"])
@pytest.mark.parametrize("seq", range(1, len(KINDS) + 1))
def test_one_changed_byte_of_one_entry_is_found_without_any_anchor(
    ledger: Ledger, path: Path, seq: int, column: str
) -> None:
    with opened(path) as connection:
        query = f"SELECT CAST({column} AS BLOB) FROM rounds_entries WHERE seq = ?"
        (value,) = connection.execute(query, (seq,)).fetchone()
        changed = bytearray(value)
        changed[-1] ^= 1
        put: bytes | str = bytes(changed) if column == "body" else changed.decode()
        connection.execute(f"UPDATE rounds_entries SET {column} = ? WHERE seq = ?", (put, seq))
    with pytest.raises(LedgerError, match=rf"entry {seq} .* was altered"):
        hold(ledger, ())


def test_a_cut_off_tail_is_found_by_the_anchor_and_only_by_it(ledger: Ledger, path: Path) -> None:
    kept = anchor(ledger, NOW)
    with opened(path) as connection:
        connection.execute("DELETE FROM rounds_entries WHERE seq > 7")
    assert hold(ledger, ()).entries == 7
    for anchors in ([kept], [Anchor(kept.head)]):
        with pytest.raises(LedgerError, match="cut off or rewritten"):
            hold(ledger, anchors)
    with pytest.raises(LedgerError, match="7 entries where there were 10"):
        hold(ledger, (), least=10)


@pytest.mark.parametrize("first", [1, 5, len(KINDS)])
def test_a_chain_written_anew_is_found_by_the_anchor_and_only_by_it(
    ledger: Ledger, path: Path, first: int
) -> None:
    kept = anchor(ledger, NOW)
    forged = rewritten(path, first)
    assert hold(forged, (), least=len(KINDS)).entries == len(KINDS), "the chain itself is whole again"
    with pytest.raises(LedgerError, match="cut off or rewritten"):
        hold(forged, [kept])


def test_writing_the_same_again_is_no_forgery(ledger: Ledger, path: Path) -> None:
    kept = anchor(ledger, NOW)
    assert hold(rewritten(path, first=0), [kept]).entries == len(KINDS)


def test_every_anchor_of_a_file_is_checked_not_only_the_last(ledger: Ledger) -> None:
    early = anchor(ledger, NOW)
    ledger.append("note", "later", {})
    late = anchor(ledger, NOW)
    assert hold(ledger, [early, late]).entries == len(KINDS) + 1
    false = Anchor("sha256:" + "0" * 63 + "1", 3)
    with pytest.raises(LedgerError, match="cut off or rewritten"):
        hold(ledger, [false, late])


def test_a_head_at_another_place_than_it_was_kept_for_is_found(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="cut off or rewritten"):
        hold(ledger, [Anchor(ledger.head(), 4)])


def test_an_anchor_from_before_anything_was_written_holds(ledger: Ledger) -> None:
    assert hold(ledger, [Anchor(GENESIS, 0)]).entries == len(KINDS)


def test_an_anchor_comes_back_from_its_line_as_it_went(ledger: Ledger) -> None:
    kept = anchor(ledger, NOW)
    assert parse(f"# the privacy office\n\n{kept}\n{kept.head}  # by e-mail\n") == (kept, Anchor(kept.head))


@pytest.mark.parametrize("text", ["abc", "sha256:12", "x sha256:" + "a" * 64, "1 2 sha256:" + "a" * 64])
def test_a_line_that_is_no_anchor_is_refused_with_its_number(text: str) -> None:
    with pytest.raises(LedgerError, match="line 2 is no anchor"):
        parse(f"# kept\n{text}")


def test_what_is_said_to_be_proved_follows_from_what_was_given() -> None:
    proved, not_proved = shown(anchored=False, signed=False)
    assert proved == PROVES[:1]
    assert UNANCHORED in not_proved
    proved, not_proved = shown(anchored=True, signed=True)
    assert proved == PROVES
    assert UNANCHORED not in not_proved


# --- signatures ---


@pytest.fixture
def key(tmp_path: Path) -> Path:
    signature.make_key(tmp_path / "ada.pem")
    return tmp_path / "ada.pem"


def signed(ledger: Ledger, key: Path) -> None:
    last = ledger.last()
    assert last is not None
    signature.sign(ledger, last, signature.private_key(key), "seen and agreed")


def test_a_signature_holds_and_says_whose_key_it_is(ledger: Ledger, key: Path) -> None:
    signed(ledger, key)
    (by_anybody,) = signature.verified(ledger)
    (by_ada,) = signature.verified(ledger, [signature.public_key(Path(f"{key}.pub"))])
    assert (by_anybody.of, by_anybody.known, by_ada.known) == (len(KINDS), False, True)
    assert by_ada.meaning == "seen and agreed"


def test_a_chain_written_anew_cannot_carry_the_signature_on(ledger: Ledger, key: Path, path: Path) -> None:
    signed(ledger, key)
    with pytest.raises(LedgerError, match="is not entry 10 of this ledger"):
        signature.verified(rewritten(path, first=5))


def test_a_signature_whose_words_were_changed_does_not_hold(ledger: Ledger, key: Path, path: Path) -> None:
    signed(ledger, key)
    entry = ledger.entries(signature.KIND)[0]
    with opened(path) as connection:
        connection.execute("DELETE FROM rounds_entries WHERE seq = ?", (entry.seq,))
    ledger.append(signature.KIND, "forged", {**entry.body, "meaning": "refused"})
    with pytest.raises(LedgerError, match="the signature does not hold"):
        signature.verified(ledger)


def test_a_key_that_should_have_signed_and_did_not_is_missed(ledger: Ledger, key: Path) -> None:
    with pytest.raises(LedgerError, match="has signed nothing here"):
        signature.verified(ledger, [signature.public_key(Path(f"{key}.pub"))])


def test_a_key_is_for_its_owner_alone_and_never_overwritten(key: Path) -> None:
    assert key.stat().st_mode & 0o777 == 0o600
    before = key.read_bytes()
    with pytest.raises(LedgerError, match="is there already"):
        signature.make_key(key)
    assert key.read_bytes() == before


def test_a_file_that_is_no_key_is_named(tmp_path: Path, key: Path) -> None:
    (tmp_path / "junk").write_text("junk")
    for read in (signature.private_key, signature.public_key):
        with pytest.raises(LedgerError, match="junk is no Ed25519"):
            read(tmp_path / "junk")
        with pytest.raises(LedgerError, match="absent: No such file"):
            read(tmp_path / "absent")
    with pytest.raises(LedgerError, match=r"ends in \.pub"):
        signature.public_key(key)

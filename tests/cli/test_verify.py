"""Verifying on the command line: anchors are kept, held against, and what that shows is said."""

from __future__ import annotations

import sqlite3

from tests.cli.conftest import Place


def test_an_anchor_file_shows_a_ledger_that_was_cut(held: Place) -> None:
    assert "no such file; --keep begins one" in held.rounds("verify", "--anchor", "kept", status=1).stderr
    unanchored = held.rounds("verify").stdout
    assert "keep the head elsewhere, and give it with --anchor" in unanchored
    held.rounds("verify", "--anchor", "kept", "--keep")
    said = held.rounds("verify", "--anchor", "kept").stdout
    assert "Anchored: " in said
    assert "nothing was cut off and the chain was not written anew" in said
    assert "That what was written is true" in said
    ledger = sqlite3.connect(held.folder / ".rounds" / "ledger.db")
    ledger.execute("DROP TRIGGER rounds_entries_DELETE")
    ledger.execute("DELETE FROM rounds_entries WHERE seq = (SELECT max(seq) FROM rounds_entries)")
    ledger.commit()
    ledger.close()
    held.rounds("verify")
    assert "cut off or rewritten" in held.rounds("verify", "--anchor", "kept", status=1).stderr
    held.rounds("verify", "--min-length", "99", status=1)
    assert "--keep goes with --anchor" in held.rounds("verify", "--keep", status=2).stderr


def test_a_key_signs_the_head_and_its_public_half_checks_it(held: Place) -> None:
    assert "rounds verify --public-key ada.pem.pub" in held.rounds("key", "ada.pem").stdout
    held.rounds("verify", "--sign", "ada.pem")
    done = held.rounds("verify", "--public-key", "ada.pem.pub").stdout
    assert "(a key you gave): the ledger as it stood" in done
    held.rounds("key", "bea.pem")
    assert "has signed nothing here" in held.rounds("verify", "--public-key", "bea.pem.pub", status=1).stderr

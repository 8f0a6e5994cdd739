"""Verifying on the command line: anchors are kept, held against, and what that shows is said."""

from __future__ import annotations

import sqlite3

from tests.cli.conftest import Place


def test_an_anchor_file_shows_a_ledger_that_was_cut(place: Place) -> None:
    place.rounds("run", place.model, "--at", "2026-03-20")
    assert "no such file; --keep begins one" in place.rounds("verify", "--anchor", "kept", status=1).stderr
    unanchored = place.rounds("verify").stdout
    assert "keep the head elsewhere, and give it with --anchor" in unanchored
    place.rounds("verify", "--anchor", "kept", "--keep")
    held = place.rounds("verify", "--anchor", "kept").stdout
    assert "Anchored: " in held
    assert "nothing was cut off and the chain was not written anew" in held
    assert "That what was written is true" in held
    ledger = sqlite3.connect(place.folder / ".rounds" / "ledger.db")
    ledger.execute("DROP TRIGGER rounds_entries_DELETE")
    ledger.execute("DELETE FROM rounds_entries WHERE seq = (SELECT max(seq) FROM rounds_entries)")
    ledger.commit()
    ledger.close()
    place.rounds("verify")
    assert "cut off or rewritten" in place.rounds("verify", "--anchor", "kept", status=1).stderr
    place.rounds("verify", "--min-length", "99", status=1)
    assert "--keep goes with --anchor" in place.rounds("verify", "--keep", status=2).stderr


def test_a_key_signs_the_head_and_its_public_half_checks_it(place: Place) -> None:
    place.rounds("run", place.model, "--at", "2026-03-20")
    assert "rounds verify --public-key ada.pem.pub" in place.rounds("key", "ada.pem").stdout
    place.rounds("verify", "--sign", "ada.pem")
    done = place.rounds("verify", "--public-key", "ada.pem.pub").stdout
    assert "(a key you gave): the ledger as it stood" in done
    place.rounds("key", "bea.pem")
    assert "has signed nothing here" in place.rounds("verify", "--public-key", "bea.pem.pub", status=1).stderr

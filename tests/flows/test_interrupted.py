"""Ctrl-C while an engine counts stops at once, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from flows import source
from flows.engine import plainly
from tests.flows import rows as w


def test_ctrl_c_stops_the_engine_and_leaves_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spill = tmp_path / "spill"
    spill.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spill))
    w.write(tmp_path / "ward.csv", w.ward(weeks=1))
    opened = source.connect(w.config(), tmp_path)
    assert list(spill.iterdir())
    pressed = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    try:
        long = "SELECT sum(a.range * b.range) FROM range(200000) a, range(200000) b"
        with pytest.raises(KeyboardInterrupt), plainly("ward.csv"):  # noqa: PT012  pressed while it runs
            pressed.start()
            opened.table().get_backend().raw_sql(long).fetchall()
    finally:
        pressed.cancel()
        opened.close()
    assert not list(spill.iterdir())

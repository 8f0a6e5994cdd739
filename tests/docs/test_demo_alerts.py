"""The page about the demo's alerts says what the demo's windows tell, and nobody is paged for noise."""

from __future__ import annotations

from pathlib import Path

from scripts import demo_alerts


def test_the_page_is_what_a_replay_tells_and_no_page_is_among_it(tmp_path: Path) -> None:
    audits = demo_alerts.audited(tmp_path)
    assert demo_alerts.PAGE.read_text(encoding="utf-8") == demo_alerts.page(audits), (
        "run `python -m scripts.demo_alerts`"
    )
    told = [alert for place in range(len(audits)) for alert in demo_alerts.told(audits, place)]
    assert len(audits) == 8
    assert [alert.finding.severity for alert in told].count("page") == 0

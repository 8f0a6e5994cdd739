"""Settings that several models share are held once, and stay what each model's file says."""

from __future__ import annotations

from monitors.alike import Alike
from monitors.config import ModelConfig
from monitors.config_file import parse
from tests.dashboards import ward


def _configs() -> list[ModelConfig]:
    return [ward.config("icu", tier="high"), ward.config("ward", tier="low")]


def test_what_is_shared_is_what_was_declared() -> None:
    alike = Alike()
    one, other = map(alike.held, _configs())
    assert [one, other] == _configs()
    assert [one.digest, other.digest] == [config.digest for config in _configs()]
    assert one.model_dump(exclude_unset=True) == _configs()[0].model_dump(exclude_unset=True)
    assert one.columns is other.columns
    assert one.governance.owner is not other.governance.owner


def test_what_is_equal_and_not_the_same_is_not_shared() -> None:
    alike = Alike()
    one, other = (
        alike.held(parse(ward.declared("icu").replace("data.csv", f"data.csv, header: {value}"), "icu.yaml"))
        for value in ("1", "true")
    )
    assert one.source == other.source
    assert repr(one.source) != repr(other.source)

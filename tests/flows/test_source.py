"""The source port: kinds found by being there, configs checked against them."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import source
from monitors.errors import ConfigError
from tests.flows import rows as w


def test_a_kind_is_a_file_in_the_folder() -> None:
    folder = Path(source.__file__).parent / "sources"
    assert source.kinds() == tuple(sorted(p.stem for p in folder.glob("[a-z]*.py")))


@pytest.mark.parametrize("kind", source.kinds())
def test_every_kind_declares_its_settings_and_how_to_open_it(kind: str) -> None:
    module = source._kind(kind)
    assert module.Settings.model_config.get("extra") == "forbid"
    assert all(field.description for field in module.Settings.model_fields.values())
    assert callable(module.connect)


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as wrong:
        w.config(
            source={"kind": "files", "pth": "x", "derive": {"a": "1 +", "b": "(SELECT 1)"}},
            plan=[
                {"measure": "psy", "margin": 0.1},
                {"measure": "psi", "columns": ["lactat"], "margin": 0.1},
                {"measure": "auroc", "by": ["sx"], "margin": 0.1},
                {"measure": "psi", "margin": 0.1, "runbook": "../secrets"},
            ],
        )
    told = [problem.removeprefix("sepsis.yaml: ").split(" ")[0] for problem in wrong.value.problems]
    assert told == [
        "source.path:", "source.pth:", "source.derive.a:", "source.derive.b:",
        "plan.1.measure:", "plan.2.columns:", "plan.3.by:", "plan.4.runbook:",
    ]  # fmt: skip


def test_a_config_that_is_read_is_a_config_that_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "ward.yaml"
    path.write_text("model: ward\n")
    with pytest.raises(ConfigError, match=r"^ward\.yaml: version: is required"):
        source.read(path)

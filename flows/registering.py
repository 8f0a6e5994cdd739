"""Registering an audit's plan: fitted to the model's rules, and its margins held against known volumes."""

from __future__ import annotations

from pathlib import Path

from flows import eligible as eligibles
from flows import run as runs
from flows import source as sources
from flows.home import Home
from flows.monitor import Told, quietly, reference_for, refuse_overlap
from monitors.audit import Stage
from monitors.errors import ConfigError
from monitors.evaluate import evaluate
from monitors.governance.audit_plan import misfits, read
from monitors.governance.registration import Registered, register
from monitors.governance.resolving import flags


def register_file(model: Path, plan: Path, home: Home, told: Told = quietly) -> Registered:
    """Register a plan's file for a model; only the reference is counted, never the plan's own period.

    Raises ConfigError where the two files disagree, before anything is written.
    """
    config, asked = sources.read(model), read(plan)
    if problems := list(misfits(asked, config)):
        raise ConfigError([f"{plan.name}: {problem}" for problem in problems])
    period = asked.window(config)
    refuse_overlap(config, period)
    ledger = runs.open_ledger(home)
    source = sources.connect(config, model.parent)
    eligible = eligibles.connect(config, model.parent)
    try:
        reference = reference_for(config, period, source, ledger, told, eligible)
    finally:
        source.close()
        if eligible is not None:
            eligible.close()
    stage: Stage = "outcome" if config.columns.awaits else "scored"
    seen = evaluate(config, reference.profile, reference, stage, runs.setting(config))
    return register(ledger, asked, period, flags(asked, period, seen, reference.profile.window))

"""Upkeep: retention as a flow of Prefect's, on the rule's own schedule, beside the models' deployments."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from prefect import flow, runtime
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType

from flows.home import Home
from flows.retention import retain, rule_for
from monitors.canonical import digest
from monitors.window import moment

log = logging.getLogger("rounds")


@flow(name="retain", retries=2, retry_delay_seconds=60)
async def keep(models: list[str], home: str, at: str | None = None) -> dict[str, Any]:
    """Do what the rule beside the models' files says, at the moment this run was scheduled for."""
    place, when = Home.of(os.environ, Path(home)), moment(at) if at else scheduled()
    done = await asyncio.to_thread(retain, [Path(m) for m in models], place, when, told=log.info)
    return done.payload()


def deployments(files: Sequence[Path], home: Home) -> list[RunnerDeployment]:
    """One, where a rule stands beside the models' files that removes anything; else none."""
    rule = rule_for(files[0]) if files else None
    if rule is None or not rule.said:
        return []
    made = keep.to_deployment(
        name="retention",
        schedules=[Cron(rule.schedule, timezone=rule.timezone)],
        parameters={"models": [str(file) for file in files], "home": str(home.folder)},
        tags=["rounds", tag(home)],
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    if not isinstance(made, RunnerDeployment):
        raise TypeError("deployments are made outside of a running loop")
    return [made]


def scheduled() -> datetime:
    """The moment a run was scheduled for, whenever it started."""
    return datetime.fromisoformat(str(runtime.flow_run.scheduled_start_time))


def tag(home: Home) -> str:
    """Tells one home's deployments from another's on a server that both use."""
    return f"rounds-home:{digest(str(home.folder))[7:19]}"

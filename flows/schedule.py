"""Prefect around one plain function: which models, at which moment, how often again, on what day.

With `upkeep.py` and `work_pool.py` the only importer of Prefect.
Apply `Home.environment` before importing this file.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import flow, runtime, task
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    DeploymentFilterTags,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import State, StateType
from prefect.deployments.runner import RunnerDeployment
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.runner import Runner
from prefect.schedules import Cron
from prefect.settings import get_current_settings, temporary_settings
from prefect.states import Completed, Failed
from prefect.types.entrypoint import EntrypointType

from flows import source, upkeep
from flows.beside import prefect_server
from flows.home import Home, quiet
from flows.loaded import leave
from flows.owing import enrol
from flows.run import now, open_ledger, run_window
from flows.sharing import batches, queue, started
from flows.work_pool import limited, pooled
from monitors.config import ModelConfig
from monitors.errors import RoundsError
from monitors.window import utc

log = logging.getLogger(__name__)

Rounds = list[dict[str, Any]]
AT_ONCE = 2  # models audited at the same time in one run
POLL_SECONDS = 5  # a run starts within this much of its time
FINISHED_WITHIN = 20  # seconds an audit under way is given when asked to stop; a later run repeats it


class NoServer(RoundsError):
    """There is no Prefect server to deploy to."""


class AuditFailed(RoundsError):
    """An audit stopped on something nobody foresaw; says where, and nothing of the data."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of several models: the windows audited, and why a model was not."""

    done: tuple[dict[str, Any], ...]
    failed: Mapping[str, str]

    @property
    def said(self) -> str:
        """In one line, for the run's page."""
        if not self.failed:
            return f"audited: {len(self.done)}"
        reasons = "; ".join(f"{Path(model).name}: {why}" for model, why in self.failed.items())
        return f"not audited: {reasons}"

    def payload(self) -> dict[str, Any]:
        """As plain values."""
        return {"done": list(self.done), "failed": dict(self.failed)}


async def each(
    models: Iterable[str], audit: Callable[[str], Awaitable[Rounds]], at_once: int = AT_ONCE
) -> Outcome:
    """Audit every model; one that fails never takes the others down."""
    named = list(dict.fromkeys(models))
    gate = asyncio.Semaphore(at_once)

    async def one(model: str) -> Rounds | Exception:
        async with gate:
            try:
                return await audit(model)
            except Exception as error:  # noqa: BLE001  becomes a line in the outcome
                return error
            finally:
                if len(named) > 1:
                    leave()

    got = dict(zip(named, await asyncio.gather(*map(one, named)), strict=True))
    return Outcome(
        tuple(window for rounds in got.values() if isinstance(rounds, list) for window in rounds),
        {model: _reason(error) for model, error in got.items() if isinstance(error, Exception)},
    )


def contained(call: Callable[..., Rounds], *given: str | bool | None) -> Rounds:
    """Call it; what nobody foresaw is told by its place, since its words may quote the data."""
    try:
        return call(*given)
    except RoundsError:
        raise
    except Exception as error:  # noqa: BLE001  its words may quote the data
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        raise AuditFailed(f"{type(error).__name__} at {where}") from None


async def retryable(_task: Any, _run: Any, state: State[Any]) -> bool:
    """Whether the error of a failed attempt says that another may succeed."""
    error = await state.aresult(raise_on_failure=False)
    return bool(getattr(error, "retryable", False))


def name_of_task() -> str:
    """What a model's part of a run is called: its file's name, without the folders of a machine."""
    return Path(runtime.task_run.parameters["model"]).stem


def name_of_run() -> str:
    """What a run is called."""
    return ", ".join(Path(model).stem for model in runtime.flow_run.parameters["models"])


@task(
    name="audit",
    task_run_name=name_of_task,
    retries=2,
    retry_delay_seconds=[10, 60],
    retry_condition_fn=retryable,
)
async def audit(
    model: str,
    moment: str,
    home: str,
    since: str | None = None,
    until: str | None = None,
    together: bool = False,
) -> Rounds:
    """Audit what one model's file owes at a moment, or every window of a span."""
    return await asyncio.to_thread(contained, run_window, model, moment, home, since, until, together)


@flow(name="monitor", flow_run_name=name_of_run)
async def monitor(
    models: list[str],
    home: str,
    moment: str | None = None,
    since: str | None = None,
    until: str | None = None,
    together: bool = False,
    at_once: int = AT_ONCE,
) -> State[Any]:
    """Audit what each model's file owes at the moment this run was scheduled for.

    With `since` and `until` it is a backfill: every window inside that is complete by then. With
    `together`, columns of the last window are looked at together first, on a sample of rows.

    Async, because a sync flow takes a second more to end. A late run looks at the same windows
    as one on time: the moment is the schedule's, never the clock's.
    """
    at = moment or utc(upkeep.scheduled())
    outcome = await each(models, lambda model: audit(model, at, home, since, until, together), at_once)
    ended = Failed if outcome.failed else Completed
    return ended(message=outcome.said, data=outcome.payload())


def run_embedded(
    models: Sequence[str],
    moment: str,
    home: str,
    since: str | None = None,
    until: str | None = None,
) -> dict[str, Any]:
    """Run the flow once, in this process, and give back what it did: `done` and `failed`.

    Without PREFECT_API_URL a server is started for the time being, which takes about 5 seconds,
    8 in a new home.
    """
    place = Home.of(os.environ, Path(home))
    with ExitStack() as stack:
        if not get_current_settings().api.url:
            reached = stack.enter_context(prefect_server(place, os.environ, scheduling=False))
            stack.enter_context(temporary_settings(_keyed(reached)))
        try:
            given = {"models": list(models), "home": home, "moment": moment}
            return asyncio.run(_once({**given, "since": since, "until": until}))
        finally:  # what is said last still needs the server
            EventsWorker.drain_all(timeout=10, at_exit=False)
            APILogWorker.drain_all(timeout=10, at_exit=False)


def serve(files: Sequence[Path], home: Home) -> None:
    """Run every model's schedule until SIGTERM or SIGINT; starts a server where none is named.

    Each model is also audited once at the start, for whatever came due while nobody ran: an
    audit that was there already changes nothing.
    """
    configs = {file.absolute(): source.read(file) for file in files}
    scheduled = {file: config for file, config in configs.items() if config.schedule}
    ledger = open_ledger(home)
    for config in scheduled.values():
        enrol(config, ledger, now())
    for file in configs.keys() - scheduled.keys():
        log.warning("%s: no `schedule`, so it runs only by hand", file.name)
    with ExitStack() as stack:
        if not get_current_settings().api.url:
            reached = stack.enter_context(prefect_server(home, os.environ, scheduling=True))
            os.environ.update(reached)  # the runs are processes of their own
            stack.enter_context(temporary_settings(_keyed(reached)))
        made = [deployment(f, c, home) for f, c in scheduled.items()]
        apart = {f: c for f, c in configs.items() if c.multivariate.schedule}
        made += [deployment(f, c, home, together=True) for f, c in apart.items()]
        asyncio.run(_serve([*made, *upkeep.deployments([*configs], home)], home))


def deployment(file: Path, config: ModelConfig, home: Home, *, together: bool = False) -> RunnerDeployment:
    """How Prefect knows one model: its cron line in its own time zone, and what to run.

    With `together`, the model's other schedule, on which its columns are looked at together.
    """
    line = config.multivariate.schedule if together else config.schedule
    given: dict[str, Any] = {"models": [str(file)], "home": str(home.folder)}
    made = monitor.to_deployment(
        name=f"{config.model}-multivariate" if together else config.model,
        schedules=[Cron(started(line, config), timezone=config.timezone)] if line else [],
        parameters={**given, "together": True} if together else given,
        tags=["rounds", upkeep.tag(home)],
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    if not isinstance(made, RunnerDeployment):
        raise TypeError("deployments are made outside of a running loop")
    return made


def deploy(
    files: Sequence[Path],
    home: Home,
    pool: str,
    at_once: int,
    together: int = 1,
    per_source: int = 0,
    jobs: Mapping[str, Any] | None = None,
) -> list[str]:
    """Make every model's schedule a deployment of a work pool, for workers on whatever machines.

    The pool is made where it is new. What an earlier call made of models that are gone is taken
    away; each deployment runs once at the start, for whatever came due meanwhile. Returns their names.

    Args:
        files: the models' files, at the same place on every worker's machine, as is the home.
        home: where its ledger is; on several machines ROUNDS_LEDGER_URL names a shared one.
        pool: the work pool's name.
        at_once: runs at the same time in the whole pool.
        together: at most so many models of one schedule share a run, which spares its start.
        per_source: models audited at the same time on one database or server; 0 sets no limit.
        jobs: what a run is as a Kubernetes job, Prefect's base job template; None: a worker's process.

    Raises NoServer where no Prefect server is named, OtherPool where the pool is of another kind.
    """
    if not get_current_settings().api.url:
        raise NoServer("PREFECT_API_URL names no server; start one with `prefect server start`, and name it")
    configs = {file.absolute(): source.read(file) for file in files}
    scheduled = {file: config for file, config in configs.items() if config.schedule}
    ledger = open_ledger(home)
    for config in scheduled.values():
        enrol(config, ledger, now())
    made = [_shared(batch, scheduled, home, per_source) for batch in batches(scheduled, together)]
    apart = {file: config for file, config in configs.items() if config.multivariate.schedule}
    made += [deployment(file, config, home, together=True) for file, config in apart.items()]
    made += upkeep.deployments([*configs], home)
    asyncio.run(_deployed(made, home, pool, at_once, per_source, jobs))
    return [each.name for each in made]


def _shared(
    batch: Sequence[Path], configs: Mapping[Path, ModelConfig], home: Home, per_source: int = 0
) -> RunnerDeployment:
    """One deployment of several models, called by the first of them."""
    made = deployment(batch[0], configs[batch[0]], home)
    if len(batch) > 1:
        made.name = f"{configs[batch[0]].model}-and-{len(batch) - 1}-more"
        made.parameters = {**made.parameters, "models": [str(file) for file in batch]}
    if per_source and (waits := queue(configs[batch[0]])):
        made.work_queue_name = waits
        made.parameters = {**made.parameters, "at_once": 1}  # the queue counts runs
    return made


async def _deployed(
    made: Sequence[RunnerDeployment],
    home: Home,
    pool: str,
    at_once: int,
    per_source: int,
    jobs: Mapping[str, Any] | None,
) -> None:
    env = quiet(os.environ)  # the rest is each worker's own: no password stands in the server's database
    async with get_client() as client:
        await pooled(client, pool, at_once, jobs)
        for waits in sorted({each.work_queue_name for each in made if each.work_queue_name}):
            await limited(client, waits, pool, per_source)
        known = []
        for each in made:
            each.job_variables = {"env": env}
            known.append(await each.aapply(work_pool_name=pool))
        await _forget_others(client, home, known)
        for name in known:
            await client.create_flow_run_from_deployment(name)


async def _forget_others(client: PrefectClient, home: Home, known: Sequence[UUID]) -> None:
    """Take away the deployments of this home whose models are gone."""
    served = DeploymentFilter(tags=DeploymentFilterTags(all_=[upkeep.tag(home)]))
    for old in await client.read_deployments(deployment_filter=served):
        if old.id not in known:
            await client.delete_deployment(old.id)


async def _serve(deployments: Sequence[RunnerDeployment], home: Home) -> None:
    # A stop that pauses the schedules would need somebody to start them again.
    runner = Runner("rounds", query_seconds=POLL_SECONDS, limit=AT_ONCE, pause_on_shutdown=False)
    known = [await runner.aadd_deployment(made) for made in deployments]
    async with get_client() as client:
        await _forget_others(client, home, known)
        for name in known:
            await client.create_flow_run_from_deployment(name)
    asked = asyncio.Event()
    running = asyncio.create_task(runner.start())
    while not runner.started and not running.done():
        await asyncio.sleep(0.05)
    for number in (signal.SIGTERM, signal.SIGINT):  # the runner has set its own
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    left = asyncio.create_task(_alone(os.getppid()))
    stopped = asyncio.create_task(asked.wait())
    await asyncio.wait({running, left, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not running.done():
        await _finished(known)
        await runner.astop()
    await running


async def _finished(deployments: list[UUID]) -> None:
    """Ends when no audit is under way, or when it cannot be waited for any longer."""
    under_way = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.PENDING, StateType.RUNNING]))
    async with get_client() as client:
        for _ in range(FINISHED_WITHIN):
            left = await client.read_flow_runs(
                flow_run_filter=FlowRunFilter(state=under_way),
                deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=deployments)),
                limit=1,
            )
            if not left:
                return
            await asyncio.sleep(1)


async def _alone(parent: int) -> None:
    """Ends when the process that started this one is gone."""
    while os.getppid() == parent:
        await asyncio.sleep(1)


async def _once(given: dict[str, Any]) -> dict[str, Any]:
    state: State[Any] = await monitor(**given, return_state=True)
    outcome: Any = await state.aresult(raise_on_failure=False)
    return dict(outcome)


def _keyed(reached: Mapping[str, str]) -> dict[str, str]:
    return {"api.url": reached["PREFECT_API_URL"], "api.auth_string": reached["PREFECT_API_AUTH_STRING"]}


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, RoundsError) else type(error).__name__

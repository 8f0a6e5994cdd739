"""Work pools of a Prefect server: what a run in one is, how many go at once, and its queues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectNotFound

from monitors.errors import RoundsError


class OtherPool(RoundsError):
    """A work pool of that name is there, and of another kind."""


async def pooled(client: PrefectClient, name: str, at_once: int, jobs: Mapping[str, Any] | None) -> None:
    """The work pool, made where it is new; what a job of it is follows the template's file."""
    told = {"base_job_template": dict(jobs)} if jobs else {}
    try:
        held = await client.read_work_pool(name)
    except ObjectNotFound:
        kind = "kubernetes" if jobs else "process"
        await client.create_work_pool(WorkPoolCreate(name=name, type=kind, concurrency_limit=at_once, **told))
        return
    if jobs and held.type != "kubernetes":
        raise OtherPool(
            f"the work pool {name} is of type {held.type}, not kubernetes; name another with --pool"
        )
    await client.update_work_pool(name, WorkPoolUpdate(concurrency_limit=at_once, **told))


async def limited(client: PrefectClient, name: str, pool: str, limit: int) -> None:
    """A queue of the pool whose runs go so many at a time, whichever workers take them."""
    try:
        held = await client.read_work_queue_by_name(name, work_pool_name=pool)
        await client.update_work_queue(held.id, concurrency_limit=limit)
    except ObjectNotFound:
        await client.create_work_queue(name, concurrency_limit=limit, work_pool_name=pool)

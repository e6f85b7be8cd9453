"""Cancelling what runs: delivered parts are kept and paid for, what is on its way may arrive, the rest goes back."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from common.db.database import Database
from common.events.runs import RunCancelled, RunCompleted
from generation.engine import execution as module
from generation.engine.context import JobContext, Step
from generation.engine.stopping import Stopping
from generation.providers.bootstrap import Providers
from generation.runs.recovery import recover_lapsed, request_cancel
from generation.runs.steps import save_step

from ..stage import (
    Answer,
    Text,
    change,
    claimed,
    enqueue,
    executor_of,
    kind_of,
    paid,
    row_of,
    rows,
    said,
    until,
    until_state,
)
from .studios import PRICE_MICROUSD, Studio, draw, one_picture, providers_of

PAGES = [f"page-{number}" for number in range(6)]


async def pages(job_input: Text, job: JobContext) -> Answer:
    """A kind of six pages, two at a time, two credits each."""

    def page(name: str) -> Callable[[Step], Awaitable[Answer]]:
        return lambda step: draw(step, name)

    await job.side_by_side([(name, Answer, page(name)) for name in PAGES], at_most=2, part_credits=2)
    return Answer(value="a book")


class Gate:
    """Lets the first calls of a studio through and holds the others until it is opened."""

    def __init__(self, free: int) -> None:
        self._free = free
        self.held = 0
        self.open = asyncio.Event()

    async def __call__(self) -> None:
        self._free -= 1
        if self._free < 0:
            self.held += 1
            await self.open.wait()


async def cancel_while_held(
    database: Database,
    nobody: Providers,
    gate: Gate,
    held: int,
    play: Callable[..., Awaitable[Answer]],
    *,
    in_time: bool = True,
) -> tuple[RunCancelled | RunCompleted, list[str]]:
    """Cancel once so many calls are held, and open the gate when the worker has heard; answers outcome and steps."""
    studio, event = Studio("studio", before=gate), paid(credits=20)
    await enqueue(database, event)
    job_id = event.job.job_id
    executor = executor_of(database, providers_of(nobody, studio), kind_of(play), lease_seconds=0.6)
    executor.answer("image")

    async def all_held() -> bool:
        return gate.held == held

    await until(all_held)
    await database.transact(request_cancel, event.account_id, job_id)
    lease_until = (await row_of(database, job_id)).lease_until

    async def worker_has_heard() -> bool:
        return bool((await row_of(database, job_id)).lease_until != lease_until)

    await until(worker_has_heard)
    if in_time:
        gate.open.set()
    await until_state(database, job_id, "cancelled", "completed")
    await executor.drain(1)
    assert len(studio.asked) == len(await rows(database, "SELECT 1 FROM attempts"))
    outcome = (await said(database, job_id))[-1]
    assert isinstance(outcome, RunCancelled | RunCompleted)
    return outcome, [row.name for row in await rows(database, "SELECT name FROM steps ORDER BY name")]


async def test_pages_that_arrive_after_the_click_count_and_no_other_is_begun(
    database: Database, nobody: Providers
) -> None:
    outcome, kept = await cancel_while_held(database, nobody, Gate(free=2), 2, pages)

    assert isinstance(outcome, RunCancelled)
    assert kept == PAGES[:4]
    assert outcome.charge_credits == 8
    assert [(part.name, part.credits) for part in outcome.parts] == [(name, 2) for name in PAGES[:4]]
    assert outcome.parts[0].result == {"value": "studio"}
    assert [attempt.cost_microusd for attempt in outcome.attempts] == [PRICE_MICROUSD] * 4


async def test_pages_that_do_not_arrive_in_time_cost_nothing(
    database: Database, nobody: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STOP_SECONDS_MAX", 0.05)

    outcome, kept = await cancel_while_held(database, nobody, Gate(free=2), 2, pages, in_time=False)

    assert isinstance(outcome, RunCancelled)
    assert kept == PAGES[:2]
    assert outcome.charge_credits == 4
    assert [attempt.outcome for attempt in outcome.attempts] == ["ok", "ok", "cancelled", "cancelled"]


@pytest.mark.parametrize("in_time", [True, False])
async def test_a_picture_that_arrives_after_the_click_is_delivered_and_one_that_does_not_is_free(
    database: Database, nobody: Providers, monkeypatch: pytest.MonkeyPatch, in_time: bool
) -> None:
    if not in_time:
        monkeypatch.setattr(module, "STOP_SECONDS_MAX", 0.05)

    outcome, _ = await cancel_while_held(database, nobody, Gate(free=0), 1, one_picture, in_time=in_time)

    if in_time:
        assert isinstance(outcome, RunCompleted)
        assert (outcome.charge_credits, outcome.result) == (20, {"value": "studio"})
    else:
        assert isinstance(outcome, RunCancelled)
        assert (outcome.charge_credits, outcome.parts) == (0, ())


@pytest.mark.parametrize("worker", ["lost", "left"])
async def test_parts_are_paid_for_whoever_ends_the_run_but_never_more_than_is_held(
    database: Database, worker: str
) -> None:
    run = await claimed(database, credits=3)
    for name, credits in (("page-0", 2), ("page-1", 2), ("notes", None)):
        async with database.unit_of_work() as uow:
            await save_step(uow, run, name, {}, part_credits=credits)
    if worker == "lost":
        await database.transact(request_cancel, run.account_id, run.job_id)
        await change(database, run.job_id, "lease_until = now() - interval '1 second'")
        await database.transact(recover_lapsed)
    else:
        await change(database, run.job_id, "state = 'queued', lease_until = NULL, lease_owner = NULL")
        await database.transact(request_cancel, run.account_id, run.job_id)

    assert (await row_of(database, run.job_id)).state == "cancelled"
    (told,) = await said(database, run.job_id)
    assert isinstance(told, RunCancelled)
    assert (told.charge_credits, [part.name for part in told.parts]) == (3, ["page-0", "page-1"])


def test_after_the_click_a_step_buys_nothing_more_and_none_begins() -> None:
    stopping = Stopping()
    with stopping.step() as purchases:
        purchases.begin()
        stopping.wanted.set()
        with pytest.raises(asyncio.CancelledError):
            purchases.begin()
        assert stopping.worth_waiting == {purchases}
    assert not stopping.worth_waiting
    with pytest.raises(asyncio.CancelledError), stopping.step():
        raise AssertionError("it began")

"""Steps side by side: bounded, in order, each remembered by itself, and none begun once one has failed."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from common.db.database import Database
from common.events.runs import RunProgressed
from generation.engine import executor as module
from generation.engine.context import JobContext, Step
from generation.engine.side_by_side import side_by_side
from generation.providers.bootstrap import Providers
from generation.runs.lease import LeaseLost
from generation.runs.recovery import request_cancel

from ..stage import (
    Answer,
    Text,
    change,
    enqueue,
    enqueue_one,
    executor_of,
    kind_of,
    paid,
    row_of,
    rows,
    said,
    until,
    until_state,
)

PAGES = [f"page-{number:02}" for number in range(24)]


class Pages:
    """A kind of 24 steps, four at a time; counts what is begun, stopped and under way."""

    def __init__(self, turn: Callable[[str, JobContext], Awaitable[None]]) -> None:
        self._turn = turn
        self.begun: list[str] = []
        self.stopped: list[str] = []
        self.under_way = 0
        self.under_way_max = 0

    async def __call__(self, job_input: Text, job: JobContext) -> Answer:
        made = await job.side_by_side([(name, Answer, self._page(name, job)) for name in PAGES], progress=(0.1, 0.9))
        return Answer(value=" ".join(page.value for page in made))

    def _page(self, name: str, job: JobContext) -> Callable[[Step], Awaitable[Answer]]:
        async def work(step: Step) -> Answer:
            self.begun.append(name)
            self.under_way += 1
            self.under_way_max = max(self.under_way_max, self.under_way)
            try:
                await self._turn(name, job)
            except asyncio.CancelledError:
                self.stopped.append(name)
                raise
            finally:
                self.under_way -= 1
            return Answer(value=name)

        return work


async def test_four_at_a_time_in_order_on_few_connections(
    database: Database, database_url: str, nobody: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generation.engine.telling.PROGRESS_PAUSE_SECONDS", 0.0)

    async def turn(name: str, job: JobContext) -> None:
        for fraction in (0.5, 0.2, 1.0):
            await job.progress(fraction, name)

    pages, job_id = Pages(turn), await enqueue_one(database)
    narrow = Database(database_url, application="worker", pool_size=2)
    executor = executor_of(narrow, nobody, kind_of(pages))
    executor.answer("image")

    row = await until_state(database, job_id, "completed", "failed")
    await executor.drain(1)
    await narrow.close()

    assert row.result == {"value": " ".join(PAGES)}
    assert pages.under_way_max == 4
    told = [event for event in await said(database, job_id) if isinstance(event, RunProgressed)]
    assert [event.step for event in told] == [event.message for event in told]
    assert [event.sequence for event in told] == list(range(1, 24 * 3 + 1))
    fractions = [event.progress for event in told]
    assert fractions == sorted(fractions)
    assert fractions[0] == pytest.approx(0.1 + 0.8 * 0.5 / 24, abs=1e-4)
    assert 0.8 < fractions[-1] <= 0.9


async def test_when_one_fails_nothing_is_begun_and_what_was_under_way_is_kept(
    database: Database, nobody: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_PAUSE_SECONDS", 0.01)
    failed, slow = asyncio.Event(), asyncio.Event()

    async def turn(name: str, job: JobContext) -> None:
        if name == "page-05" and not failed.is_set():
            failed.set()
            raise LookupError(name)
        if not slow.is_set() and name in {"page-04", "page-06", "page-07"}:
            await failed.wait()
            await asyncio.sleep(0.05)

    pages, job_id = Pages(turn), await enqueue_one(database)
    executor = executor_of(database, nobody, kind_of(pages))
    executor.answer("image")

    async def failed_once() -> bool:
        return bool((await row_of(database, job_id)).failures == 1)

    await until(failed_once)
    before = list(pages.begun)
    kept = {row.name for row in await rows(database, "SELECT name FROM steps")}
    assert pages.stopped == []
    assert kept == set(before) - {"page-05"}
    assert len(before) < len(PAGES)

    slow.set()
    await change(database, job_id, "not_before = now()")
    executor.answer("image")
    row = await until_state(database, job_id, "completed")

    assert row.result == {"value": " ".join(PAGES)}
    assert sorted(pages.begun) == sorted([*PAGES, "page-05"])
    await executor.drain(1)


async def test_cancelling_stops_all_of_them(database: Database, nobody: Providers) -> None:
    async def turn(name: str, job: JobContext) -> None:
        await asyncio.sleep(60)

    pages, event = Pages(turn), paid()
    await enqueue(database, event)
    executor = executor_of(database, nobody, kind_of(pages), lease_seconds=0.3)
    executor.answer("image")

    async def four_begun() -> bool:
        return len(pages.begun) == 4

    await until(four_begun)
    await database.transact(request_cancel, event.account_id, event.job.job_id)
    await until_state(database, event.job.job_id, "cancelled", seconds=3)

    assert sorted(pages.stopped) == PAGES[:4]
    assert await rows(database, "SELECT 1 FROM steps") == []
    await executor.drain(1)


@pytest.mark.parametrize(("error", "waits"), [(LookupError("ours"), True), (LeaseLost("not ours"), False)])
async def test_others_get_a_bounded_time_to_end_and_none_when_the_run_is_lost(error: Exception, waits: bool) -> None:
    ended: list[str] = []

    async def failing() -> None:
        await asyncio.sleep(0)  # the others begin
        raise error

    async def taking(seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
            ended.append("finished")
        except asyncio.CancelledError:
            ended.append("stopped")
            raise

    with pytest.raises(type(error)):
        await side_by_side([failing, lambda: taking(0.05), lambda: taking(60)], at_most=3, finish_seconds_max=0.3)

    assert ended == (["finished", "stopped"] if waits else ["stopped", "stopped"])

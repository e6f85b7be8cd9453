"""Slots that are free together are filled together: in the fair order, no run twice, and none forgotten."""

import asyncio

from common.db.database import Database
from common.events.runs import RunStarted
from common.ids import new_id
from generation.engine.claims import Claims
from generation.runs.lease import SUSPECT_LOSSES

from ..stage import change, enqueue_one, row_of, rows, said

SLOTS = 6


async def test_each_slot_gets_a_run_of_its_own_and_the_first_in_line_come_first(database: Database) -> None:
    waiting = [await enqueue_one(database) for _ in range(SLOTS + 2)]
    claims = Claims(database, "w", 60)

    answers = await asyncio.gather(*(claims.next("image") for _ in range(SLOTS)))

    claimed = [answer for answer in answers if answer is not None]
    assert {run.job_id for run, _ in claimed} == set(waiting[:SLOTS])
    for run, span in claimed:
        (started,) = await said(database, run.job_id)
        assert isinstance(started, RunStarted)
        assert (started.attempt, run.token) == (1, 1)
        span.end()
    assert len(await rows(database, "SELECT DISTINCT xmin FROM runs WHERE state = 'running'")) == 1


async def test_where_less_waits_the_rest_go_away_empty(database: Database) -> None:
    waiting = await enqueue_one(database)
    claims = Claims(database, "w", 60)

    answers = await asyncio.gather(*(claims.next("image") for _ in range(SLOTS)))

    (claimed,) = [answer for answer in answers if answer is not None]
    assert claimed[0].job_id == waiting


async def test_the_clock_of_the_class_goes_on_with_the_last_of_a_batch(database: Database) -> None:
    account_id = new_id()
    for _ in range(4):
        await enqueue_one(database, account=account_id)
    claims = Claims(database, "w", 60)
    await asyncio.gather(*(claims.next("image") for _ in range(4)))

    shown = await rows(database, "SELECT virtual_time FROM class_clocks WHERE job_class = 'image'")
    last = await rows(database, "SELECT max(virtual_start) AS start FROM runs")
    assert shown[0].virtual_time == last[0].start > 0


async def test_what_was_claimed_for_a_slot_that_is_gone_goes_back_at_once(database: Database) -> None:
    job_id = await enqueue_one(database)
    claims = Claims(database, "w", 60)
    asking = asyncio.create_task(claims.next("image"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait({asking})

    assert asking.cancelled()
    row = await row_of(database, job_id)
    assert (row.state, row.lease_owner, row.failures) == ("queued", None, 0)


async def test_a_suspect_is_left_until_it_is_asked_for(database: Database) -> None:
    job_id = await enqueue_one(database)
    await change(database, job_id, f"losses = {SUSPECT_LOSSES}")
    claims = Claims(database, "w", 60)

    assert await claims.next("image") is None
    claimed = await claims.suspect("image")
    assert claimed is not None
    assert claimed[0].job_id == job_id

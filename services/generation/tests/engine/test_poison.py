"""Work that kills or blocks its worker: it is taken up alone, a bounded number of times, and the others go on."""

import asyncio
import time

from common.db.database import Database
from generation.engine.context import JobContext
from generation.engine.watchdog import Watchdog
from generation.providers.bootstrap import Providers
from generation.runs.lease import SUSPECT_LOSSES
from generation.runs.recovery import FAILURES_MAX, recover_lapsed

from ..stage import (
    Answer,
    Text,
    change,
    claim_next,
    enqueue,
    enqueue_one,
    executor_of,
    kind_of,
    paid,
    row_of,
    stop,
    types_said,
    until,
    until_state,
)


async def test_a_run_that_kills_every_worker_fails_and_those_beside_it_do_not(database: Database) -> None:
    """Three runs a worker, and one of them ends it with whatever it has."""
    poison = await enqueue_one(database)
    others = [paid() for _ in range(2)]
    await enqueue(database, *others)
    deaths = 0
    while (await row_of(database, poison)).state != "failed":
        runs = [await claim_next(database, suspects=not number) for number in range(3)]
        taken = [run.job_id for run in runs if run is not None]
        assert taken
        if poison in taken:
            deaths += 1
            await change(database, poison, "lease_until = now() - interval '1 second'")
        for job_id in set(taken) - {poison}:
            ends = poison not in taken
            await change(
                database,
                job_id,
                "state = 'completed', lease_until = NULL, finished_at = now()"
                if ends
                else "lease_until = now() - interval '1 second'",
            )
        await database.transact(recover_lapsed)

    assert deaths == FAILURES_MAX
    assert (await row_of(database, poison)).error_code == "WORKER_LOST"
    assert await types_said(database, poison) == ["run.failed"]
    for event in others:
        assert (await row_of(database, event.job.job_id)).state in {"completed", "queued"}


class Players:
    """A kind whose runs go on until they are let go."""

    def __init__(self) -> None:
        self.playing: set[str] = set()
        self.go: dict[str, asyncio.Event] = {}

    async def __call__(self, job_input: Text, job: JobContext) -> Answer:
        self.playing.add(job_input.text)
        await self.go.setdefault(job_input.text, asyncio.Event()).wait()
        self.playing.discard(job_input.text)
        return Answer(value="ok")

    def release(self, name: str) -> None:
        self.go.setdefault(name, asyncio.Event()).set()


async def test_a_suspect_is_taken_up_alone_and_gets_a_head_start(database: Database, nobody: Providers) -> None:
    players = Players()
    executor = executor_of(database, nobody, kind_of(players))
    suspect = await enqueue_one(database, job_input={"text": "suspect"})
    await change(database, suspect, f"losses = {SUSPECT_LOSSES}")
    await enqueue_one(database, job_input={"text": "first"})

    def ring() -> None:
        for _ in range(3):
            executor.answer("image")

    async def plays(*names: str) -> None:
        async def so() -> bool:
            ring()
            return players.playing == set(names)

        await until(so)

    await plays("first")
    players.release("first")
    await plays("suspect")
    later = await enqueue_one(database, job_input={"text": "later"})
    slots = dict(executor._free)
    ring()
    assert executor._free == slots, "nothing is begun beside it"
    executor._end_probation()
    await plays("suspect", "later")

    players.release("later")
    await until_state(database, later, "completed")
    players.release("suspect")
    await until_state(database, suspect, "completed")
    await executor.drain(1)


async def test_a_suspect_does_not_wait_for_ever_for_an_idle_worker(database: Database) -> None:
    suspect = await enqueue_one(database)
    await change(database, suspect, f"losses = {SUSPECT_LOSSES}")
    assert await claim_next(database, suspects=False) is None

    await change(database, suspect, "queued_at = now() - interval '6 minutes'")

    assert await claim_next(database, suspects=False) is not None


async def test_new_runs_start_at_once_whatever_a_hundred_dead_workers_have_left(
    database: Database, nobody: Providers
) -> None:
    async def quick(job_input: Text, job: JobContext) -> Answer:
        return Answer(value="ok")

    await enqueue(database, *(paid() for _ in range(100)))
    for number in range(100):
        assert await claim_next(database, owner=f"dead-{number}") is not None
    fresh = [paid() for _ in range(5)]
    await enqueue(database, *fresh)
    executor = executor_of(database, nobody, kind_of(quick))
    executor.answer("image")

    for event in fresh:
        await until_state(database, event.job.job_id, "completed", seconds=5)
    await executor.drain(1)


async def test_a_blocked_loop_ends_its_process_and_a_busy_one_does_not() -> None:
    ended: list[float] = []
    watchdog = Watchdog(0.4, end=lambda: ended.append(time.monotonic()))
    watching = asyncio.create_task(watchdog.run())
    for _ in range(12):
        await asyncio.sleep(0.01)
        time.sleep(0.05)  # noqa: ASYNC251 - busy
    assert ended == []

    began = time.monotonic()
    time.sleep(1.0)  # noqa: ASYNC251 - blocked

    assert len(ended) == 1
    assert ended[0] - began < 0.9
    await stop([watching])

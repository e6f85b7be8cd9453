"""The engine: jobs that do nothing from billing's word to their outcome, beside arq alone doing nothing.

Everything is on: the fair order, leases, remembered steps, events, an outcome that is committed. arq keeps nothing but
what Redis has. Both work off a backlog on the same servers, as many jobs at once, in turns.
"""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg
from redis.asyncio import Redis

from bench.cores import stopped
from bench.report import table, verdict
from bench.studio import Studio, studio
from common.bus.publisher import Publisher
from common.clock import now
from common.db.outbox_record import OutboxRecord
from common.events.credits import CreditsHeld
from common.events.jobs import JobSpec
from common.ids import new_id

RATIO_MIN = 0.3
AT_ONCE = 8
ACCOUNTS = 16
JOBS_PER_SECOND = 60
"""How many jobs a second of effort is: a turn takes about as long as it is told to."""
STEPS = 10
SECONDS_MAX = 120.0
_ENVIRONMENT = {"GENERATION_SLOTS": f'{{"local": {AT_ONCE}, "image": 1, "text": 1, "document": 1}}'}


@dataclass(frozen=True, slots=True)
class Turn:
    """What a backlog took: jobs a second, and processor milliseconds of each process for one job."""

    per_second: float
    cpu_ms: Mapping[str, float]


async def measure(*, rounds: int, seconds: float, alone: bool) -> None:
    """Print the rates, what a step adds, and where the time of a job goes."""
    count = max(100, int(JOBS_PER_SECOND * seconds))
    bare: list[float] = []
    plain: list[Turn] = []
    stepped: list[Turn] = []
    processes = ("sandbox", "generation")
    async with studio(customers=0, alone=alone, environment=_ENVIRONMENT, processes=processes) as running:
        await _through_engine(running, 50, steps=1)
        for _ in range(rounds):
            bare.append(await _through_arq(running, count * 4))
            plain.append(await _through_engine(running, count, steps=0))
            stepped.append(await _through_engine(running, count // 4, steps=STEPS))
    _print(bare, plain, stepped)


def _print(bare: Sequence[float], plain: Sequence[Turn], stepped: Sequence[Turn]) -> None:
    floor = statistics.median(bare)
    ours, with_steps = (statistics.median(turn.per_second for turn in turns) for turns in (plain, stepped))
    ratio, step_ms = ours / floor, (1000 / with_steps - 1000 / ours) / STEPS
    rows = [
        ("arq alone, nothing kept", floor, 1000 / floor, "", "", ""),
        ("engine, a job without steps", ours, 1000 / ours, 1000 / ours - 1000 / floor, ratio,
         verdict(ratio, at_least=RATIO_MIN)),
        (f"engine, a job of {STEPS} steps", with_steps, 1000 / with_steps, 1000 / with_steps - 1000 / floor,
         with_steps / floor, ""),
    ]  # fmt: skip
    columns = ("", "jobs/s", "ms a job", "ms over arq", "of arq", "target")
    print(table(f"Jobs that do nothing, {AT_ONCE} at once", columns, rows))
    print(f"\nA remembered step adds {step_ms:.2f} ms to the turn of a job, {1000 / step_ms:.0f} a second.")
    spent: list[tuple[str, float, float]] = []
    for name in sorted(plain[-1].cpu_ms):
        first, second = (statistics.median(turn.cpu_ms[name] for turn in turns) for turns in (plain, stepped))
        spent.append((name, first, second))
    spent.append(("sum", sum(row[1] for row in spent), sum(row[2] for row in spent)))
    print(table("Processor milliseconds of one job", ("process", "without steps", f"of {STEPS} steps"), spent))


async def _through_arq(running: Studio, jobs: int) -> float:
    """Jobs a second of arq alone, in a process of its own on the same Redis."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.bare_arq", str(jobs), str(AT_ONCE),
        env={**os.environ, "REDIS_URL": running.stack.urls["valkey"]}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    with running.burst(also=[process.pid]):
        async with asyncio.timeout(SECONDS_MAX):
            output, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError("arq alone did not do its jobs")
    return float(output)


async def _through_engine(running: Studio, count: int, *, steps: int) -> Turn:
    """A backlog that is on the stream before generation begins with it."""
    events = [_held(number, steps) for number in range(count)]
    redis = Redis.from_url(running.stack.urls["valkey"])
    database = await asyncpg.connect(running.stack.database_url("generation"))
    ids = [event.job.job_id for event in events]
    left = "SELECT count(*) FROM runs WHERE job_id = ANY($1) AND state = 'completed'"
    try:
        with stopped(running.stack.pid("generation")):
            await Publisher(redis).publish([OutboxRecord.of(event, None) for event in events])
            before = running.cpu_seconds()
        with running.burst():
            began = time.perf_counter()
            async with asyncio.timeout(SECONDS_MAX):
                while int(await database.fetchval(left, ids)) < count:  # noqa: ASYNC110 - another process's state
                    await asyncio.sleep(0.02)
            seconds = time.perf_counter() - began
        after = running.cpu_seconds()
    finally:
        await database.close()
        await redis.aclose()
    cpu_ms = {name: (after[name] - before[name]) * 1000 / count for name in before if name in after}
    return Turn(count / seconds, cpu_ms)


def _held(number: int, steps: int) -> CreditsHeld:
    job = JobSpec(
        job_id=new_id(), kind="noop", job_class="local", price_credits=1, input={"number": number, "steps": steps},
        deadline_at=now() + timedelta(hours=1),
    )  # fmt: skip
    account_id = UUID(f"00000000-0000-7000-8000-{number % ACCOUNTS + 1:012x}")
    return CreditsHeld(account_id=account_id, job=job, hold_id=new_id(), amount_credits=1, available_credits=0)

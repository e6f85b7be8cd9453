"""Whatever dies, every accepted job reaches one outcome and one charge."""

import asyncio
import signal
import time

import httpx2
import pytest

from atelier_local.stack import Stack
from common.ids import from_text
from generation.runs.recovery import FAILURES_MAX
from sandbox.client import SandboxClient

from .conftest import LEASE_SECONDS, query
from .poison import LETHAL
from .studio import Customer, until

GOES_ON_SECONDS_MAX = 15
"""After the death of its worker another has the job within this time."""
_BEGUN_AGAIN = """
SELECT extract(epoch FROM created_at)::float8 AS at FROM outbox
WHERE type = 'run.started' AND body::jsonb ->> 'job_id' = $1 AND (body::jsonb ->> 'attempt')::int = 2
"""
_TWO_STEPS_OF_THE_RUNNING = """
SELECT job_id FROM runs JOIN steps USING (job_id) WHERE state = 'running' GROUP BY job_id HAVING count(*) = 2
"""


async def _rich(customer: Customer) -> None:
    await customer.buy_and_wait("pack-1000", 1000)


async def _all_succeed(customer: Customer, job_ids: list[str], seconds: float = 90) -> None:
    jobs = await asyncio.gather(*(customer.outcome(job_id, seconds) for job_id in job_ids))
    assert {job["status"] for job in jobs} == {"succeeded"}
    assert {job["charge"]["charged"] for job in jobs} == {6}
    credits = await customer.credits()
    assert credits["held"] == 0
    assert credits["available"] == 1010 - 6 * len(job_ids)


async def _worker_of(stack: Stack, job_id: str) -> str:
    """Which worker has the run: its lease names host and pid."""

    async def owner() -> str | None:
        rows = await query(stack, "generation", "SELECT lease_owner FROM runs WHERE state = 'running'")
        return rows[0]["lease_owner"] if rows else None

    lease_owner = await until(owner, what="a worker")
    (name,) = (name for name in ("worker", "worker-2") if lease_owner.endswith(f":{stack.pid(name)}"))
    return name


async def test_a_killed_worker_costs_no_finished_step_and_no_second_charge(
    stack: Stack, customer: Customer, sandbox: SandboxClient
) -> None:
    before = len(await sandbox.requests("openai", "images.generate"))
    job_id = await customer.accepted(steps=3, pause_seconds=1.0)
    await until(lambda: query(stack, "generation", _TWO_STEPS_OF_THE_RUNNING), what="the second step")
    killed_at = time.time()
    stack.kill(await _worker_of(stack, job_id))
    job = await customer.outcome(job_id, seconds=60)
    (begun,) = await query(stack, "generation", _BEGUN_AGAIN, str(from_text("job", job_id)))
    assert begun["at"] - killed_at < GOES_ON_SECONDS_MAX
    assert (job["status"], job["charge"]["charged"]) == ("succeeded", 6)
    assert len(await sandbox.requests("openai", "images.generate")) == before + 3
    assert len(job["result"]["pictures"]) == 3


@pytest.mark.parametrize("victim", ["gateway", "billing", "generation", "notifier", "worker"])
@pytest.mark.parametrize("moment", [0.0, 0.15])
async def test_a_process_killed_at_any_moment_loses_nothing(
    stack: Stack, customer: Customer, victim: str, moment: float
) -> None:
    await _rich(customer)
    submissions = [
        asyncio.create_task(customer.submit_until_accepted(f"careful-{n}", steps=n % 2, pause_seconds=0.2))
        for n in range(20)
    ]
    await asyncio.sleep(moment)
    await asyncio.to_thread(stack.kill, victim)
    await _all_succeed(customer, list(await asyncio.gather(*submissions)))
    await asyncio.to_thread(stack.wait_ready)


async def test_a_job_that_ends_every_worker_fails_at_no_charge_and_the_others_are_done(
    stack: Stack, customer: Customer
) -> None:
    await _rich(customer)
    read = [await customer.accepted("poison", word=f"honey {number}") for number in range(3)]
    lethal = await customer.accepted("poison", word=LETHAL)
    beside = list(await asyncio.gather(*(customer.accepted(steps=n % 2, pause_seconds=0.5) for n in range(6))))

    failed = await customer.outcome(lethal, seconds=120)
    assert (failed["status"], failed["error"]["code"], failed["charge"]["charged"]) == ("failed", "WORKER_LOST", 0)
    others = await asyncio.gather(*(customer.outcome(job_id) for job_id in read + beside))
    assert {job["status"] for job in others} == {"succeeded"}
    assert await customer.has_credits(1010 - len(read) - 6 * len(beside))
    await asyncio.to_thread(stack.wait_ready)
    (run,) = await query(stack, "generation", "SELECT attempt FROM runs WHERE job_id = $1", from_text("job", lethal))
    assert run["attempt"] == FAILURES_MAX


async def test_a_worker_that_was_stopped_beyond_its_lease_cannot_finish_late(
    stack: Stack, customer: Customer, sandbox: SandboxClient
) -> None:
    job_id = await customer.accepted(steps=1, pause_seconds=1.5)
    first = await _worker_of(stack, job_id)
    stack.kill(first, signal.SIGSTOP)
    try:
        other = "worker" if first == "worker-2" else "worker-2"
        job = await customer.outcome(job_id, seconds=LEASE_SECONDS * 5)
    finally:
        stack.kill(first, signal.SIGCONT)
    assert (job["status"], job["charge"]["charged"]) == ("succeeded", 6)

    async def refused() -> bool:
        async with httpx2.AsyncClient(base_url=stack.urls[first], trust_env=False) as http:
            metrics = (await http.get("/metrics")).text
        return any(
            line.startswith("runs_stale_writes_total{") and not line.endswith(" 0.0") for line in metrics.splitlines()
        )

    await until(refused, seconds=15, what=f"the refusal of {first}'s late write (the run went to {other})")
    rows = await query(stack, "generation", "SELECT max(attempt) AS attempt FROM runs WHERE state = 'completed'")
    assert rows[0]["attempt"] >= 2


async def _fifty_under_way(customer: Customer) -> list[str]:
    await _rich(customer)
    job_ids = await asyncio.gather(*(customer.accepted(steps=n % 2, pause_seconds=0.5) for n in range(50)))
    await asyncio.sleep(0.3)
    return list(job_ids)


async def test_an_emptied_redis_loses_none_of_fifty_jobs(stack: Stack, customer: Customer) -> None:
    from redis.asyncio import Redis

    job_ids = await _fifty_under_way(customer)
    async with Redis.from_url(stack.urls["valkey"]) as redis:
        await redis.flushall()
        await asyncio.sleep(0.4)
        await redis.flushall()
    await _all_succeed(customer, job_ids)


async def test_a_killed_redis_loses_none_of_fifty_jobs(stack: Stack, customer: Customer) -> None:
    job_ids = await _fifty_under_way(customer)
    await asyncio.to_thread(stack.kill_valkey)
    await _all_succeed(customer, job_ids)
    await asyncio.to_thread(stack.wait_ready)


@pytest.mark.parametrize("mode", ["fast", "kill"])
async def test_a_restarted_postgres_loses_none_of_fifty_jobs(stack: Stack, customer: Customer, mode: str) -> None:
    job_ids = await _fifty_under_way(customer)
    await asyncio.to_thread(stack.restart_postgres, mode)
    await _all_succeed(customer, job_ids)
    await asyncio.to_thread(stack.wait_ready)

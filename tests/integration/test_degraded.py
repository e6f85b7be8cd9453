"""The running system while its database, Redis or billing is away: what was promised is done and charged once."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import httpx2

from atelier_local.stack import Stack

from .conftest import query
from .studio import Customer, until

QUICK_SECONDS = 3.0


@asynccontextmanager
async def without(stack: Stack, name: str) -> AsyncIterator[None]:
    """A part is away and stays so: who would bring it back is stopped too, until the end of the block."""
    pid = stack.pid(name)
    assert pid is not None
    supervisor = stack.pid("supervisor")
    assert supervisor is not None
    os.kill(supervisor, signal.SIGSTOP)
    try:
        os.kill(pid, signal.SIGINT if name == "postgres" else signal.SIGKILL)
        await until(lambda: _refuses(stack.urls[name]), seconds=20, what=f"the end of {name}")
        yield
    finally:
        os.kill(supervisor, signal.SIGCONT)
    await until(lambda: _is_back(stack, name, pid), what=f"{name} to be back")
    await asyncio.to_thread(stack.wait_ready)


async def _refuses(url: str) -> bool:
    address = httpx2.URL(url)
    try:
        socket.create_connection((address.host, address.port or 0), 0.2).close()
    except OSError:
        return True
    return False


async def _is_back(stack: Stack, name: str, before: int) -> bool:
    return stack.pid(name) not in (None, before)


async def modes(customer: Customer) -> set[str]:
    return {mode["name"] for mode in (await customer.http.get("/v1/status")).json()["modes"]}


async def in_mode(customer: Customer, name: str) -> None:
    async def told() -> bool:
        return name in await modes(customer)

    await until(told, seconds=10, what=f"the mode {name}")


async def out_of_modes(customer: Customer) -> None:
    async def told() -> bool:
        return not await modes(customer)

    await until(told, seconds=30, what="the end of all modes")


async def quickly(answer: Awaitable[httpx2.Response]) -> httpx2.Response:
    started = time.monotonic()
    found = await answer
    assert time.monotonic() - started < QUICK_SECONDS
    return found


async def test_fifty_submissions_without_a_database_are_each_done_and_charged_once(
    stack: Stack, customer: Customer
) -> None:
    await customer.buy_and_wait("pack-1000", 1000)
    before = await customer.outcome(await customer.accepted(steps=0))
    assert (await customer.credits())["available"] == 1004
    await asyncio.sleep(1)  # what was shown is written behind
    async with without(stack, "postgres"):
        first = await quickly(customer.submit(key="once", title="once"))
        await in_mode(customer, "database-away")
        answers = await asyncio.gather(
            *(customer.submit(key=f"key-{n % 40}", title=f"held {n % 40}", steps=n % 40 % 2) for n in range(50))
        )
        for answer in (first, *answers):
            assert answer.status_code == 202, answer.text
            assert answer.headers["x-degraded"] == "database"
            assert answer.json()["status"] == "submitted"
        other = await customer.submit(key="key-1", title="another")
        assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")

        shown = await quickly(customer.http.get(f"/v1/jobs/{before['id']}"))
        assert (shown.status_code, shown.json()["status"]) == (200, "succeeded")
        assert shown.headers["x-degraded"].startswith("database; age=")
        credits = await quickly(customer.http.get("/v1/credits"))
        assert (credits.status_code, credits.json()["available"]) == (200, 1004)
        assert credits.headers["x-degraded"].startswith("billing; age=")
        assert (await quickly(customer.http.get("/readyz"))).status_code == 200
        await asyncio.sleep(4)
        ready = await customer.http.get("/readyz")
        assert ready.status_code == 200, ready.text
        assert (await quickly(customer.http.get("/v1/me"))).status_code == 503

    job_ids = {answer.json()["id"] for answer in (first, *answers)}
    assert len(job_ids) == 41
    jobs = await asyncio.gather(*(customer.outcome(job_id, 90) for job_id in job_ids))
    assert {(job["status"], job["charge"]["charged"]) for job in jobs} == {("succeeded", 6)}
    assert await customer.has_credits(1004 - 6 * 41)
    again = await customer.submit(key="key-7", title="held 7", steps=1)
    assert again.json()["id"] == answers[7].json()["id"]
    rows = await query(stack, "gateway", "SELECT count(*) AS kept FROM jobs WHERE idempotency_key LIKE 'key-%'")
    assert rows[0]["kept"] >= 40
    await out_of_modes(customer)


async def test_a_gateway_killed_while_it_replays_leaves_each_job_done_once(stack: Stack, customer: Customer) -> None:
    await customer.buy_and_wait("pack-1000", 1000)
    async with without(stack, "postgres"):
        await customer.submit()
        await in_mode(customer, "database-away")
        answers = await asyncio.gather(*(customer.submit(key=f"replayed-{n}", title="r", steps=0) for n in range(40)))
        assert {answer.status_code for answer in answers} == {202}
    kept = "SELECT count(*) AS kept FROM jobs WHERE idempotency_key LIKE 'replayed-%'"

    async def begun() -> bool:
        return bool((await query(stack, "gateway", kept))[0]["kept"])

    await until(begun, what="the replay")
    await asyncio.to_thread(stack.kill, "gateway")
    job_ids = {answer.json()["id"] for answer in answers}
    jobs = await asyncio.gather(*(customer.outcome(job_id, 90) for job_id in job_ids))
    assert {(job["status"], job["charge"]["charged"]) for job in jobs} == {("succeeded", 6)}
    assert (await query(stack, "gateway", kept))[0]["kept"] == 40
    await asyncio.to_thread(stack.wait_ready)


async def test_what_cannot_be_paid_is_rejected_when_the_database_is_back(stack: Stack, customer: Customer) -> None:
    async with without(stack, "postgres"):
        answers = [await customer.submit(key=f"poor-{n}", title=f"poor {n}", steps=0) for n in range(3)]
        assert {answer.status_code for answer in answers} == {202}

    jobs = [await customer.outcome(answer.json()["id"]) for answer in answers]
    assert sorted(job["status"] for job in jobs) == ["rejected", "rejected", "succeeded"]
    assert {job["error"]["code"] for job in jobs if job["status"] == "rejected"} == {"INSUFFICIENT_CREDITS"}
    assert await customer.has_credits(4)

    async def told() -> bool:
        types = [event["type"] for event in await customer.event_log()]
        return types.count("job.rejected") == 2

    await until(told, what="the news of both refusals")


async def test_without_billing_work_is_accepted_and_credits_are_shown_as_last_known(
    stack: Stack, customer: Customer
) -> None:
    assert (await customer.credits())["available"] == 10
    await asyncio.sleep(1)
    who = {"email": f"stranger-{time.time_ns()}@example.com", "password": "correct horse battery"}
    stranger = (await customer.http.post("/v1/users", json=who)).json()["access_token"]
    async with without(stack, "billing"):
        answer = await customer.submit(steps=0)
        assert (answer.status_code, answer.json()["status"]) == (202, "submitted")
        assert "x-degraded" not in answer.headers
        credits = await quickly(customer.http.get("/v1/credits"))
        assert (credits.status_code, credits.json()["available"]) == (200, 10)
        assert credits.headers["x-degraded"].startswith("billing; age=")
        headers = {"Authorization": f"Bearer {stranger}"}
        unknown = await quickly(customer.http.get("/v1/credits", headers=headers))
        assert (unknown.status_code, unknown.json()["code"]) == (503, "DEGRADED")
        await in_mode(customer, "billing-away")
    job = await customer.outcome(answer.json()["id"])
    assert (job["status"], job["charge"]["charged"]) == ("succeeded", 6)
    await out_of_modes(customer)


async def test_without_redis_work_is_accepted_and_done_later(stack: Stack, customer: Customer) -> None:
    before = await customer.outcome(await customer.accepted(steps=0))
    await customer.buy_and_wait("pack-50", 50)
    async with without(stack, "valkey"):
        await in_mode(customer, "redis-away")
        answer = await quickly(customer.submit(key="no-redis", title="no redis", steps=0))
        assert (answer.status_code, answer.json()["status"]) == (202, "submitted"), answer.text
        shown = await quickly(customer.http.get(f"/v1/jobs/{before['id']}"))
        assert shown.status_code == 200
        assert (await quickly(customer.http.get("/readyz"))).status_code == 200
    job = await customer.outcome(answer.json()["id"], 90)
    assert (job["status"], job["charge"]["charged"]) == ("succeeded", 6)
    await out_of_modes(customer)

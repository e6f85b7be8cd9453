"""Quotes and switches on the running system: what was promised is charged, and a switch is obeyed within seconds."""

import asyncio
import os
import subprocess
import sys
import time
from typing import Any

import httpx2

from atelier_local.stack import Stack

from .conftest import query
from .studio import Customer, until

SEEN_SECONDS_MAX = 5.0
PRICE = "UPDATE kinds SET declaration = jsonb_set(declaration, '{price,base_credits}', to_jsonb($1::int)), digest = $2"


async def reprice(stack: Stack, price: int) -> None:
    """As a release with another price does; every gateway follows within seconds."""
    await query(stack, "gateway", f"{PRICE} WHERE name = 'rehearsal'", price, f"repriced-{price}")


async def operate(stack: Stack, *arguments: str) -> str:
    """What an operator types."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "gateway", "features", *arguments],
        env={**stack.environment, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


async def test_what_was_quoted_is_charged_whatever_the_price_has_become(stack: Stack, customer: Customer) -> None:
    job_input = {"title": "a quoted rehearsal", "steps": 1}
    estimate = await customer.http.post("/v1/jobs/rehearsal/estimate", json=job_input)
    assert estimate.status_code == 200, estimate.text
    quote = estimate.json()["quote"]
    assert (estimate.json()["price"], quote["price"]) == (6, 6)
    assert (await customer.credits())["held"] == 0
    try:
        await reprice(stack, 9)

        async def costs_nine() -> bool:
            answer = await customer.http.post("/v1/jobs/rehearsal/estimate", json=job_input)
            return bool(answer.json()["price"] == 9)

        await until(costs_nine, seconds=SEEN_SECONDS_MAX, what="the new price")
        answer = await customer.http.post(
            "/v1/jobs/rehearsal", json=job_input, headers={"Quote": quote["token"], "Idempotency-Key": "quoted"}
        )
        assert answer.status_code == 202, answer.text
        job = await customer.outcome(answer.json()["id"])
    finally:
        await reprice(stack, 6)
    assert job["charge"] == {"price": 6, "held": 6, "charged": 6, "returned": 0, "settled": True}
    assert await customer.has_credits(4)
    receipt = (await customer.http.get(f"/v1/jobs/{job['id']}/receipt")).json()
    assert (receipt["hold"]["amount"], receipt["capture"]["amount"]) == (6, 6)


async def test_read_only_is_obeyed_within_five_seconds_and_reads_go_on(stack: Stack, customer: Customer) -> None:
    job_id = await customer.accepted(steps=0)
    who = ("--by", "an operator", "--why", "a rehearsal of an emergency")
    await operate(stack, "set", "read-only", "on", "--public", "Back in a minute.", *who)
    switched_at = time.monotonic()
    try:

        async def refused() -> httpx2.Response | None:
            answer = await customer.submit(steps=0)
            return answer if answer.status_code == 503 else None

        answer = await until(refused, seconds=SEEN_SECONDS_MAX, what="read-only")
        assert time.monotonic() - switched_at < SEEN_SECONDS_MAX
        assert (answer.json()["code"], answer.json()["detail"]) == ("DEGRADED", "Back in a minute.")
        assert int(answer.headers["retry-after"]) > 0
        assert (await customer.outcome(job_id))["status"] == "succeeded", "what was accepted is done"
        status = (await customer.http.get("/v1/status")).json()
        assert status["state"] == "degraded"
        assert [item["feature"] for item in status["switched_off"]] == ["submissions"]
    finally:
        await operate(stack, "clear", "read-only", *who)

    async def accepted() -> bool:
        return (await customer.submit(steps=0)).status_code in (202, 402)

    await until(accepted, seconds=SEEN_SECONDS_MAX, what="the end of read-only")
    kept = await query(
        stack, "gateway", "SELECT key, changed_by, why FROM feature_changes ORDER BY version DESC LIMIT 2"
    )
    assert {tuple(row) for row in kept} == {("read-only", "an operator", "a rehearsal of an emergency")}


async def test_the_status_says_that_everything_works(stack: Stack, customer: Customer) -> None:
    await customer.outcome(await customer.accepted(steps=0))

    async def well() -> dict[str, Any] | None:
        async with httpx2.AsyncClient(base_url=stack.urls["gateway"], trust_env=False) as anybody:
            answer = await anybody.get("/v1/status")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found if found["state"] == "ok" else None

    status = await until(well, seconds=20, what="a status without trouble")
    assert {"api", "database", "redis", "billing", "generation", "generation.local", "notifications"} <= {
        item["name"] for item in status["components"]
    }
    assert {queue["job_class"] for queue in status["queues"]} >= {"image", "local"}


async def test_a_job_that_has_not_changed_is_not_sent_again(customer: Customer) -> None:
    job = await customer.outcome(await customer.accepted(steps=0))
    first = await customer.http.get(f"/v1/jobs/{job['id']}")

    same = await customer.http.get(f"/v1/jobs/{job['id']}", headers={"If-None-Match": first.headers["etag"]})

    assert (same.status_code, same.content) == (304, b"")

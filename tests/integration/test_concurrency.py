"""Exact under concurrency: one key makes one job, credits for ten jobs make ten jobs."""

import asyncio
from collections import Counter

from atelier_local.stack import Stack

from .conftest import query
from .studio import Customer


async def test_one_key_sent_a_hundred_times_in_parallel_is_one_job(stack: Stack, customer: Customer) -> None:
    answers = await asyncio.gather(*(customer.submit(key="the-key", title="once") for _ in range(100)))
    assert [answer.status_code for answer in answers] == [202] * 100
    assert len({answer.json()["id"] for answer in answers}) == 1
    replays = [answer for answer in answers if answer.headers.get("Idempotent-Replayed") == "true"]
    assert len(replays) == 99
    job = await customer.outcome(answers[0].json()["id"])
    assert (job["status"], job["charge"]["charged"]) == ("succeeded", 6)
    assert (await customer.credits())["available"] == 4


async def test_a_key_with_another_body_is_refused(customer: Customer) -> None:
    first = await customer.submit(key="the-key", title="this")
    assert first.status_code == 202
    second = await customer.submit(key="the-key", title="that")
    assert (second.status_code, second.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


async def test_credits_for_ten_jobs_accept_exactly_ten_of_two_hundred(stack: Stack, customer: Customer) -> None:
    await customer.buy_and_wait("pack-50", 50)
    answers = await asyncio.gather(*(customer.submit(title=f"wish {n}", steps=0) for n in range(200)))
    assert Counter(answer.status_code for answer in answers) == {202: 10, 402: 190}
    for refusal in (answer.json() for answer in answers if answer.status_code == 402):
        assert refusal["code"] == "INSUFFICIENT_CREDITS"
        assert refusal["required"] == 6
        assert 0 <= refusal["available"] < 6
    accepted = [answer.json()["id"] for answer in answers if answer.status_code == 202]
    for job_id in accepted:
        assert (await customer.outcome(job_id))["status"] == "succeeded"
    credits = await customer.credits()
    assert (credits["available"], credits["held"], credits["debt"]) == (0, 0, 0)
    lowest = await query(stack, "billing", "SELECT min(balance_after_credits) AS lowest FROM entries")
    assert lowest[0]["lowest"] >= 0


async def test_a_refused_key_can_be_used_again_after_paying(customer: Customer) -> None:
    await customer.accepted(title="spend")
    refused = await customer.submit(key="later", title="one more")
    assert refused.status_code == 402
    await customer.buy_and_wait("pack-50", 50)
    accepted = await customer.submit(key="later", title="one more")
    assert accepted.status_code == 202
    assert "Idempotent-Replayed" not in accepted.headers

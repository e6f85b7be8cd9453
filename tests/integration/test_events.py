"""What a customer is told: complete, in order, once, wherever the connection breaks."""

import asyncio

import httpx2

from atelier_local.stack import Stack

from .studio import Customer, until

STEPS = ("job.submitted", "job.queued", "job.started", "job.succeeded", "job.charged")


async def _history(customer: Customer) -> list[int]:
    return [event["sequence"] for event in await customer.event_log()]


async def test_a_stream_cut_after_every_event_resumes_without_gap_or_repeat(stack: Stack, customer: Customer) -> None:
    job_id = await customer.accepted(steps=2, pause_seconds=0.3)
    seen: list[int] = []
    final = False
    last_id: str | None = "0"
    while not final:
        async with customer.events(last_event_id=last_id) as events:
            async for event in events:
                seen.append(event.data["sequence"])
                last_id = event.id
                final = event.data.get("job_id") == job_id and event.data["final"]
                break
    assert seen == list(range(1, len(seen) + 1))
    assert (await _history(customer))[: len(seen)] == seen


async def test_a_stream_survives_a_restart_of_the_notifier(stack: Stack, customer: Customer) -> None:
    job_id = await customer.accepted(steps=3, pause_seconds=0.8)
    seen: list[int] = []
    last_id: str | None = "0"
    final = killed = False
    while not final:
        try:
            async with customer.events(last_event_id=last_id) as events:
                async for event in events:
                    if "sequence" not in event.data:
                        continue
                    seen.append(event.data["sequence"])
                    last_id = event.id
                    if event.type == "job.started" and not killed:
                        killed = True
                        await asyncio.to_thread(stack.kill, "notifier")
                    final = event.data.get("job_id") == job_id and event.data["final"]
                    if final:
                        break
        except (httpx2.HTTPError, AssertionError):
            await asyncio.sleep(0.2)
    assert killed
    assert seen == list(range(1, len(seen) + 1))
    assert (await customer.job(job_id))["status"] == "succeeded"


async def test_progress_only_grows_and_outcome_and_charge_come_last(customer: Customer) -> None:
    job_id = await customer.accepted("text-to-design", prompt="A quiet harbour in the morning", style="minimal")
    types: list[str] = []
    progress: list[float] = []
    async with customer.events(f"/v1/jobs/{job_id}/events") as events:
        async for event in events:
            types.append(event.type)
            if event.type == "job.progress":
                progress.append(event.data["progress"])
    # Three services tell of it by three streams, which the notifier reads as one.
    assert [event_type for event_type in types if event_type != "job.progress"] == list(STEPS)
    assert types[-2:] == list(STEPS[-2:])
    assert progress == sorted(progress)
    assert progress[-1] <= 1


async def test_a_stranger_sees_nothing_of_a_job(stack: Stack, customer: Customer) -> None:
    job_id = await customer.accepted(steps=0)
    await customer.outcome(job_id)
    stranger = await Customer.sign_up(stack.urls["gateway"])
    assert (await stranger.http.get(f"/v1/jobs/{job_id}")).status_code == 404
    assert all(event.get("job_id") != job_id for event in await stranger.event_log())
    await until(lambda: stranger.has_credits(10), what="their own credits only")
    await stranger.aclose()

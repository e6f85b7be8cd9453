"""The read model is the same in whatever order the facts arrive, and an outcome is never overwritten."""

import random
from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text

from common.bus.handlers import Handlers, Received
from common.clock import now
from common.db.database import Database
from common.events.artefacts import ArtefactsExpired
from common.events.credits import CreditsCaptured, CreditsHeld, CreditsRefused, CreditsReleased
from common.events.envelope import Event
from common.events.jobs import JobSpec
from common.events.runs import (
    AttemptSummary,
    DeliveredPart,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunProgressed,
    RunQueued,
    RunStarted,
    Wait,
)
from common.ids import new_id
from gateway.jobs import handlers as job_handlers
from gateway.jobs import read_model
from gateway.jobs.limit_notes import LimitNotes
from gateway.jobs.limits import Limits
from gateway.jobs.read_model import get_job
from gateway.jobs.storage import accept
from gateway.jobs.submission import Submission
from gateway.kinds.catalogue import KindCatalogue

from .studio import submission_of

NOW = now()


@pytest_asyncio.fixture
async def handlers(limits: Limits) -> Handlers:
    registered = Handlers()
    job_handlers.register(registered, LimitNotes(limits))
    return registered


async def tell(database: Database, handlers: Handlers, events: Sequence[Event]) -> None:
    """Each event in a transaction of its own, as the consumer does with news that trickle in."""
    for event in events:
        async with database.unit_of_work() as uow:
            batch: Any = handlers.batch(type(event))
            if batch is not None:
                await batch([Received(event, None)], uow)
            else:
                single: Any = handlers.single(type(event))
                await single(event, uow)


def facts(item: Submission) -> dict[str, Event]:
    """All that is ever said of a job."""
    spec = JobSpec(
        job_id=item.job_id,
        kind="sketch",
        job_class="image",
        price_credits=5,
        input={},
        deadline_at=item.deadline_at,
    )
    of_run: dict[str, Any] = {"account_id": item.account_id, "job_id": item.job_id, "kind": "sketch"}
    of_money: dict[str, Any] = {"account_id": item.account_id, "job_id": item.job_id, "hold_id": new_id()}
    attempt = AttemptSummary(step="image", provider="openai", model="m", outcome="ok", duration_seconds=1)
    started, finished = NOW + timedelta(seconds=2), NOW + timedelta(seconds=9)
    return {
        "held": CreditsHeld(
            account_id=item.account_id, job=spec, hold_id=new_id(), amount_credits=5, available_credits=0
        ),
        "queued": RunQueued(
            **of_run,
            wait=Wait(
                position=1,
                start_seconds_p50=1,
                start_seconds_p90=2,
                duration_seconds_p50=3,
                duration_seconds_p90=4,
            ),
        ),
        "started": RunStarted(**of_run, attempt=1, occurred_at=started + timedelta(milliseconds=3)),
        "started_again": RunStarted(**of_run, attempt=2, occurred_at=started + timedelta(seconds=3)),
        "progressed": RunProgressed(**of_run, attempt=2, sequence=1, progress=0.4, step="image", message="drawing"),
        "completed": RunCompleted(
            **of_run,
            charge_credits=5,
            result={"url": "u"},
            attempts=(attempt,),
            started_at=started,
            finished_at=finished,
        ),
        "failed": RunFailed(**of_run, code="X", detail="d", started_at=started, finished_at=finished),
        "cancelled": RunCancelled(
            **of_run,
            charge_credits=5,
            parts=(DeliveredPart(name="page-1", credits=5, result={"url": "u"}),),
            finished_at=finished,
        ),
        "captured": CreditsCaptured(
            **of_money, captured_credits=5, released_credits=0, available_credits=0, occurred_at=finished
        ),
        "released": CreditsReleased(
            **of_money, released_credits=5, reason="failed", available_credits=5, occurred_at=finished
        ),
        "refused": CreditsRefused(
            account_id=item.account_id,
            job_id=item.job_id,
            required_credits=5,
            available_credits=1,
            occurred_at=finished,
        ),
    }


async def final_row(database: Database, item: Submission) -> dict[str, Any]:
    """The row without what differs from job to job."""
    async with database.autocommit() as connection:
        found = await connection.execute(text("SELECT * FROM jobs WHERE job_id = :id"), {"id": item.job_id})
        row = dict(found.one()._mapping)
    for own in ("job_id", "account_id", "input", "request_hash", "created_at", "deadline_at", "traceparent"):
        del row[own]
    return row


STORIES = {
    "succeeded": ("held", "queued", "started", "progressed", "completed", "captured"),
    "failed": ("held", "queued", "started", "progressed", "failed", "released"),
    "cancelled": ("held", "queued", "started", "progressed", "cancelled", "released"),
    "succeeded_at_the_second_attempt": ("held", "queued", "started", "started_again", "completed", "captured"),
    "rejected": ("refused",),
}


async def tell_at_once(database: Database, handlers: Handlers, events: Sequence[Event]) -> bool:
    """The events in one batch, as the consumer tries first."""
    batch = [Received(event, None) for event in events]
    at_once = handlers.at_once(batch)
    assert at_once is not None
    return await at_once(batch, database)


@pytest.mark.parametrize("name", STORIES)
async def test_however_the_facts_fall_into_batches_the_row_is_the_same(
    database: Database, catalogue: KindCatalogue, handlers: Handlers, name: str
) -> None:
    chooser = random.Random(11)  # noqa: S311 - a fixed choice
    items = [submission_of(catalogue) for _ in range(30)]
    await accept(database, items)
    for item in items[1:]:
        told = [facts(item)[fact] for fact in STORIES[name]]
        chooser.shuffle(told)
        while told:
            share = chooser.randint(1, len(told))
            assert await tell_at_once(database, handlers, told[:share])
            told = told[share:]
    await tell(database, handlers, [facts(items[0])[fact] for fact in STORIES[name]])
    expected = await final_row(database, items[0])
    for item in items:
        assert await final_row(database, item) == expected


async def test_a_cancelled_job_shows_what_was_delivered_of_it(
    database: Database, catalogue: KindCatalogue, handlers: Handlers
) -> None:
    item = submission_of(catalogue)
    await accept(database, [item])

    await tell(database, handlers, [facts(item)[fact] for fact in STORIES["cancelled"]])

    job = await get_job(database, item.account_id, item.job_id)
    assert job is not None
    assert (job.status, job.charge.charged) == ("cancelled", 0), "the ledger alone says what was charged"
    assert job.result == {"parts": [{"name": "page-1", "credits": 5, "result": {"url": "u"}}]}
    assert job.files_deleted_at is None
    note = handlers.single(ArtefactsExpired)
    assert note is not None
    for account_id, day in ((new_id(), 1), (item.account_id, 2), (item.account_id, 3)):
        at = NOW + timedelta(days=day)
        gone = ArtefactsExpired(account_id=account_id, job_id=item.job_id, kind="k", occurred_at=at)
        await database.transact(lambda uow, gone=gone: note(gone, uow))
    job = await get_job(database, item.account_id, item.job_id)
    assert job is not None
    assert job.files_deleted_at == NOW + timedelta(days=2)


async def test_an_event_that_was_taken_in_stops_the_whole_batch(
    database: Database, catalogue: KindCatalogue, handlers: Handlers
) -> None:
    item, other = submission_of(catalogue), submission_of(catalogue)
    await accept(database, [item, other])
    told = facts(item)
    assert await tell_at_once(database, handlers, [told["queued"]])
    before = await final_row(database, other)

    assert not await tell_at_once(database, handlers, [told["queued"], facts(other)["started"]])

    assert await final_row(database, other) == before


async def test_a_refusal_at_once_tells_the_limits(database: Database, catalogue: KindCatalogue, limits: Limits) -> None:
    item = submission_of(catalogue, account_id=uuid4(), key="k")
    await accept(database, [item])
    notes, handlers = LimitNotes(limits), Handlers()
    job_handlers.register(handlers, notes)

    assert await tell_at_once(database, handlers, [facts(item)["refused"]])

    assert len(notes._notes) == 1
    assert (await final_row(database, item))["idempotency_key"] is None


@pytest.mark.parametrize("name", STORIES)
async def test_every_order_of_the_facts_gives_the_same_row(
    database: Database, catalogue: KindCatalogue, handlers: Handlers, name: str
) -> None:
    story = STORIES[name]
    orders = list(permutations(story))
    chosen = [orders[0], orders[-1], *random.Random(7).sample(orders, min(len(orders), 40))]  # noqa: S311 - a fixed choice
    items = [submission_of(catalogue) for _ in chosen]
    await accept(database, items)

    for order, item in zip(chosen, items, strict=True):
        told = facts(item)
        await tell(database, handlers, [told[fact] for fact in order])

    first = await final_row(database, items[0])
    assert first["rank"] == 3
    assert first["status"] == name.split("_")[0]
    for order, item in zip(chosen, items, strict=True):
        assert await final_row(database, item) == first, f"told in the order {order}"


async def test_the_public_sees_what_became_of_it(
    database: Database, catalogue: KindCatalogue, handlers: Handlers
) -> None:
    item = submission_of(catalogue)
    await accept(database, [item])
    told = facts(item)
    seen = []
    for fact in STORIES["succeeded"]:
        await tell(database, handlers, [told[fact]])
        job = await read_model.get_job(database, item.account_id, item.job_id)
        assert job is not None
        seen.append((job.status.value, job.progress, job.message, job.queue is not None, job.charge.held))

    assert seen == [
        ("submitted", 0.0, None, False, 5),
        ("queued", 0.0, None, True, 5),
        ("running", 0.0, None, False, 5),
        ("running", 0.4, "drawing", False, 5),
        ("succeeded", 1.0, None, False, 5),
        ("succeeded", 1.0, None, False, 5),
    ]
    assert job is not None
    assert job.result == {"url": "u"}
    assert job.started_at is not None
    assert job.finished_at == NOW + timedelta(seconds=9)
    assert (job.charge.charged, job.charge.settled) == (5, True)
    assert [attempt.provider for attempt in job.attempts] == ["openai"]


@pytest.mark.parametrize("first", ["completed", "failed", "cancelled"])
@pytest.mark.parametrize("second", ["completed", "failed", "cancelled", "refused", "queued", "started"])
async def test_the_first_outcome_stays(
    database: Database, catalogue: KindCatalogue, handlers: Handlers, first: str, second: str
) -> None:
    if first == second:
        return
    item = submission_of(catalogue, key="k")
    await accept(database, [item])
    told = facts(item)
    await tell(database, handlers, [told[first]])
    before = await final_row(database, item)

    await tell(database, handlers, [told[second]])

    after = await final_row(database, item)
    kept = ("status", "rank", "result", "error", "finished_at", "idempotency_key", "progress")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


async def test_progress_never_goes_back(database: Database, catalogue: KindCatalogue, handlers: Handlers) -> None:
    item = submission_of(catalogue)
    await accept(database, [item])
    told = facts(item)
    further = told["progressed"].model_copy(update={"progress": 0.8, "message": "storing"})

    await tell(database, handlers, [told["started_again"], further, told["progressed"]])

    row = await final_row(database, item)
    assert (row["progress"], row["progress_message"]) == (0.8, "storing")


async def test_a_report_of_an_earlier_attempt_is_old_news(
    database: Database, catalogue: KindCatalogue, handlers: Handlers
) -> None:
    item = submission_of(catalogue)
    await accept(database, [item])
    told = facts(item)
    stale = told["progressed"].model_copy(update={"attempt": 1, "progress": 0.9})

    await tell(database, handlers, [told["started_again"], stale])

    assert (await final_row(database, item))["progress"] == 0


async def test_facts_of_many_jobs_in_one_batch_reach_each_its_own(
    database: Database, catalogue: KindCatalogue, handlers: Handlers
) -> None:
    items = [submission_of(catalogue) for _ in range(20)]
    await accept(database, items)
    stranger = submission_of(catalogue)
    for fact in ("held", "queued", "started", "progressed", "captured"):
        events = [facts(item)[fact] for item in [*items, stranger]]
        batch: Any = handlers.batch(type(events[0]))
        async with database.unit_of_work() as uow:
            await batch([Received(event, None) for event in events + events], uow)

    rows = [await final_row(database, item) for item in items]
    assert all(row == rows[0] for row in rows)
    assert (rows[0]["status"], rows[0]["progress"], rows[0]["charged_credits"]) == ("running", 0.4, 5)


async def test_a_refusal_frees_the_key(database: Database, catalogue: KindCatalogue, handlers: Handlers) -> None:
    item = submission_of(catalogue, account_id=uuid4(), key="k")
    await accept(database, [item])

    await tell(database, handlers, [facts(item)["refused"]])

    row = await final_row(database, item)
    assert row["idempotency_key"] is None
    assert row["error"]["code"] == "INSUFFICIENT_CREDITS"
    assert row["settled_at"] is not None

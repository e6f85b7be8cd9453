"""Accepting: from the statement's commit on the job exists, once for each idempotency key."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from common.bus.handlers import Received
from common.db.database import Database
from common.events.credits import CreditsRefused
from common.events.jobs import JobSubmitted
from gateway.jobs.projection import Projection
from gateway.jobs.storage import accept
from gateway.jobs.submission import Accepted, Refused
from gateway.kinds.catalogue import KindCatalogue

from .studio import Studio, submission_of
from .wire import wire_to


async def outbox_of(database: Database, job_ids: list[UUID]) -> list[JobSubmitted]:
    async with database.autocommit() as connection:
        rows = await connection.execute(
            text("SELECT body FROM outbox WHERE type = 'job.submitted' ORDER BY sequence DESC LIMIT 2000")
        )
        events = [JobSubmitted.from_json(row.body) for row in rows]
    return [event for event in events if event.job.job_id in job_ids]


async def test_a_batch_becomes_jobs_and_events_in_one_statement(database: Database, catalogue: KindCatalogue) -> None:
    submissions = [submission_of(catalogue) for _ in range(50)]

    answers = await accept(database, submissions)

    assert answers == [Accepted(item.job_id, replayed=False, rate=None) for item in submissions]
    events = await outbox_of(database, [item.job_id for item in submissions])
    assert {event.job.job_id for event in events} == {item.job_id for item in submissions}
    assert len(events) == 50
    assert {(event.job.price_credits, event.job.job_class) for event in events} == {(5, "image")}


async def test_of_a_hundred_parallel_uses_of_a_key_one_makes_the_job(
    database: Database, catalogue: KindCatalogue
) -> None:
    account = uuid4()
    submissions = [submission_of(catalogue, account_id=account, key="once", prompt="p") for _ in range(100)]

    answers = await asyncio.gather(*(accept(database, submissions[start : start + 10]) for start in range(0, 100, 10)))

    flat = [answer for batch in answers for answer in batch]
    assert all(isinstance(answer, Accepted) for answer in flat)
    accepted = [answer for answer in flat if isinstance(answer, Accepted)]
    assert len({answer.job_id for answer in accepted}) == 1
    assert sum(not answer.replayed for answer in accepted) == 1
    assert len(await outbox_of(database, [item.job_id for item in submissions])) == 1


async def test_a_key_with_another_body_is_refused_and_names_its_job(
    database: Database, catalogue: KindCatalogue
) -> None:
    account = uuid4()
    first = submission_of(catalogue, account_id=account, key="k", prompt="one")
    other = submission_of(catalogue, account_id=account, key="k", prompt="two")
    somebody_else = submission_of(catalogue, key="k", prompt="two")
    await accept(database, [first])

    answers = await accept(database, [other, somebody_else])

    assert answers[0] == Refused("key_reused", job_id=first.job_id)
    assert answers[1] == Accepted(somebody_else.job_id, replayed=False, rate=None)


async def test_within_one_batch_too_a_key_makes_one_job(database: Database, catalogue: KindCatalogue) -> None:
    account = uuid4()
    first = submission_of(catalogue, account_id=account, key="k", prompt="one")
    same = submission_of(catalogue, account_id=account, key="k", prompt="one")
    other = submission_of(catalogue, account_id=account, key="k", prompt="two")

    answers = await accept(database, [first, same, other])

    assert answers[0] == Accepted(first.job_id, replayed=False, rate=None)
    assert answers[1] == Accepted(first.job_id, replayed=True, rate=None)
    assert answers[2] == Refused("key_reused", job_id=first.job_id)


async def test_a_commit_whose_answer_was_lost_is_found_again(
    database: Database, database_url: str, catalogue: KindCatalogue
) -> None:
    submissions = [submission_of(catalogue, key="k"), submission_of(catalogue)]
    async with wire_to(database_url) as (wire, url):
        through_wire = Database(url, application="tests", pool_size=1)
        await through_wire.check()
        # The statement is long prepared when its arguments travel, so the job's id tells it from others.
        wire.lose_answer_to(submissions[0].job_id.bytes)

        answers = await through_wire.retry(accept, through_wire, submissions)
        await through_wire.close()

    assert wire.cuts == 1, "the answer was never lost, so nothing was tested"
    assert answers == [Accepted(item.job_id, replayed=False, rate=None) for item in submissions]
    assert len(await outbox_of(database, [item.job_id for item in submissions])) == 2


async def test_the_key_of_a_refused_job_is_free_again(studio: Studio, database: Database) -> None:
    catalogue, account = studio.parts.catalogue, uuid4()
    first = submission_of(catalogue, account_id=account, key="k", prompt="one")
    second = submission_of(catalogue, account_id=account, key="k", prompt="two")
    await accept(database, [first])
    refused = CreditsRefused(account_id=account, job_id=first.job_id, required_credits=5, available_credits=0)
    async with database.unit_of_work() as uow:
        await Projection(studio.parts.notes).apply([Received(refused, None)], uow)

    (answer,) = await accept(database, [second])

    assert answer == Accepted(second.job_id, replayed=False, rate=None)


@pytest.mark.parametrize("text_with_escapes", ["a \\u0000 in code", 'tab\tand "quotes"', "日本 🎨", "\\"])
async def test_keeps_every_text_a_person_may_write(
    database: Database, catalogue: KindCatalogue, text_with_escapes: str
) -> None:
    submission = submission_of(catalogue, prompt=text_with_escapes)

    await accept(database, [submission])

    async with database.autocommit() as connection:
        stored = await connection.execute(
            text("SELECT input->>'prompt' FROM jobs WHERE job_id = :job_id"), {"job_id": submission.job_id}
        )
        assert stored.scalar_one() == text_with_escapes
    (event,) = await outbox_of(database, [submission.job_id])
    assert event.job.input == {"prompt": text_with_escapes}


async def test_a_submission_sent_twice_is_one_job(database: Database, catalogue: KindCatalogue) -> None:
    submission = submission_of(catalogue)
    await accept(database, [submission])

    (answer,) = await accept(database, [replace(submission)])

    assert answer == Accepted(submission.job_id, replayed=False, rate=None)
    assert len(await outbox_of(database, [submission.job_id])) == 1

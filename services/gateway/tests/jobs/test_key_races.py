"""One idempotency key, two bodies, two replicas, all at once: one job, and whoever came with the other body is told."""

import asyncio

from common.db.database import Database
from gateway.jobs.storage import accept
from gateway.jobs.submission import Accepted, Refused, Submission
from gateway.kinds.catalogue import KindCatalogue

from .studio import open_studio, submission_of


async def test_of_two_bodies_under_one_key_at_once_one_makes_the_job_on_any_replica(
    database_url: str, redis_url: str, catalogue: KindCatalogue
) -> None:
    async with open_studio(database_url, redis_url) as one, open_studio(database_url, redis_url) as other:
        persons = [one.person("pro")]
        persons.append(other.person("pro", persons[0].account_id))

        answers = await asyncio.gather(
            *(persons[n % 2].submit(body={"prompt": f"body {n // 2 % 2}"}, key="k") for n in range(50))
        )

        (job,) = await one.rows(persons[0].account_id)
        wanted = int(job.input["prompt"][-1])
        for number, answer in enumerate(answers):
            if number // 2 % 2 == wanted:
                assert answer.status_code == 202
            else:
                assert (answer.status_code, answer.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
        assert len({answer.json()["id"] for answer in answers if answer.status_code == 202}) == 1
        assert sum(answer.status_code == 202 and "idempotent-replayed" not in answer.headers for answer in answers) == 1


async def test_the_database_alone_decides_which_body_has_the_key(database_url: str, catalogue: KindCatalogue) -> None:
    """Without the early look in Redis: two processes, each with half of the submissions of both bodies."""
    account = submission_of(catalogue).account_id
    submissions = [submission_of(catalogue, account_id=account, key="k", prompt=f"body {n % 2}") for n in range(40)]
    processes = [Database(database_url, application="tests", pool_size=5) for _ in range(2)]
    start = asyncio.Barrier(8)

    async def batch(database: Database, share: list[Submission]) -> list[Accepted | Refused | None]:
        await database.check()
        await start.wait()
        return await accept(database, share)

    shares = [submissions[first : first + 5] for first in range(0, 40, 5)]
    answered = await asyncio.gather(*(batch(processes[n % 2], share) for n, share in enumerate(shares)))
    for database in processes:
        await database.close()

    answers = list(zip(submissions, [answer for batch in answered for answer in batch], strict=True))
    (made,) = [item for item, answer in answers if answer == Accepted(item.job_id, replayed=False, rate=None)]
    for item, answer in answers:
        if item is made:
            continue
        if item.request_hash == made.request_hash:
            assert answer == Accepted(made.job_id, replayed=True, rate=None)
        else:
            assert answer == Refused("key_reused", job_id=made.job_id)

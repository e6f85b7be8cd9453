"""What a job does when the provider of choice is down, as its owner chose: ask another, wait, or end."""

from typing import Any
from uuid import UUID

import pytest

from common.db.database import Database
from common.events.runs import RunCancelled, RunCompleted, RunFailed, RunProgressed
from generation.providers.bootstrap import Providers
from generation.runs.recovery import request_cancel

from ..stage import change, enqueue, executor_of, kind_of, paid, row_of, rows, said, until, until_state
from .studios import Studio, one_picture, providers_of


class House:
    """A worker with two studios, of which the first is down."""

    def __init__(self, database: Database, nobody: Providers) -> None:
        self.first, self.second = Studio("first", is_down=True), Studio("second")
        self._database = database
        self.executor = executor_of(database, providers_of(nobody, self.first, self.second), kind_of(one_picture))

    async def submit(self, choice: str, seconds: int = 0) -> UUID:
        event = paid()
        spec = event.job.model_copy(update={"on_provider_down": choice, "provider_wait_seconds": seconds})
        await enqueue(self._database, event.model_copy(update={"job": spec}))
        self.account_id = event.account_id
        self.executor.answer("image")
        return spec.job_id

    async def outcome(self, job_id: UUID) -> Any:
        await until_state(self._database, job_id, "completed", "failed", "cancelled")
        return (await said(self._database, job_id))[-1]

    async def parked(self, job_id: UUID, attempt: int = 1) -> Any:
        async def is_parked() -> bool:
            row = await row_of(self._database, job_id)
            return bool(row.state == "queued" and row.attempt == attempt)

        await until(is_parked)
        sql = "SELECT *, extract(epoch FROM not_before - now()) AS pause FROM runs WHERE job_id = :id"
        return (await rows(self._database, sql, id=job_id))[0]


@pytest.fixture
def house(database: Database, nobody: Providers) -> House:
    return House(database, nobody)


async def test_by_default_another_is_asked_and_the_job_says_so(house: House) -> None:
    outcome = await house.outcome(await house.submit("fallback"))

    assert isinstance(outcome, RunCompleted)
    assert outcome.result == {"value": "second"}
    assert [(one.provider, one.branch) for one in outcome.attempts] == [("first", "first"), ("second", "fallback")]
    await house.executor.drain(1)


async def test_who_wants_no_other_is_told_at_once_and_pays_nothing(house: House) -> None:
    outcome = await house.outcome(await house.submit("cancel"))

    assert isinstance(outcome, RunFailed)
    assert outcome.code == "PROVIDER_DOWN"
    assert (len(house.first.asked), house.second.asked) == (1, [])
    await house.executor.drain(1)


async def test_a_job_that_waits_goes_on_when_the_provider_is_back(database: Database, house: House) -> None:
    job_id = await house.submit("wait", 600)
    row = await house.parked(job_id)
    assert (row.failures, row.lease_until, row.error_code) == (0, None, None)
    assert 10 < row.pause <= 15
    told = (await said(database, job_id))[-1]
    assert isinstance(told, RunProgressed)
    assert told.step == "waiting"

    house.first.is_down = False
    await change(database, job_id, "not_before = now()")
    house.executor.answer("image")
    outcome = await house.outcome(job_id)

    assert isinstance(outcome, RunCompleted)
    assert [(one.provider, one.branch) for one in outcome.attempts] == [("first", "first"), ("first", "waited")]
    assert house.second.asked == []
    await house.executor.drain(1)


async def test_waiting_ends_with_its_time_and_is_never_longer(database: Database, house: House) -> None:
    job_id = await house.submit("wait", 20)
    first = await house.parked(job_id)
    await change(database, job_id, "not_before = now(), provider_wait_until = now() + interval '3 seconds'")
    house.executor.answer("image")
    second = await house.parked(job_id, attempt=2)
    assert 0 < second.pause <= 3, "the last try is at the end of the time"
    assert first.provider_wait_until != second.provider_wait_until

    await change(database, job_id, "not_before = now(), provider_wait_until = now() - interval '1 second'")
    house.executor.answer("image")
    outcome = await house.outcome(job_id)

    assert isinstance(outcome, RunFailed)
    assert outcome.code == "PROVIDER_DOWN"
    assert (await row_of(database, job_id)).failures == 0
    await house.executor.drain(1)


async def test_what_waits_for_a_provider_is_cancelled_free(database: Database, house: House) -> None:
    job_id = await house.submit("wait", 600)
    await house.parked(job_id)

    await database.transact(request_cancel, house.account_id, job_id)

    outcome = await house.outcome(job_id)
    assert isinstance(outcome, RunCancelled)
    assert outcome.charge_credits == 0
    await house.executor.drain(1)

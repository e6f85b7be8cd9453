"""Once a year of a subscription: early, exactly, under concurrency, and given back by what comes to nothing."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from common.bus.handlers import Handlers, Received
from common.clock import now
from common.db.database import Database
from common.events.runs import RunFailed
from common.events.subscriptions import SubscriptionChanged
from common.ids import new_id
from generation.engine.context import JobContext
from generation.engine.executor import Executor
from generation.engine.failures import JobFailed
from generation.entitlements import claiming
from generation.entitlements import handlers as entitlement_handlers
from generation.entitlements.rules import Answer as Granting
from generation.entitlements.rules import Year, year_of
from generation.entitlements.storage import use_year
from generation.kinds.kind import Kind
from generation.providers.bootstrap import Providers
from generation.runs import handlers as run_handlers
from generation.runs.recovery import request_cancel
from generation.runs.waits import Figures

from ..stage import Answer, Text, change, executor_of, kind_of, paid, row_of, rows, said, stop, types_said, until_state

MONTH = timedelta(days=30)


class Bell:
    """Rings for nobody."""

    def ring(self, job_class: str, runs: int = 1) -> None:
        pass


def hearing() -> Handlers:
    handlers = Handlers()
    run_handlers.register(handlers, Bell(), lambda: Figures({}, {}, {}), {"rehearsal"})  # type: ignore[arg-type]
    entitlement_handlers.register(handlers)
    return handlers


async def subscribe(
    database: Database, account: UUID, since: datetime | None, version: int = 1, plan: str = "pro"
) -> None:
    """Billing's word."""
    event = SubscriptionChanged(
        account_id=account, subscription_id=new_id(), plan=plan, status="active", interval="month",
        period_end=now() + MONTH, next_plan=plan, paid_since=since, version=version,
    )  # fmt: skip
    single: Any = hearing().single(SubscriptionChanged)
    async with database.unit_of_work() as uow:
        await single(event, uow)


async def ask(database: Database, account: UUID, count: int = 1, plan: str = "pro") -> list[UUID]:
    """Paid jobs, heard of at the same time in as many transactions."""
    events = [paid(account=account) for _ in range(count)]
    batch: Any = hearing().batch(type(events[0]))

    async def hear(event: Any) -> None:
        spec = event.job.model_copy(update={"plan": plan})
        await database.transact(lambda uow: batch([Received(event.model_copy(update={"job": spec}), None)], uow))

    await asyncio.gather(*[hear(event) for event in events])
    return [event.job.job_id for event in events]


async def states(database: Database, jobs: list[UUID]) -> list[str]:
    return sorted([(await row_of(database, job)).state for job in jobs])


async def refusal(database: Database, job: UUID) -> str:
    failed = (await said(database, job))[-1]
    assert isinstance(failed, RunFailed)
    assert failed.code == "NOT_ELIGIBLE"
    return failed.detail


async def test_of_twenty_at_once_one_is_made_and_the_others_end_before_they_wait(database: Database) -> None:
    account, other = uuid4(), uuid4()
    await subscribe(database, account, now() - MONTH)
    await subscribe(database, other, now() - MONTH)

    jobs = await ask(database, account, 20)

    assert await states(database, jobs) == ["failed"] * 19 + ["queued"]
    refused = [job for job in jobs if (await row_of(database, job)).state == "failed"]
    assert "once a year" in await refusal(database, refused[0])
    assert await types_said(database, refused[0]) == ["run.failed"]
    assert await states(database, await ask(database, other)) == ["queued"], "another account has its own year"


async def test_of_twenty_looks_at_once_one_is_granted(database: Database) -> None:
    account = uuid4()
    await subscribe(database, account, now() - MONTH)

    looks = [database.transact(use_year, account, "rehearsal", new_id(), now()) for _ in range(20)]
    verdicts = await asyncio.gather(*looks)

    assert sorted(verdict.answer for verdict in verdicts) == [Granting.GRANTED] + [Granting.USED] * 19


async def test_the_database_itself_refuses_a_second_one(database: Database) -> None:
    account = uuid4()
    await subscribe(database, account, now() - MONTH)
    await ask(database, account)
    use = (
        "INSERT INTO yearly_uses (job_id, account_id, kind, year_starts_at, year_ends_at)"
        " SELECT gen_random_uuid(), account_id, kind, year_starts_at, year_ends_at FROM yearly_uses"
    )
    with pytest.raises(Exception, match="uq_yearly_uses_account_id_kind_year_starts_at"):
        async with database.unit_of_work() as uow:
            await uow.execute(use)


async def test_the_next_year_has_its_own_and_a_new_subscription_none_before(database: Database) -> None:
    account = uuid4()
    await subscribe(database, account, now() - MONTH)
    assert await states(database, await ask(database, account)) == ["queued"]

    await subscribe(database, account, None, version=2, plan="free")
    await subscribe(database, account, now(), version=3)
    assert await states(database, await ask(database, account)) == ["failed"], "the year that was used is not over"

    async with database.unit_of_work() as uow:
        await uow.execute("UPDATE yearly_uses SET year_ends_at = now(), year_starts_at = now() - interval '1 year'")
    assert await states(database, await ask(database, account)) == ["queued"]


async def test_without_a_paid_plan_nothing_is_made_and_older_news_changes_nothing(database: Database) -> None:
    account = uuid4()
    (stranger,) = await ask(database, account, plan="free")
    assert "paid plan" in await refusal(database, stranger)

    await subscribe(database, account, now(), version=5)
    await subscribe(database, account, None, version=4, plan="free")
    paying = await ask(database, account, plan="free")
    assert await states(database, paying) == ["queued"], "billing's word counts, not what the gateway knew of the plan"


async def play(_: Text, job: JobContext) -> Answer:
    if (await rows(job._database, "SELECT failures FROM runs WHERE job_id = :id", id=job.job_id))[0].failures == 0:
        raise OSError("a crash")
    return Answer(value="done")


def yearly(play_: Any = play) -> Kind[Text, Answer]:
    kind = kind_of(play_)
    return Kind(**{name: getattr(kind, name) for name in kind.__slots__} | {"once_a_paid_year": True})


def worker(database: Database, nobody: Providers, play_: Any = play) -> Executor:
    return executor_of(database, nobody, yearly(play_))


async def test_one_that_is_taken_up_again_counts_once_and_one_that_fails_gives_its_year_back(
    database: Database, nobody: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generation.engine.executor.RETRY_PAUSE_SECONDS", 0.01)
    account = uuid4()
    await subscribe(database, account, now())

    async def refused(_: Text, __: JobContext) -> Answer:
        raise JobFailed("QUESTIONNAIRE_NOT_FOUND", "There is none.")

    (failing,) = await ask(database, account)
    hands = worker(database, nobody, refused)
    hands.answer("image")
    assert (await until_state(database, failing, "failed")).error_code == "QUESTIONNAIRE_NOT_FOUND"

    (cancelled,) = await ask(database, account)
    await database.transact(request_cancel, account, cancelled)
    assert (await row_of(database, cancelled)).state == "cancelled"

    (made,) = await ask(database, account)
    hands = worker(database, nobody)
    while (await row_of(database, made)).state != "completed":
        hands.answer("image")
        await asyncio.sleep(0.02)
    assert (await row_of(database, made)).attempt == 2
    assert [row.job_id for row in await rows(database, "SELECT job_id FROM yearly_uses")] == [made]
    assert await states(database, await ask(database, account)) == ["failed"]


async def test_a_job_that_is_ahead_of_billings_word_waits_for_it(
    database: Database, nobody: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "WORD_PAUSE_SECONDS", 0.01)
    account = uuid4()
    (early,) = await ask(database, account)
    await change(database, early, "failures = 1")
    hands = worker(database, nobody)
    hands.answer("image")
    await until_state(database, early, "running")
    await subscribe(database, account, now())
    assert (await until_state(database, early, "completed", "failed")).state == "completed"

    monkeypatch.setattr(claiming, "WORD_SECONDS_MAX", 0.05)
    (never,) = await ask(database, uuid4())
    hands.answer("image")
    assert (await until_state(database, never, "completed", "failed")).error_code == "NOT_ELIGIBLE"
    await stop(hands._tasks)


@pytest.mark.parametrize(
    ("since", "moment", "year"),
    [
        ((2026, 3, 10), (2026, 3, 10), ((2026, 3, 10), (2027, 3, 10))),
        ((2026, 3, 10), (2027, 3, 9), ((2026, 3, 10), (2027, 3, 10))),
        ((2026, 3, 10), (2027, 3, 10), ((2027, 3, 10), (2028, 3, 10))),
        ((2026, 3, 10), (2029, 12, 31), ((2029, 3, 10), (2030, 3, 10))),
        ((2028, 2, 29), (2029, 2, 28), ((2029, 2, 28), (2030, 2, 28))),
        ((2028, 2, 29), (2032, 2, 28), ((2031, 2, 28), (2032, 2, 29))),
        ((2026, 3, 10), (2026, 3, 9), ((2026, 3, 10), (2027, 3, 10))),
    ],
)
def test_a_year_is_counted_from_the_first_paid_day(since: Any, moment: Any, year: Any) -> None:
    starts_at, ends_at = (datetime(*day, tzinfo=UTC) for day in year)
    assert year_of(datetime(*since, tzinfo=UTC), datetime(*moment, tzinfo=UTC)) == Year(starts_at, ends_at)

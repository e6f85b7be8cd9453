"""The admission script decides each submission against the plan's numbers, exactly."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from common.db.database import Database
from common.http.identity import Caller
from gateway.jobs.limits import AccountKeys, Limits
from gateway.jobs.reading import read_submission
from gateway.jobs.storage import accept
from gateway.jobs.submission import RateState, Refused, Submission
from gateway.kinds.catalogue import KindCatalogue
from gateway.plans.limits import PlanLimits

from .studio import ROOMY, submission_of

FREE = PlanLimits("free", submissions_per_minute=5, jobs_per_day=10, jobs_in_flight=2, weight=1)


def plan(per_minute: int = 600, per_day: int = 1000, in_flight: int = 500) -> PlanLimits:
    return PlanLimits("a plan", per_minute, per_day, in_flight, 1)


async def decide_many(
    limits: Limits, catalogue: KindCatalogue, account: UUID, count: int, numbers: PlanLimits
) -> list[RateState | Refused]:
    return await limits.decide([submission_of(catalogue, account_id=account, limits=numbers) for _ in range(count)])


async def test_admits_exactly_the_rate_and_names_the_exact_wait(limits: Limits, catalogue: KindCatalogue) -> None:
    account, numbers = uuid4(), plan(per_minute=5)

    answers = await decide_many(limits, catalogue, account, 7, numbers)

    assert [type(answer) for answer in answers] == [RateState] * 5 + [Refused] * 2
    assert [answer.remaining for answer in answers[:5] if isinstance(answer, RateState)] == [4, 3, 2, 1, 0]
    refused = answers[5]
    assert isinstance(refused, Refused)
    assert refused.rule == "rate"
    assert refused.limit == 5
    assert refused.retry_after_seconds == pytest.approx(12, abs=0.2)


async def test_admits_again_after_the_named_wait_and_not_before(
    limits: Limits, catalogue: KindCatalogue, redis: Redis
) -> None:
    account, numbers = uuid4(), plan(per_minute=120)
    answers = await decide_many(limits, catalogue, account, 121, numbers)
    refused = answers[-1]
    assert isinstance(refused, Refused)
    wait = refused.retry_after_seconds
    assert wait is not None
    assert 0.3 < wait <= 0.5

    await asyncio.sleep(wait * 0.6)
    (early,) = await decide_many(limits, catalogue, account, 1, numbers)
    await asyncio.sleep(wait * 0.4 + 0.02)
    (punctual, next_one) = await decide_many(limits, catalogue, account, 2, numbers)

    assert isinstance(early, Refused)
    assert isinstance(punctual, RateState)
    assert isinstance(next_one, Refused), "one place was free, not two"


async def test_tells_how_long_until_all_submissions_are_free_again(limits: Limits, catalogue: KindCatalogue) -> None:
    first, second = await decide_many(limits, catalogue, uuid4(), 2, plan(per_minute=5))

    assert isinstance(first, RateState)
    assert isinstance(second, RateState)
    assert first.limit == 5
    assert first.reset_seconds == pytest.approx(12, abs=0.2)
    assert second.reset_seconds == pytest.approx(24, abs=0.2)


async def test_refuses_what_goes_beyond_the_day_until_midnight(limits: Limits, catalogue: KindCatalogue) -> None:
    answers = await decide_many(limits, catalogue, uuid4(), 4, plan(per_day=3))

    refused = answers[3]
    assert isinstance(refused, Refused)
    assert (refused.rule, refused.number, refused.limit) == ("quota", 3, 3)
    now = datetime.now(UTC)
    midnight_in = 86400 - (now.hour * 3600 + now.minute * 60 + now.second)
    assert refused.retry_after_seconds == pytest.approx(midnight_in, abs=3)


async def test_refuses_more_in_flight_until_one_is_finished(limits: Limits, catalogue: KindCatalogue) -> None:
    account, numbers = uuid4(), plan(in_flight=2)
    first, second, third = (submission_of(catalogue, account_id=account, limits=numbers) for _ in range(3))
    answers = await limits.decide([first, second, third])
    assert answers[2] == Refused("in_flight", 2, 2, retry_after_seconds=5)

    await limits.finished(account, first.job_id)
    await limits.finished(account, first.job_id)

    again = await decide_many(limits, catalogue, account, 2, numbers)
    assert [type(answer) for answer in again] == [RateState, Refused]


async def test_recognises_a_second_click_and_names_the_first_job(limits: Limits, catalogue: KindCatalogue) -> None:
    account = uuid4()
    first = submission_of(catalogue, account_id=account, prompt="the same")
    second = submission_of(catalogue, account_id=account, prompt="the same")
    somebody_else = submission_of(catalogue, prompt="the same")

    answers = await limits.decide([first, second, somebody_else])

    assert isinstance(answers[0], RateState)
    assert answers[1] == Refused("click", job_id=first.job_id)
    assert isinstance(answers[2], RateState)


async def test_same_content_is_new_work_once_the_click_is_forgotten(
    limits: Limits, catalogue: KindCatalogue, redis: Redis
) -> None:
    account = uuid4()
    first = submission_of(catalogue, account_id=account, prompt="the same")
    await limits.decide([first])
    key = AccountKeys(account).repeat(first)
    assert 4000 < await redis.pttl(key) <= 5000
    await redis.pexpire(key, 1)
    await asyncio.sleep(0.01)

    (answer,) = await limits.decide([submission_of(catalogue, account_id=account, prompt="the same")])

    assert isinstance(answer, RateState)


async def test_replaying_a_key_counts_nothing(limits: Limits, catalogue: KindCatalogue, redis: Redis) -> None:
    account, numbers = uuid4(), plan(per_minute=2, per_day=2, in_flight=2)
    submissions = [submission_of(catalogue, account_id=account, limits=numbers, key="k-1") for _ in range(50)]

    answers = await limits.decide(submissions)
    (other,) = await decide_many(limits, catalogue, account, 1, numbers)

    assert all(isinstance(answer, RateState) for answer in answers)
    assert isinstance(other, RateState), "fifty replays used up no place"
    keys = AccountKeys(account)
    assert await redis.get(keys.today(datetime.now(UTC))) == b"2"
    assert await redis.zcard(keys.in_flight) == 2


async def test_a_refused_submission_counts_nothing(limits: Limits, catalogue: KindCatalogue, redis: Redis) -> None:
    account, keys = uuid4(), None
    await decide_many(limits, catalogue, account, 30, plan(per_minute=2))

    keys = AccountKeys(account)
    assert await redis.get(keys.today(datetime.now(UTC))) == b"2"
    assert await redis.zcard(keys.in_flight) == 2
    answers = await decide_many(limits, catalogue, account, 2, plan(per_minute=4))
    assert [type(answer) for answer in answers] == [Refused, Refused], "thirty more had no effect on the rate either"


async def test_hint_refuses_only_what_it_cannot_pay(limits: Limits, catalogue: KindCatalogue) -> None:
    poor, rich = uuid4(), uuid4()
    await limits.hint_credits(poor, 4, version=1)
    await limits.hint_credits(rich, 5, version=1)

    answers = await limits.decide([submission_of(catalogue, account_id=who) for who in (poor, rich)])

    assert answers[0] == Refused("credits", 4, 5)
    assert isinstance(answers[1], RateState)


async def test_older_news_of_a_balance_never_replaces_newer(limits: Limits, catalogue: KindCatalogue) -> None:
    account = uuid4()
    await limits.hint_credits(account, 100, version=7)
    await limits.hint_credits(account, 0, version=6)
    (answer,) = await limits.decide([submission_of(catalogue, account_id=account)])
    assert isinstance(answer, RateState)

    await limits.hint_credits(account, 0, version=8)
    (answer,) = await limits.decide([submission_of(catalogue, account_id=account)])
    assert isinstance(answer, Refused)

    await limits.forget_hint(account)
    (answer,) = await limits.decide([submission_of(catalogue, account_id=account)])
    assert isinstance(answer, RateState)


async def test_taking_back_frees_the_places_once(limits: Limits, catalogue: KindCatalogue, redis: Redis) -> None:
    account = uuid4()
    first, second = (submission_of(catalogue, account_id=account, limits=FREE, key=key) for key in ("a", "b"))
    await limits.decide([first, second])
    keys = AccountKeys(account)

    for _ in range(3):
        await limits.take_back(account, first.job_id, first.created_at, keys.repeat(first))

    assert await redis.get(keys.today(first.created_at)) == b"1"
    assert await redis.zcard(keys.in_flight) == 1
    assert await redis.exists(keys.repeat(first)) == 0
    assert await redis.exists(keys.repeat(second)) == 1


async def test_taking_back_late_leaves_the_key_to_the_job_that_has_it_now(
    limits: Limits, catalogue: KindCatalogue, redis: Redis
) -> None:
    account = uuid4()
    first = submission_of(catalogue, account_id=account, key="a")
    await limits.decide([first])
    keys = AccountKeys(account)
    await limits.take_back(account, first.job_id, first.created_at, keys.repeat(first))
    second = submission_of(catalogue, account_id=account, key="a")
    await limits.decide([second])

    await limits.take_back(account, first.job_id, first.created_at, keys.repeat(first))

    assert await redis.get(keys.repeat(second)) == f"{second.job_id}:{second.request_hash.hex()}".encode()


async def test_counts_anew_from_postgres_after_redis_was_emptied(
    limits: Limits, catalogue: KindCatalogue, database: Database, redis: Redis
) -> None:
    account = uuid4()
    numbers = plan(per_day=5, in_flight=3)
    kept = [submission_of(catalogue, account_id=account, limits=numbers) for _ in range(2)]
    await limits.decide(kept)
    await accept(database, kept)
    await redis.flushall()

    answers = await decide_many(limits, catalogue, account, 2, numbers)

    assert isinstance(answers[0], RateState)
    assert answers[1] == Refused("in_flight", 3, 3, retry_after_seconds=5)
    assert await redis.get(AccountKeys(account).today(datetime.now(UTC))) == b"3"


async def test_seeding_leaves_out_what_is_over_and_what_was_rejected(
    limits: Limits, catalogue: KindCatalogue, database: Database, redis: Redis
) -> None:
    account = uuid4()
    kept = [submission_of(catalogue, account_id=account) for _ in range(4)]
    await accept(database, kept)
    async with database.unit_of_work() as uow:
        sql = "UPDATE jobs SET status = :status, rank = 3 WHERE job_id = :job_id"
        await uow.execute(sql, {"status": "rejected", "job_id": kept[0].job_id})
        await uow.execute(sql, {"status": "succeeded", "job_id": kept[1].job_id})
        yesterday = "UPDATE jobs SET created_at = now() - interval '30 hours' WHERE job_id = :job_id"
        await uow.execute(yesterday, {"job_id": kept[2].job_id})

    await limits.seed({account})

    keys = AccountKeys(account)
    members = set(await redis.zrange(keys.in_flight, 0, -1))
    assert members == {str(kept[2].job_id).encode(), str(kept[3].job_id).encode()}
    assert await redis.get(keys.today(datetime.now(UTC))) == b"2"


async def test_goes_on_after_scripts_were_flushed(limits: Limits, catalogue: KindCatalogue, redis: Redis) -> None:
    account = uuid4()
    await decide_many(limits, catalogue, account, 1, FREE)
    await redis.script_flush()

    answers = await decide_many(limits, catalogue, account, 2, FREE)

    assert [type(answer) for answer in answers] == [RateState, Refused]


async def test_two_processes_together_admit_no_more_than_the_plan(
    redis: Redis, database: Database, catalogue: KindCatalogue
) -> None:
    account, numbers = uuid4(), plan(in_flight=7)
    processes = [Limits(redis, database) for _ in range(4)]

    answers = await asyncio.gather(
        *(decide_many(limits, catalogue, account, 5, numbers) for limits in processes for _ in range(3))
    )

    admitted = [answer for batch in answers for answer in batch if isinstance(answer, RateState)]
    assert len(admitted) == 7


async def test_without_redis_half_the_rate_is_permitted(limits: Limits, catalogue: KindCatalogue) -> None:
    account, numbers = uuid4(), plan(per_minute=10)

    answers = limits.decide_locally([submission_of(catalogue, account_id=account, limits=numbers) for _ in range(7)])

    assert [type(answer) for answer in answers] == [RateState] * 5 + [Refused] * 2
    refused = answers[5]
    assert isinstance(refused, Refused)
    assert refused.rule == "rate"
    assert refused.retry_after_seconds == pytest.approx(12, abs=0.2)
    (somebody_else,) = limits.decide_locally([submission_of(catalogue, limits=numbers)])
    assert isinstance(somebody_else, RateState)


async def test_without_redis_a_bounded_number_of_accounts_is_remembered(
    limits: Limits, catalogue: KindCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.jobs.limits.LOCAL_ACCOUNTS_MAX", 10)
    for _ in range(50):
        limits.decide_locally([submission_of(catalogue, limits=ROOMY)])

    assert len(limits._local._arrivals) == 10


async def test_a_user_and_a_key_may_have_less_than_their_account(
    limits: Limits, catalogue: KindCatalogue, redis: Redis
) -> None:
    numbers = PlanLimits("a plan", 8, 1000, 500, 1, submissions_per_user=5, submissions_per_key=2)
    account, user, key = uuid4(), uuid4(), uuid4()

    def of(user_id: UUID, key_id: UUID | None = None) -> Submission:
        caller = Caller(account, user_id, numbers.plan, key_id=key_id)
        return read_submission(caller, catalogue.get("sketch"), numbers, {"prompt": uuid4().hex}, None)

    by_key = await limits.decide([of(user, key) for _ in range(3)])
    by_user = await limits.decide([of(user) for _ in range(4)])
    by_others = await limits.decide([of(uuid4()) for _ in range(4)])

    assert [type(answer) for answer in by_key + by_user + by_others] == (
        [RateState] * 2 + [Refused] + [RateState] * 3 + [Refused] + [RateState] * 3 + [Refused]
    )
    for answer, subject, limit, wait in zip(
        (by_key[2], by_user[3], by_others[3]), ("key", "user", "account"), (2, 5, 8), (30, 12, 7.5), strict=True
    ):
        assert isinstance(answer, Refused)
        assert (answer.rule, answer.subject, answer.limit) == ("rate", subject, limit)
        assert answer.retry_after_seconds == pytest.approx(wait, abs=0.2)
    assert await redis.get(AccountKeys(account).today(datetime.now(UTC))) == b"8", "what was refused is nowhere counted"

    locally = limits.decide_locally([of(user, key) for _ in range(2)])
    assert [type(answer) for answer in locally] == [RateState, Refused], "half of it without Redis"

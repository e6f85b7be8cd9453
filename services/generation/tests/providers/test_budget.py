"""What a provider may cost on a day: kept by all workers together, filled from the records, kept without Redis too."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from generation.providers import budget as budget_module
from generation.providers.bootstrap import Providers, build_providers
from generation.providers.budget import DailyBudget, OverBudget, Reserve
from generation.providers.errors import AllProvidersFailed
from generation.providers.settings import ProviderSettings

from .doubles import MemoryAttempts
from .scripted import ScriptedVendor, answer
from .test_openai_text import COST, failed, said
from .text_requests import ASKED, GOOD_TEXT

MOMENT = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)


class Records:
    """What Postgres says, and how often it was asked."""

    def __init__(self, spent: int | None = 0) -> None:
        self.spent = spent
        self.asked: list[tuple[str, datetime]] = []

    async def __call__(self, provider: str, since: datetime) -> int | None:
        self.asked.append((provider, since))
        return self.spent


class Clock:
    def __init__(self) -> None:
        self.moment = MOMENT

    def __call__(self) -> datetime:
        return self.moment


def budget_of(redis: "Redis | None", records: Records, clock: Clock | None = None, limit: int = 1000) -> DailyBudget:
    return DailyBudget("openai", limit, spent=records, redis=redis, clock=clock or Clock())


@pytest.fixture(params=["redis", "without"])
def shared(request: pytest.FixtureRequest, redis: Redis) -> "Redis | None":
    return redis if request.param == "redis" else None


async def granted(budget: DailyBudget, microusd: int) -> Reserve:
    reserve = await budget.reserve(microusd)
    assert isinstance(reserve, Reserve)
    return reserve


async def test_grants_until_the_day_is_spent_and_says_when_the_next_begins(shared: "Redis | None") -> None:
    budget = budget_of(shared, Records())
    for _ in range(2):
        await budget.settle(await granted(budget, 400), 500)
    assert await budget.reserve(1) == OverBudget(6 * 3600)


async def test_what_is_set_aside_counts_and_what_was_not_needed_comes_back(shared: "Redis | None") -> None:
    budget = budget_of(shared, Records())
    reserve = await granted(budget, 900)
    assert isinstance(await budget.reserve(200), OverBudget)
    await budget.settle(reserve, 100)
    await granted(budget, 900)


async def test_a_cost_nobody_knows_counts_as_what_was_set_aside(shared: "Redis | None") -> None:
    budget = budget_of(shared, Records())
    await budget.settle(await granted(budget, 900), None)
    assert isinstance(await budget.reserve(200), OverBudget)


async def test_starts_from_what_the_records_say(shared: "Redis | None") -> None:
    records = Records(950)
    budget = budget_of(shared, records)
    assert isinstance(await budget.reserve(51), OverBudget)
    await granted(budget, 50)
    assert records.asked == [("openai", MOMENT.replace(hour=0))]


async def test_a_new_day_is_a_new_budget(shared: "Redis | None") -> None:
    records, clock = Records(), Clock()
    budget = budget_of(shared, records, clock)
    reserve = await granted(budget, 1000)
    clock.moment += timedelta(hours=7)
    await granted(budget, 1000)
    await budget.settle(reserve, 1000)
    assert isinstance(await budget.reserve(1), OverBudget), "yesterday's cost is not today's"


async def test_what_was_bought_before_is_counted_without_leave(shared: "Redis | None") -> None:
    budget = budget_of(shared, Records())
    await granted(budget, 100)
    await budget.settle(Reserve(), 880)
    assert isinstance(await budget.reserve(30), OverBudget)


async def test_many_workers_at_once_keep_to_the_limit(redis: Redis) -> None:
    workers = [budget_of(redis, Records()) for _ in range(4)]
    answers = await asyncio.gather(*[workers[n % 4].reserve(100) for n in range(40)])
    assert sum(isinstance(one, Reserve) for one in answers) == 10


async def test_emptied_redis_is_filled_from_the_records_and_loses_nothing_under_way(redis: Redis) -> None:
    records = Records()
    budget = budget_of(redis, records)
    under_way = await granted(budget, 300)
    await redis.flushall()
    records.spent = 600
    await granted(budget, 100)
    await budget.settle(under_way, 250)
    assert isinstance(await budget.reserve(51), OverBudget), "600 recorded, 100 set aside, 250 came in since"
    await granted(budget, 50)
    assert len(records.asked) == 2


async def test_redis_going_away_leaves_the_records_to_keep_it() -> None:
    away: Redis = Redis(host="127.0.0.1", port=9)
    budget = budget_of(away, Records(700))
    await granted(budget, 200)
    assert isinstance(await budget.reserve(200), OverBudget)
    await away.aclose()


@pytest.mark.parametrize("hangs", [True, False])
async def test_lets_calls_through_where_nobody_can_tell(
    shared: "Redis | None", monkeypatch: pytest.MonkeyPatch, hangs: bool
) -> None:
    async def never(provider: str, since: datetime) -> int | None:
        await asyncio.sleep(60 if hangs else 0)
        return None

    monkeypatch.setattr(budget_module, "_RECORDS_TIMEOUT_SECONDS", 0.05)
    budget = DailyBudget("openai", 1, spent=never, redis=shared, clock=Clock())
    assert isinstance(await budget.reserve(100), Reserve)


async def test_the_key_does_not_stay_for_ever(redis: Redis) -> None:
    await granted(budget_of(redis, Records()), 1)
    assert 0 < await redis.ttl("provider:{budget:openai}:2026-11-21") <= 48 * 3600


class Bench:
    """Text by OpenAI, then Replicate, with a budget."""

    def __init__(self, vendor: ScriptedVendor, other: ScriptedVendor, redis: Redis) -> None:
        self.vendor, self.other, self._redis = vendor, other, redis
        self.attempts = MemoryAttempts()
        self._built: list[Providers] = []

    async def write(self, **budget: int) -> str:
        if not self._built:
            settings: dict[str, Any] = {
                "openai_api_key": "sk-1",
                "openai_base_url": f"{self.vendor.url}/v1",
                "replicate_api_token": "r8_1",
                "replicate_base_url": self.other.url,
                "cloudinary_url": "cloudinary://k:s@demo",
                "generation_retry_base_seconds": 0.01,
                "generation_daily_budget_microusd": budget,
            }
            self._built.append(build_providers(ProviderSettings(**settings), self._redis, Records()))
        text = await self._built[0].looks.run(ASKED, attempts=self.attempts, timeout_seconds=10)
        return text.model

    async def aclose(self) -> None:
        for providers in self._built:
            await providers.aclose()


@pytest_asyncio.fixture
async def bench(vendor: ScriptedVendor, other_vendor: ScriptedVendor, redis: Redis) -> AsyncIterator[Bench]:
    opened = Bench(vendor, other_vendor, redis)
    prediction = {"id": "p1", "status": "succeeded", "output": [GOOD_TEXT], "metrics": {}}
    other_vendor.on("POST /v1/models/anthropic/claude-4.5-sonnet/predictions", answer(prediction | {"output": None}))
    other_vendor.on("GET /v1/predictions/p1", answer(prediction))
    yield opened
    await opened.aclose()


async def test_a_provider_over_its_budget_is_left_out_and_told_of(bench: Bench) -> None:
    def skips() -> float:
        return REGISTRY.get_sample_value("provider_budget_skips_total", {"provider": "openai"}) or 0.0

    before = skips()
    bench.vendor.on("POST /v1/responses", said())
    estimate = 3000 * 2 + 4000 * 12
    models = [await bench.write(openai=estimate + COST) for _ in range(3)]
    assert models == ["gpt-5.6-terra", "gpt-5.6-terra", "anthropic/claude-4.5-sonnet"]
    assert bench.vendor.count("POST /v1/responses") == 2
    assert skips() == before + 1
    spent = REGISTRY.get_sample_value("provider_budget_spent_microusd", {"provider": "openai"})
    assert spent == 2 * COST
    assert bench.attempts.outcomes == [("openai", "ok"), ("openai", "ok"), ("replicate", "ok")]


async def test_failures_that_cost_nothing_take_nothing_of_the_budget(bench: Bench) -> None:
    bench.vendor.on("POST /v1/responses", failed(500, None), failed(500, None), said())
    await bench.write(openai=60_000)
    spent = REGISTRY.get_sample_value("provider_budget_spent_microusd", {"provider": "openai"})
    assert spent == COST


async def test_when_every_budget_is_spent_nobody_is_asked(bench: Bench) -> None:
    with pytest.raises(AllProvidersFailed) as caught:
        await bench.write(openai=0, replicate=0)
    assert {attempt.reason for attempt in caught.value.attempts} == {"budget of the day spent"}
    assert caught.value.retry_after_seconds is not None
    assert (bench.vendor.seen, bench.other.seen, bench.attempts.rows) == ([], [], {})

"""`GET /v1/status` on real parts: what it says of each, and that it answers when Postgres or Redis do not."""

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import httpx2
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from common.bus.streams import stream_key
from common.clock import now
from common.db.database import Database
from common.db.migrate import upgrade
from common.events.features import Features, Notice
from common.figures import FIGURES_TTL_SECONDS, figures_key
from gateway.bootstrap import Parts, build_app
from gateway.settings import GatewaySettings
from gateway.status import board as board_module
from gateway.status import queues as queues_module
from gateway.status.rules import Mode

from ..jobs.studio import ENLARGE, SKETCH, declare

ANSWER_SECONDS_MAX = 2.0


@pytest.fixture(autouse=True)
def look_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_module, "CACHE_SECONDS", 0.0)


class Page:
    """The status as anybody reads it."""

    def __init__(self, parts: Parts, http: httpx2.AsyncClient) -> None:
        self.parts = parts
        self.http = http

    async def read(self) -> dict[str, Any]:
        started = time.monotonic()
        answer = await self.http.get("/v1/status")
        assert answer.status_code == 200, answer.text
        assert time.monotonic() - started < ANSWER_SECONDS_MAX
        found: dict[str, Any] = answer.json()
        return found

    async def states(self) -> dict[str, str]:
        return {item["name"]: item["state"] for item in (await self.read())["components"]}


@asynccontextmanager
async def open_page(database_url: str, redis_url: str) -> AsyncIterator[Page]:
    parts = Parts(GatewaySettings(redis_url=SecretStr(redis_url), database_urls={"gateway": SecretStr(database_url)}))
    transport = httpx2.ASGITransport(build_app(parts), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as http:
        yield Page(parts, http)
    await parts.aclose()


@pytest.fixture
async def page(database: Database, database_url: str, redis_url: str, redis: Redis) -> AsyncIterator[Page]:
    await declare(database, SKETCH, ENLARGE)
    async with open_page(database_url, redis_url) as opened:
        await opened.parts.catalogue.load()
        yield opened


async def work_goes_on(redis: Redis, loads: dict[str, Any] | None = None, age_seconds: float = 0) -> None:
    """As if every service had just listened, and generation had told its figures."""
    groups = {"jobs": ["billing"], "runs": ["billing", "notifier"], "credits": ["generation"]}
    for topic, names in groups.items():
        for name in names:
            if not await redis.exists(stream_key(topic)) or name not in await groups_of(redis, topic):
                await redis.xgroup_create(stream_key(topic), name, id="0", mkstream=True)
            await redis.xreadgroup(name, "one", {stream_key(topic): ">"}, count=1)
    document = {"durations": {"sketch": [4, 8]}, "loads": loads or {}, "slots": {"image": 8, "local": 2}}
    life = FIGURES_TTL_SECONDS - age_seconds
    await redis.set(figures_key(), json.dumps(document), px=int(life * 1000))


async def groups_of(redis: Redis, topic: str) -> list[str]:
    return [item["name"].decode() for item in await redis.xinfo_groups(stream_key(topic))]


async def test_says_that_all_is_well(page: Page, redis: Redis) -> None:
    await work_goes_on(redis, {"image": [3, 8]})

    found = await page.read()

    names = [item["name"] for item in found["components"]]
    assert names[:6] == ["api", "database", "redis", "billing", "generation", "generation.image"]
    assert names[6:] == ["generation.local", "notifications"]
    assert {item["state"] for item in found["components"]} == {"ok"}
    assert (found["state"], found["expected_end_at"], found["modes"], found["switched_off"]) == ("ok", None, [], [])
    assert [(queue["job_class"], queue["waiting"], queue["running"], queue["slots"]) for queue in found["queues"]] == [
        ("image", 3, 8, 8),
        ("local", 0, 0, 2),
    ]


async def test_is_for_everybody_for_a_moment_and_not_without_measure(page: Page, redis: Redis) -> None:
    answer = await page.http.get("/v1/status")

    assert answer.headers["cache-control"].startswith("public, max-age=")
    assert answer.headers["ratelimit-policy"] == '"anonymous";q=120;w=60'
    for _ in range(600):  # two come back a second
        if (answer := await page.http.get("/v1/status")).status_code == 429:
            break
    assert answer.json()["rule"] == "anonymous"


async def test_waits_are_those_that_submissions_are_told(page: Page, redis: Redis) -> None:
    await work_goes_on(redis, {"image": [20, 8]})
    running = asyncio.create_task(page.parts.figures.run())
    await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    (image, _) = (await page.read())["queues"]

    kinds = [kind.name for kind in page.parts.catalogue.all() if kind.job_class == "image"]
    told = [page.parts.figures.wait(kind, "image") for kind in kinds]
    assert image["wait"] == {
        "p50_seconds": max(wait["start_seconds_p50"] for wait in told),
        "p90_seconds": max(wait["start_seconds_p90"] for wait in told),
    }
    assert image["wait"]["p50_seconds"] > 0


async def test_a_service_that_lags_or_was_never_heard_of_is_told(page: Page, redis: Redis) -> None:
    await work_goes_on(redis)
    await redis.delete(stream_key("runs"))
    old = int((time.time() - 40) * 1000)
    await redis.xadd(stream_key("jobs"), {"type": "x"}, id=f"{old}-0")
    await redis.xgroup_create(stream_key("runs"), "billing", id="$", mkstream=True)
    await redis.xreadgroup("billing", "one", {stream_key("runs"): ">"}, count=1)

    components = {item["name"]: item for item in (await page.read())["components"]}

    assert components["billing"]["state"] == "degraded"
    assert components["billing"]["detail"].startswith("Is 4")
    assert components["notifications"]["state"] == "down"

    await redis.xreadgroup("billing", "one", {stream_key("jobs"): ">"}, count=1)
    assert (await page.states())["billing"] == "degraded", "taken, not yet done"
    await redis.xack(stream_key("jobs"), "billing", f"{old}-0")
    assert (await page.states())["billing"] == "ok"


async def test_a_service_that_has_fallen_silent_is_down(
    page: Page, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    await work_goes_on(redis)
    monkeypatch.setattr("gateway.status.services.SILENT_SECONDS_MAX", 0.2)
    assert (await page.states())["billing"] == "ok"
    await asyncio.sleep(0.3)
    assert (await page.states())["billing"] == "down"
    await redis.xreadgroup("billing", "one", {stream_key("jobs"): ">"}, count=1)
    await redis.xreadgroup("billing", "one", {stream_key("runs"): ">"}, count=1)
    assert (await page.states())["billing"] == "ok", "asking for news is a sign of life, also where there is none"


async def test_old_figures_mean_that_generation_does_not_work(page: Page, redis: Redis) -> None:
    await work_goes_on(redis, age_seconds=25)

    assert (await page.states())["generation"] == "down"
    await redis.delete(figures_key())
    assert (await page.states())["generation"] == "down"


async def test_work_that_waits_while_nothing_runs_has_nobody_to_do_it(
    page: Page, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues_module, "STALLED_SECONDS", 0.1)
    await work_goes_on(redis, {"image": [5, 0]})
    assert (await page.states())["generation.image"] == "ok", "a claim takes a moment"
    await asyncio.sleep(0.15)
    states = await page.states()
    assert (states["generation.image"], states["generation.local"]) == ("down", "ok")
    await work_goes_on(redis, {"image": [4, 1]})
    assert (await page.states())["generation.image"] == "ok"


async def test_tells_what_is_switched_off_and_what_is_declared_with_its_end(page: Page, redis: Redis) -> None:
    await work_goes_on(redis)
    end = now().replace(microsecond=0)
    page.parts.features.current = Features(
        version=4,
        read_only=Notice(text="Back at six.", until=end),
        limits_factor=0.25,
        kinds_off={"sketch": Notice(text="Out of ink.")},
    )
    page.parts.status.add_modes(lambda: [Mode("deferred", "Submissions are kept for later.")])

    found = await page.read()

    assert found["state"] == "degraded"
    assert datetime.fromisoformat(found["expected_end_at"]) == end
    assert {mode["name"] for mode in found["modes"]} == {"read-only", "tight-limits", "deferred"}
    assert [(item["feature"], item["text"]) for item in found["switched_off"]] == [
        ("submissions", "Back at six."),
        ("kind.sketch", "Out of ink."),
    ]


async def test_answers_with_redis_stopped(database_url: str, own_redis_server: Any) -> None:
    async with open_page(database_url, own_redis_server.url) as page:
        assert (await page.states())["redis"] == "ok"
        own_redis_server.stop(signal.SIGKILL)

        found = await page.read()

        states = {item["name"]: item["state"] for item in found["components"]}
        assert (states["redis"], states["database"], states["billing"]) == ("down", "ok", "unknown")
        assert found["state"] == "degraded"
        assert datetime.fromisoformat(found["expected_end_at"]) > now()
        own_redis_server.start()
        assert (await page.states())["redis"] == "ok"


async def test_answers_with_postgres_stopped(own_postgres_server: Any, redis_url: str, redis: Redis) -> None:
    connection = await asyncpg.connect(f"{own_postgres_server.plain_url}postgres")
    await connection.execute("CREATE DATABASE gateway")
    await connection.close()
    url = f"{own_postgres_server.url}gateway"
    await asyncio.to_thread(upgrade, "gateway", url)
    async with open_page(url, redis_url) as page:
        await work_goes_on(redis)
        assert (await page.states())["database"] == "ok"
        await asyncio.to_thread(own_postgres_server.stop, signal.SIGQUIT)

        found = await page.read()

        states = {item["name"]: item["state"] for item in found["components"]}
        assert (states["database"], states["redis"], states["billing"]) == ("down", "ok", "ok")
        assert found["state"] == "degraded"
        assert datetime.fromisoformat(found["expected_end_at"]) > now()
        (database,) = [item for item in found["components"] if item["name"] == "database"]
        assert database["since"] is not None

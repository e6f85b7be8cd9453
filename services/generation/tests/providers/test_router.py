"""The one retry loop over real adapters, sockets and Valkey: how often each vendor is really asked."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from prometheus_client import REGISTRY
from redis.asyncio import Redis
from starlette.responses import Response

from generation.providers.bootstrap import Providers, build_providers
from generation.providers.errors import AllProvidersFailed, Refused
from generation.providers.ports import AttemptOutcome, ProviderImage
from generation.providers.settings import ProviderSettings

from .doubles import REQUEST, MemoryAttempts
from .scripted import ScriptedVendor, Step, answer, png, slow, until

IMAGES = "POST /v1/images/generations"
CREATE = "POST /v1/models/black-forest-labs/flux-schnell/predictions"
GET = "GET /v1/predictions/p1"
CANCEL = "POST /v1/predictions/p1/cancel"
OPENAI_PICTURE, REPLICATE_PICTURE = png(colour="teal"), png(colour="red")
OPENAI, FLUX = "gpt-image-2.5-flare", "black-forest-labs/flux-schnell"


def made() -> Response:
    usage = {"input_tokens": 20, "output_tokens": 1000, "total_tokens": 1020}
    data = [{"b64_json": base64.b64encode(OPENAI_PICTURE).decode()}]
    return answer({"created": 1, "data": data, "usage": usage}, x_request_id="req_1")


def failed(status: int, code: str | None = None, **headers: str) -> Response:
    return answer({"error": {"message": "no", "code": code, "type": "x"}}, status, **headers)


def prediction(status: str, **more: Any) -> Response:
    return answer({"id": "p1", "status": status, **more})


class Bench:
    """A router with its two vendors, of which OpenAI's script is the test's and Replicate's delivers."""

    def __init__(self, openai: ScriptedVendor, replicate: ScriptedVendor, redis: Redis) -> None:
        self.openai, self.replicate, self._redis = openai, replicate, redis
        self.attempts = MemoryAttempts()
        self._built: list[Providers] = []
        replicate.on(CREATE, prediction("starting"))
        replicate.on(GET, prediction("succeeded", output=[f"{replicate.url}/out.png"]))
        replicate.on("GET /out.png", Response(REPLICATE_PICTURE))

    def build(self, **changes: Any) -> Providers:
        settings = ProviderSettings(
            **{
                "openai_api_key": "sk-1",
                "openai_base_url": f"{self.openai.url}/v1",
                "replicate_api_token": "r8_1",
                "replicate_base_url": self.replicate.url,
                "cloudinary_url": "cloudinary://k:s@demo",
                "generation_retry_base_seconds": 0.01,
                "generation_call_timeout_seconds": 3.0,
                **changes,
            }
        )
        providers = build_providers(settings, self._redis)
        self._built.append(providers)
        return providers

    async def run(self, *, timeout_seconds: float = 10.0, **changes: Any) -> ProviderImage:
        providers = self._built[0] if self._built and not changes else self.build(**changes)
        return await providers.images.run(REQUEST, attempts=self.attempts, timeout_seconds=timeout_seconds)

    @property
    def asked(self) -> tuple[int, int]:
        return self.openai.count(IMAGES), self.replicate.count(CREATE)

    async def aclose(self) -> None:
        for providers in self._built:
            await providers.aclose()


@pytest_asyncio.fixture
async def bench(vendor: ScriptedVendor, other_vendor: ScriptedVendor, redis: Redis) -> AsyncIterator[Bench]:
    opened = Bench(vendor, other_vendor, redis)
    yield opened
    await opened.aclose()


ROWS: list[tuple[str, list[Step], tuple[int, int], list[tuple[str, str]]]] = [
    ("works", [made()], (1, 0), [("openai", "ok")]),
    ("500 then works", [failed(500), made()], (2, 0), [("openai", "unavailable"), ("openai", "ok")]),
    ("500 for good", [failed(500)], (3, 1), [("openai", "unavailable")] * 3 + [("replicate", "ok")]),
    ("HTML for good", [Response("<html>", 200)], (3, 1),
     [("openai", "unavailable")] * 3 + [("replicate", "ok")]),
    ("throttled then works", [failed(429, "rate_limit_exceeded", retry_after="0.1"), made()], (2, 0),
     [("openai", "rate_limited"), ("openai", "ok")]),
    ("throttled too long", [failed(429, "rate_limit_exceeded", retry_after="500")], (1, 1),
     [("openai", "rate_limited"), ("replicate", "ok")]),
    ("overloaded then works", [failed(503, "slow_down", retry_after="0.1"), made()], (2, 0),
     [("openai", "rate_limited"), ("openai", "ok")]),
    ("no quota", [failed(429, "insufficient_quota")], (1, 1), [("openai", "broken"), ("replicate", "ok")]),
    ("bad key", [failed(401, "invalid_api_key")], (1, 1), [("openai", "broken"), ("replicate", "ok")]),
    ("no such model", [failed(404, "model_not_found")], (1, 1), [("openai", "broken"), ("replicate", "ok")]),
]  # fmt: skip


@pytest.mark.parametrize(("steps", "asked", "outcomes"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
async def test_retries_and_fails_over_exactly_as_often_as_said(
    bench: Bench, steps: list[Step], asked: tuple[int, int], outcomes: list[tuple[str, str]]
) -> None:
    bench.openai.on(IMAGES, *steps)
    image = await bench.run()
    assert bench.asked == asked
    assert bench.attempts.outcomes == outcomes
    assert image.content == (OPENAI_PICTURE if outcomes[-1][0] == "openai" else REPLICATE_PICTURE)


async def test_a_timeout_that_may_have_been_charged_is_repeated_once(bench: Bench) -> None:
    bench.openai.on(IMAGES, slow(2, made()))
    await bench.run(generation_call_timeout_seconds=0.3)
    assert bench.asked == (2, 1)
    assert bench.attempts.outcomes == [("openai", "timeout")] * 2 + [("replicate", "ok")]


async def test_a_refusal_stops_everything_and_leaves_the_circuit_alone(bench: Bench) -> None:
    bench.openai.on(IMAGES, failed(400, "moderation_blocked"))
    for _ in range(8):
        with pytest.raises(Refused):
            await bench.run()
    assert bench.asked == (8, 0)
    bench.openai.on(IMAGES, made())
    assert (await bench.run()).content == OPENAI_PICTURE


async def test_a_refusal_by_the_second_provider_is_final_too(bench: Bench) -> None:
    bench.openai.on(IMAGES, failed(404, "model_not_found"))
    bench.replicate.on(GET, prediction("failed", error="NSFW content detected."))
    with pytest.raises(Refused):
        await bench.run()
    assert bench.asked == (1, 1)


async def test_the_attempt_is_recorded_before_the_call_and_the_id_before_the_wait(bench: Bench) -> None:
    bench.openai.on(IMAGES, failed(404))
    await bench.run()
    assert bench.attempts.story == [
        "begin openai", "finish broken", "begin replicate", "remember p1", "finish ok",
    ]  # fmt: skip
    row = list(bench.attempts.rows.values())[-1]
    assert (row.cost_microusd, row.request_id) == (3000, "p1")


async def test_retry_after_is_obeyed(bench: Bench) -> None:
    bench.openai.on(IMAGES, failed(429, "rate_limit_exceeded", retry_after="0.6"), made())
    started = time.monotonic()
    await bench.run()
    assert 0.6 <= time.monotonic() - started < 2.0


async def test_a_pause_beyond_the_deadline_fails_over_at_once(bench: Bench) -> None:
    bench.openai.on(IMAGES, failed(429, "rate_limit_exceeded", retry_after="5"))
    started = time.monotonic()
    await bench.run(timeout_seconds=2.0)
    assert time.monotonic() - started < 1.0
    assert bench.asked == (1, 1)


async def test_backoff_doubles_from_its_base(bench: Bench) -> None:
    bench.openai.on(IMAGES, failed(500), failed(500), made())
    started = time.monotonic()
    await bench.run(generation_retry_base_seconds=0.1)
    assert 0.3 <= time.monotonic() - started < 1.2


async def test_when_all_fail_every_reason_and_the_soonest_return_are_told(bench: Bench) -> None:
    bench.openai.on(IMAGES, failed(429, "rate_limit_exceeded", retry_after="500"))
    bench.replicate.on(CREATE, answer({"detail": "Your rate limit resets in ~90s."}, 429))
    with pytest.raises(AllProvidersFailed) as caught:
        await bench.run()
    assert caught.value.retry_after_seconds == pytest.approx(90, abs=1)
    assert {a.provider for a in caught.value.attempts} == {"openai", "replicate"}


async def test_a_throttled_key_rests_for_every_worker_and_the_other_takes_over(bench: Bench) -> None:
    bench.openai.on(IMAGES, failed(429, "rate_limit_exceeded", retry_after="30"), made())
    await bench.run(openai_api_key="sk-1,sk-2")
    second_worker = bench.build(openai_api_key="sk-1,sk-2")
    for _ in range(2):
        await second_worker.images.run(REQUEST, attempts=bench.attempts, timeout_seconds=5)
    used = [seen.headers["authorization"].removeprefix("Bearer ") for seen in bench.openai.seen]
    assert used == ["sk-1", "sk-2", "sk-2", "sk-2"]


async def test_keys_take_turns(bench: Bench) -> None:
    bench.openai.on(IMAGES, made())
    bench.build(openai_api_key="sk-1, sk-2,sk-3")
    for _ in range(4):
        await bench.run()
    used = [seen.headers["authorization"][-4:] for seen in bench.openai.seen]
    assert used == ["sk-1", "sk-2", "sk-3", "sk-1"]


async def test_a_key_out_of_quota_leaves_the_circuit_closed_for_the_others(bench: Bench) -> None:
    bench.openai.on(IMAGES, failed(429, "insufficient_quota"), made())
    bench.build(openai_api_key="sk-1,sk-2")
    assert (await bench.run()).content == REPLICATE_PICTURE
    assert (await bench.run()).content == OPENAI_PICTURE
    assert bench.openai.seen[-1].headers["authorization"] == "Bearer sk-2"


async def test_the_last_key_out_of_quota_opens_the_circuit(bench: Bench) -> None:
    bench.openai.on(IMAGES, failed(429, "insufficient_quota"))
    for _ in range(4):
        await bench.run()
    assert bench.asked == (1, 4)
    labels = {"provider": "openai", "capability": "image.make"}
    assert REGISTRY.get_sample_value("provider_circuit_state", labels) == 2


async def test_an_open_circuit_is_left_for_the_next_provider_by_all_workers(bench: Bench) -> None:
    bench.openai.on(IMAGES, failed(500))
    await bench.run()
    await bench.run()
    assert bench.openai.count(IMAGES) == 6
    other_worker = bench.build()
    await other_worker.images.run(REQUEST, attempts=bench.attempts, timeout_seconds=5)
    assert bench.openai.count(IMAGES) == 6


async def test_half_open_lets_one_job_through(bench: Bench) -> None:
    bench.openai.on(IMAGES, failed(500))
    bench.build(generation_breaker_open_seconds=0.3)
    for _ in range(2):
        await bench.run()
    await asyncio.sleep(0.35)
    bench.openai.on(IMAGES, slow(0.2, made()))
    before = bench.openai.count(IMAGES)
    made_by = await asyncio.gather(*[bench.run() for _ in range(6)])
    assert bench.openai.count(IMAGES) == before + 1
    assert sorted(image.content == OPENAI_PICTURE for image in made_by) == [False] * 5 + [True]


async def test_works_without_redis(vendor: ScriptedVendor, other_vendor: ScriptedVendor) -> None:
    away: Redis = Redis(host="127.0.0.1", port=9)
    bench = Bench(vendor, other_vendor, away)
    vendor.on(IMAGES, failed(429, "rate_limit_exceeded", retry_after="30"), made())
    assert (await bench.run(openai_api_key="sk-1,sk-2")).content == OPENAI_PICTURE
    await bench.aclose()
    await away.aclose()


async def test_what_a_crash_left_is_adopted_and_nothing_is_bought(bench: Bench) -> None:
    bench.openai.on(IMAGES, made())
    left = bench.attempts.left_open("replicate", FLUX, "p1")
    image = await bench.run()
    assert image.content == REPLICATE_PICTURE
    assert bench.asked == (0, 0)
    assert bench.attempts.rows[left].outcome is AttemptOutcome.OK
    assert list(bench.attempts.rows) == [left]


async def test_adoption_asks_with_each_key_until_one_knows_the_id(bench: Bench) -> None:
    bench.openai.on(IMAGES, made())
    found = prediction("succeeded", output=[f"{bench.replicate.url}/out.png"])
    bench.replicate.on(GET, answer({"detail": "not found"}, 404), found)
    bench.attempts.left_open("replicate", FLUX, "p1")
    image = await bench.run(replicate_api_token="r8_1,r8_2")
    assert image.content == REPLICATE_PICTURE
    asked = [s.headers["authorization"] for s in bench.replicate.seen if s.path == "/v1/predictions/p1"]
    assert asked == ["Bearer r8_1", "Bearer r8_2"]


@pytest.mark.parametrize("gone", [prediction("canceled"), answer({}, 404)])
async def test_what_cannot_be_adopted_is_closed_and_bought_anew(bench: Bench, gone: Response) -> None:
    bench.openai.on(IMAGES, made())
    bench.replicate.on(GET, gone)
    left = bench.attempts.left_open("replicate", FLUX, "p1")
    image = await bench.run()
    assert (image.content, bench.asked) == (OPENAI_PICTURE, (1, 0))
    assert bench.attempts.rows[left].outcome is AttemptOutcome.UNAVAILABLE


async def test_a_call_lost_in_a_crash_uses_up_the_one_repeat(bench: Bench) -> None:
    bench.openai.on(IMAGES, slow(2, made()))
    left = bench.attempts.left_open("openai", OPENAI, None)
    await bench.run(generation_call_timeout_seconds=0.3)
    assert bench.asked == (1, 1)
    assert bench.attempts.rows[left].outcome is AttemptOutcome.ABANDONED


async def test_an_attempt_of_a_provider_no_longer_configured_is_closed(bench: Bench) -> None:
    bench.openai.on(IMAGES, made())
    left = bench.attempts.left_open("gone", "m", "x1")
    await bench.run()
    assert bench.attempts.rows[left].outcome is AttemptOutcome.ABANDONED


async def test_polls_that_fail_are_resumed_under_the_same_purchase(bench: Bench) -> None:
    bench.openai.on(IMAGES, failed(404))
    found = prediction("succeeded", output=[f"{bench.replicate.url}/out.png"])
    bench.replicate.on("GET /out.png", Response("busy", 500), Response(REPLICATE_PICTURE))
    bench.replicate.on(GET, found)
    assert (await bench.run()).content == REPLICATE_PICTURE
    assert bench.asked == (1, 1)
    assert bench.attempts.outcomes == [("openai", "broken"), ("replicate", "ok")]


async def test_a_replicate_purchase_without_an_answer_is_not_made_again(bench: Bench) -> None:
    bench.openai.on(IMAGES, failed(404))
    bench.replicate.on(CREATE, answer({}, 500))
    with pytest.raises(AllProvidersFailed):
        await bench.run()
    assert bench.asked == (1, 1)


async def test_cancelling_closes_the_attempt_and_the_prediction(bench: Bench) -> None:
    bench.openai.on(IMAGES, failed(404))
    bench.replicate.on(GET, prediction("processing"))
    bench.replicate.on(CANCEL, prediction("canceled"))
    task = asyncio.create_task(bench.run())
    await until(lambda: bench.replicate.count(GET) > 0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert bench.replicate.count(CANCEL) == 1
    assert bench.attempts.outcomes[-1] == ("replicate", "cancelled")


async def test_an_error_of_our_own_log_is_not_taken_for_the_providers(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stale(attempt_id: str, external_id: str) -> None:
        raise PermissionError("stale token")

    bench.openai.on(IMAGES, failed(404))
    monkeypatch.setattr(bench.attempts, "remember", stale)
    with pytest.raises(PermissionError):
        await bench.run()
    assert bench.asked == (1, 1)


async def test_costs_and_outcomes_are_counted(bench: Bench) -> None:
    def sample(name: str, **labels: str) -> float:
        everything = {"provider": "openai", "capability": "image.make", **labels}
        return REGISTRY.get_sample_value(name, everything) or 0.0

    cost, ok = sample("provider_cost_microusd_total"), sample("provider_requests_total", outcome="ok")
    seen = sample("provider_latency_seconds_count")
    bench.openai.on(IMAGES, failed(500), made())
    await bench.run()
    assert sample("provider_cost_microusd_total") == cost + 20 * 5 + 1000 * 30
    assert sample("provider_requests_total", outcome="ok") == ok + 1
    assert sample("provider_latency_seconds_count") == seen + 2

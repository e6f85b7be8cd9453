"""The one retry loop over real adapters, sockets and Valkey: how often each vendor is really asked."""

import asyncio
import time

import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis
from starlette.requests import Request
from starlette.responses import Response

from generation.providers.errors import AllProvidersFailed, Refused
from generation.providers.metrics import PROVIDER_REQUESTS
from generation.providers.ports import AttemptOutcome

from .doubles import REQUEST
from .router_bench import (
    CANCEL,
    CREATE,
    FLUX,
    GET,
    IMAGES,
    OPENAI,
    OPENAI_FIRST,
    OPENAI_PICTURE,
    REPLICATE_FIRST,
    REPLICATE_PICTURE,
    Bench,
    failed,
    made,
    prediction,
)
from .scripted import ScriptedVendor, Step, answer, slow, until

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


async def test_cancelling_hangs_up_on_a_vendor_that_cannot_be_told(bench: Bench) -> None:
    hung_up = asyncio.Event()

    async def never(request: Request) -> Response:
        while not await request.is_disconnected():  # noqa: ASYNC110 - the vendor's side has no event for it
            await asyncio.sleep(0.005)
        hung_up.set()
        return made()

    bench.openai.on(IMAGES, never)
    task = asyncio.create_task(bench.run(generation_call_timeout_seconds=30.0))
    await until(lambda: bench.openai.count(IMAGES) > 0)
    assert not hung_up.is_set()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(hung_up.wait(), 2)
    assert bench.asked == (1, 0)
    assert bench.attempts.outcomes == [("openai", "cancelled")]


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


async def test_what_somebody_has_to_mend_is_counted_from_nought(bench: Bench) -> None:
    def broken(provider: str, capability: str = "image.make") -> float | None:
        labels = {"provider": provider, "capability": capability, "outcome": "broken"}
        return REGISTRY.get_sample_value("provider_requests_total", labels)

    PROVIDER_REQUESTS.clear()
    bench.openai.on(IMAGES, failed(404, "model_not_found"))
    bench.replicate.on(CREATE, answer({"detail": "no such model"}, 404))
    bench.build()
    assert (broken("openai"), broken("replicate")) == (0, 0), "a series that begins at 1 has not grown for an alert"
    assert broken("cloudinary", "artefact.store") == 0
    with pytest.raises(AllProvidersFailed):
        await bench.run()
    assert (broken("openai"), broken("replicate")) == (1, 1)
    assert bench.asked == (1, 1)


@pytest.mark.parametrize("away", ["openai", "replicate"])
async def test_a_vendor_that_cannot_be_reached_is_passed_over_for_nothing_and_opens_its_circuit(
    bench: Bench, away: str
) -> None:
    bench.openai.on(IMAGES, made())
    chains = {"openai": (OPENAI_FIRST, "openai_base_url"), "replicate": (REPLICATE_FIRST, "replicate_base_url")}
    chain, address = chains[away]
    bench.build(**{"generation_image_chain": chain, address: "http://127.0.0.1:9"})
    stands_in = {"openai": "replicate", "replicate": "openai"}[away]
    for _ in range(3):
        await bench.run()
    delivered = [(stands_in, "ok")]
    tried = [(away, "unavailable")] * 3 + delivered
    assert bench.attempts.outcomes == tried + tried + delivered, "six failures open the circuit"
    assert not any(row.cost_microusd for row in bench.attempts.rows.values() if row.provider == away)
    assert {row.error_code for row in bench.attempts.rows.values()} == {"connection", None}
    state = {"provider": away, "capability": "image.make"}
    assert REGISTRY.get_sample_value("provider_circuit_state", state) == 2

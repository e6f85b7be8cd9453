"""Texts down their chain: what is retried, said back, passed on; how often each vendor was really asked."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from generation.providers.bootstrap import Providers
from generation.providers.errors import AllProvidersFailed, Refused
from generation.providers.ports import AttemptOutcome, ProviderText
from sandbox.client import SandboxClient
from sandbox.server import SandboxServer
from sandbox.settings import SandboxSettings

from ..stage import providers_at, until
from .doubles import MemoryAttempts
from .text_requests import ASKED, GOOD, GOOD_TEXT, UNFIT_TEXT, Review

OPENAI, REPLICATE = ("openai", "responses.create"), ("replicate", "predictions.create")


@pytest_asyncio.fixture(scope="session")
async def server() -> AsyncIterator[SandboxServer]:
    async with SandboxServer(SandboxSettings(http_port=0, smtp_port=0, latency_scale=0)) as running:
        yield running


@pytest_asyncio.fixture
async def sandbox(server: SandboxServer) -> AsyncIterator[SandboxClient]:
    server.sandbox.reset()
    async with SandboxClient(server.public_url) as client:
        yield client


@dataclass
class Bench:
    sandbox: SandboxClient
    url: str
    attempts: MemoryAttempts = field(default_factory=MemoryAttempts)
    built: list[Providers] = field(default_factory=list)

    def build(self, **changes: Any) -> Providers:
        """Providers with other settings, from now on the ones that are used."""
        self.built.append(providers_at(self.url, **{"generation_call_timeout_seconds": 2.0, **changes}))
        return self.built[-1]

    async def look(self) -> ProviderText:
        return await self.built[-1].looks.run(ASKED, attempts=self.attempts, timeout_seconds=20)

    async def asked(self) -> tuple[int, int]:
        return len(await self.sandbox.requests(*OPENAI)), len(await self.sandbox.requests(*REPLICATE))


@pytest_asyncio.fixture
async def bench(server: SandboxServer, sandbox: SandboxClient) -> AsyncIterator[Bench]:
    opened = Bench(sandbox, server.public_url)
    opened.build()
    yield opened
    for providers in opened.built:
        await providers.aclose()


UNFIT: dict[str, Any] = {"answer": "text", "text": UNFIT_TEXT}
SHUT: dict[str, Any] = {"status": 404, "body": {"error": {"code": "model_not_found", "message": "no"}}}
ROWS: list[tuple[str, list[dict[str, Any]], tuple[int, int], list[str]]] = [
    ("works", [], (1, 0), ["ok"]),
    ("500 then works", [{"status": 500}], (2, 0), ["unavailable", "ok"]),
    ("500 for good", [{"status": 500}] * 3, (3, 1), ["unavailable"] * 3 + ["ok"]),
    ("throttled then works", [{"status": 429, "retry_after": 0.1}], (2, 0), ["rate_limited", "ok"]),
    ("throttled too long", [{"status": 429, "retry_after": 500}], (1, 1), ["rate_limited", "ok"]),
    ("no quota", [{"status": 429, "body": {"error": {"code": "insufficient_quota", "message": "x"}}}], (1, 1),
     ["broken", "ok"]),
    ("bad key", [{"status": 401}], (1, 1), ["broken", "ok"]),
    ("no such model", [SHUT], (1, 1), ["broken", "ok"]),
    ("HTML then works", [{"garbage": "html"}], (2, 0), ["unavailable", "ok"]),
    ("broken JSON then works", [{"garbage": "broken_json"}], (2, 0), ["unavailable", "ok"]),
    ("empty object then works", [{"garbage": "empty_object"}], (2, 0), ["unavailable", "ok"]),
    ("half a body: repeated once", [{"truncate": 0.5}] * 2, (2, 1), ["timeout", "timeout", "ok"]),
    ("no answer: repeated once", [{"disconnect": True, "after_work": True}] * 2, (2, 1), ["timeout", "timeout", "ok"]),
    ("too slow: repeated once", [{"delay_seconds": 20}] * 2, (2, 1), ["timeout", "timeout", "ok"]),
    ("dripping: repeated once", [{"drip_seconds": 20, "pieces": 200}] * 2, (2, 1), ["timeout", "timeout", "ok"]),
    ("failed then works", [{"answer": "failed"}], (2, 0), ["unavailable", "ok"]),
    ("unfit then fit", [UNFIT], (2, 0), ["unfit", "ok"]),
    ("unfit twice", [UNFIT] * 2, (2, 1), ["unfit", "unfit", "ok"]),
    ("truncated JSON twice", [{"answer": "text", "text": GOOD_TEXT[:-4]}] * 2, (2, 1), ["unfit", "unfit", "ok"]),
    ("prose twice", [{"answer": "text", "text": "Lovely!"}] * 2, (2, 1), ["unfit", "unfit", "ok"]),
    ("cut off then whole", [{"answer": "cut"}], (2, 0), ["unfit", "ok"]),
    ("unfit, then 500, then fit", [UNFIT, {"status": 500}], (3, 0), ["unfit", "unavailable", "ok"]),
]  # fmt: skip


@pytest.mark.parametrize(("faults", "asked", "outcomes"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
async def test_asks_each_vendor_exactly_as_often_as_said(
    bench: Bench, faults: list[dict[str, Any]], asked: tuple[int, int], outcomes: list[str]
) -> None:
    for fault in faults:
        await bench.sandbox.fault(*OPENAI, fault)

    text = await bench.look()

    assert isinstance(text.parsed, Review)
    assert await bench.asked() == asked
    assert [outcome for _, outcome in bench.attempts.outcomes] == outcomes
    assert bench.attempts.outcomes[-1][0] == ("replicate" if asked[1] else "openai")


async def test_every_paid_call_is_recorded_with_tokens_and_cost(bench: Bench) -> None:
    await bench.sandbox.fault(*OPENAI, UNFIT, times=2)

    await bench.look()

    rows = list(bench.attempts.rows.values())
    assert [row.provider for row in rows] == ["openai", "openai", "replicate"]
    for row in rows:
        read, made = row.tokens
        assert read
        assert made
        assert row.cost_microusd == pytest.approx(
            read * 2 + made * 12 if row.provider == "openai" else read * 3 + made * 15, abs=1
        )
        assert row.request_id
    assert rows[1].tokens[0] > rows[0].tokens[0], "the second question holds the first answer"  # type: ignore[operator]


async def test_the_faults_are_said_back_once(bench: Bench) -> None:
    await bench.sandbox.fault(*OPENAI, UNFIT)

    await bench.look()

    first, second = await bench.sandbox.requests(*OPENAI)
    assert [message["role"] for message in first["body"]["input"]] == ["user"]
    assert [message["role"] for message in second["body"]["input"]] == ["user", "assistant", "user"]
    assert "less than or equal to 100" in second["body"]["input"][2]["content"]
    assert second["body"]["text"] == first["body"]["text"], "the schema is the same"


async def test_the_next_provider_is_asked_afresh(bench: Bench) -> None:
    await bench.sandbox.fault(*OPENAI, UNFIT, times=2)

    await bench.look()

    (asked,) = await bench.sandbox.requests(*REPLICATE)
    assert asked["body"]["input"]["prompt"] == "The picture:"


async def test_unfit_everywhere_fails_with_every_reason(bench: Bench) -> None:
    await bench.sandbox.fault(*OPENAI, UNFIT, times=None)
    await bench.sandbox.fault(*REPLICATE, UNFIT, times=None)

    with pytest.raises(AllProvidersFailed) as caught:
        await bench.look()

    assert await bench.asked() == (2, 2)
    assert [attempt.reason.partition(":")[0] for attempt in caught.value.attempts] == ["unfit"] * 4


async def test_unfit_answers_leave_the_circuit_closed(bench: Bench) -> None:
    bench.build(generation_breaker_calls_min=2)
    await bench.sandbox.fault(*OPENAI, UNFIT, times=6)
    for _ in range(4):
        await bench.look()
    assert bench.attempts.outcomes[-1] == ("openai", "ok")
    assert await bench.asked() == (7, 3)


@pytest.mark.parametrize("answer", ["refusal", "content_filter"])
async def test_a_refusal_ends_everything_is_paid_and_leaves_the_circuit_closed(bench: Bench, answer: str) -> None:
    bench.build(generation_breaker_calls_min=2)
    await bench.sandbox.fault(*OPENAI, {"answer": answer}, times=4)
    for _ in range(4):
        with pytest.raises(Refused) as caught:
            await bench.look()
        assert caught.value.code == "moderation_blocked"
    assert await bench.asked() == (4, 0)
    assert {row.cost_microusd for row in bench.attempts.rows.values()}.isdisjoint({0, None})
    await bench.look()
    assert bench.attempts.outcomes[-1] == ("openai", "ok")


async def test_looking_and_writing_have_circuits_of_their_own(bench: Bench) -> None:
    providers = bench.build(generation_breaker_calls_min=2)
    await bench.sandbox.fault(*OPENAI, {"status": 500}, times=3)
    for router in (providers.looks, providers.looks, providers.texts):
        text = await router.run(ASKED, attempts=bench.attempts, timeout_seconds=20)
        assert isinstance(text.parsed, Review)
    assert [name for name, outcome in bench.attempts.outcomes if outcome == "ok"] == ["replicate"] * 2 + ["openai"]


async def test_a_throttled_key_rests_for_writing_too(bench: Bench) -> None:
    providers = bench.build(openai_api_key=SecretStr("sk-1,sk-2"))
    await bench.sandbox.fault(*OPENAI, {"status": 429, "retry_after": 30})
    for router in (providers.looks, providers.texts, providers.texts):
        await router.run(ASKED, attempts=bench.attempts, timeout_seconds=20)
    keys = [request["authorization"]["fingerprint"] for request in await bench.sandbox.requests(*OPENAI)]
    assert len(keys) == 4
    assert keys[0] != keys[1]
    assert set(keys[1:]) == {keys[1]}


async def test_a_prediction_a_crash_left_is_adopted_and_nothing_is_bought(bench: Bench) -> None:
    await bench.sandbox.fault(*OPENAI, SHUT)
    await bench.look()
    bought = next(row.external_id for row in bench.attempts.rows.values() if row.external_id)
    successor = MemoryAttempts()
    left = successor.left_open("replicate", "anthropic/claude-4.5-sonnet", bought)

    text = await bench.built[-1].looks.run(ASKED, attempts=successor, timeout_seconds=10)

    assert isinstance(text.parsed, Review)
    assert await bench.asked() == (1, 1)
    assert successor.rows[left].outcome is AttemptOutcome.OK


async def test_an_unfit_prediction_that_is_adopted_is_booked_and_bought_anew(bench: Bench) -> None:
    await bench.sandbox.fault(*OPENAI, SHUT)
    await bench.sandbox.fault(*REPLICATE, UNFIT)
    await bench.look()
    unfit = next(row.external_id for row in bench.attempts.rows.values() if row.outcome is AttemptOutcome.UNFIT)
    successor = MemoryAttempts()
    left = successor.left_open("replicate", "anthropic/claude-4.5-sonnet", unfit)

    await bench.built[-1].looks.run(ASKED, attempts=successor, timeout_seconds=10)

    assert successor.rows[left].outcome is AttemptOutcome.UNFIT
    assert successor.rows[left].cost_microusd
    assert successor.outcomes[-1] == ("openai", "ok")


async def test_cancelling_cancels_the_prediction(bench: Bench) -> None:
    await bench.sandbox.fault(*OPENAI, SHUT)
    await bench.sandbox.fault(*REPLICATE, {"prediction_status": "stuck"})
    task = asyncio.create_task(bench.look())

    async def polled() -> bool:
        return bool(await bench.sandbox.requests("replicate", "predictions.get"))

    await until(polled)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(await bench.sandbox.requests("replicate", "predictions.cancel")) == 1
    assert bench.attempts.outcomes[-1] == ("replicate", "cancelled")


async def test_a_hostile_answer_stays_within_the_shape(bench: Bench) -> None:
    note = "<script>alert(1)</script> {{7*7}} [x](javascript:1) file:///etc/passwd"
    hostile = {**GOOD, "note": note}
    await bench.sandbox.fault(*OPENAI, {"answer": "text", "text": json.dumps(hostile)})
    await bench.sandbox.fault(
        *OPENAI, {"answer": "text", "text": json.dumps({**hostile, "role": "system", "price": 0})}, after=1
    )
    text = await bench.look()
    assert isinstance(text.parsed, Review)
    assert text.parsed.note == note, "data, kept as it came"
    again = await bench.look()
    assert set(again.parsed.model_dump() if again.parsed else ()) == {"score", "remarks", "note"}
    assert bench.attempts.outcomes == [("openai", "ok"), ("openai", "unfit"), ("openai", "ok")]

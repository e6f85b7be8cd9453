"""The circuit: what opens it, that one probe passes, and that it holds without Redis."""

import asyncio

import pytest
from redis.asyncio import Redis

from generation.providers.breaker import SharedBreaker
from generation.providers.circuit import CircuitRules, CircuitState, Denied, LocalCircuit, Permit, Verdict

RULES = CircuitRules(window_seconds=2, calls_min=4, failure_rate=0.5, open_seconds=0.15, probe_lease_seconds=0.5)


def breaker(redis: Redis | None, rules: CircuitRules = RULES) -> SharedBreaker:
    return SharedBreaker("openai", "image.make", rules, redis)


async def report(circuit: SharedBreaker, *verdicts: Verdict) -> CircuitState:
    state = CircuitState.CLOSED
    for verdict in verdicts:
        permit = await circuit.acquire()
        assert isinstance(permit, Permit)
        state = await circuit.report(permit, verdict)
    return state


FAIL, GOOD, NOTHING = Verdict.FAILURE, Verdict.SUCCESS, Verdict.NEUTRAL


@pytest.fixture(params=["shared", "local"])
def circuit(request: pytest.FixtureRequest, redis: Redis) -> SharedBreaker:
    return breaker(redis if request.param == "shared" else None)


async def test_few_failures_do_not_open_it(circuit: SharedBreaker) -> None:
    assert await report(circuit, FAIL, FAIL, FAIL) is CircuitState.CLOSED


async def test_opens_at_the_rate_and_turns_calls_away_until_its_time(circuit: SharedBreaker) -> None:
    assert await report(circuit, GOOD, GOOD, FAIL, FAIL) is CircuitState.OPEN
    denied = await circuit.acquire()
    assert isinstance(denied, Denied)
    assert 0 < denied.retry_after_seconds <= 0.15


async def test_failures_below_the_rate_do_not_open_it(circuit: SharedBreaker) -> None:
    assert await report(circuit, *[GOOD] * 6, *[FAIL] * 4) is CircuitState.CLOSED


async def test_neutral_calls_are_not_counted_at_all(circuit: SharedBreaker) -> None:
    assert await report(circuit, *[NOTHING] * 20, FAIL, FAIL, FAIL) is CircuitState.CLOSED
    assert await report(circuit, FAIL) is CircuitState.OPEN


async def test_old_failures_leave_the_window(redis: Redis) -> None:
    for one in (breaker(redis, CircuitRules(0.2, 4, 0.5, 0.15, 1)), breaker(None, CircuitRules(0.2, 4, 0.5))):
        await report(one, FAIL, FAIL, FAIL)
        await asyncio.sleep(0.3)
        assert await report(one, FAIL) is CircuitState.CLOSED


async def test_a_good_probe_closes_it(circuit: SharedBreaker) -> None:
    await report(circuit, FAIL, FAIL, FAIL, FAIL)
    await asyncio.sleep(0.2)
    assert (await circuit.peek())[0] is CircuitState.HALF_OPEN
    assert await report(circuit, GOOD) is CircuitState.CLOSED
    assert await report(circuit, FAIL, FAIL, FAIL) is CircuitState.CLOSED


async def test_a_bad_probe_opens_it_again(circuit: SharedBreaker) -> None:
    await report(circuit, FAIL, FAIL, FAIL, FAIL)
    await asyncio.sleep(0.2)
    assert await report(circuit, FAIL) is CircuitState.OPEN
    assert isinstance(await circuit.acquire(), Denied)


async def test_a_probe_that_says_nothing_lets_the_next_one_pass(circuit: SharedBreaker) -> None:
    await report(circuit, FAIL, FAIL, FAIL, FAIL)
    await asyncio.sleep(0.2)
    assert await report(circuit, NOTHING) is CircuitState.HALF_OPEN
    assert isinstance(await circuit.acquire(), Permit)


async def test_a_probe_that_died_is_replaced_and_its_late_word_is_ignored(circuit: SharedBreaker) -> None:
    await report(circuit, FAIL, FAIL, FAIL, FAIL)
    await asyncio.sleep(0.2)
    dead = await circuit.acquire()
    assert isinstance(dead, Permit)
    assert isinstance(await circuit.acquire(), Denied)
    await asyncio.sleep(0.55)
    alive = await circuit.acquire()
    assert isinstance(alive, Permit)
    await circuit.report(dead, GOOD)
    assert isinstance(await circuit.acquire(), Denied)
    assert await circuit.report(alive, GOOD) is CircuitState.CLOSED


async def test_a_trip_opens_it_at_once(circuit: SharedBreaker) -> None:
    assert await report(circuit, Verdict.TRIP) is CircuitState.OPEN


async def test_of_twenty_callers_over_two_clients_exactly_one_probes(redis: Redis, redis_url: str) -> None:
    other: Redis = Redis.from_url(redis_url)
    one, two = breaker(redis), breaker(other)
    await report(one, FAIL, FAIL, FAIL, FAIL)
    assert isinstance(await two.acquire(), Denied), "the other client sees it open"
    for _ in range(3):
        await asyncio.sleep(0.2)
        answers = await asyncio.gather(*[c.acquire() for _ in range(10) for c in (one, two)])
        probes = [a for a in answers if isinstance(a, Permit)]
        assert len(probes) == 1
        await one.report(probes[0], FAIL)
    await other.aclose()


async def test_holds_locally_while_redis_is_away() -> None:
    away: Redis = Redis(host="127.0.0.1", port=9)
    circuit = breaker(away)
    assert await report(circuit, FAIL, FAIL, FAIL, FAIL) is CircuitState.OPEN
    await asyncio.sleep(0.2)
    answers = await asyncio.gather(*[circuit.acquire() for _ in range(20)])
    assert sum(isinstance(a, Permit) for a in answers) == 1
    await away.aclose()


async def test_what_was_seen_with_redis_is_known_when_it_goes_away(redis: Redis) -> None:
    circuit = breaker(redis)
    await report(circuit, FAIL, FAIL, FAIL, FAIL)
    circuit._away_until = float("inf")
    assert isinstance(await circuit.acquire(), Denied)


async def test_its_keys_share_a_slot_and_expire(redis: Redis) -> None:
    await report(breaker(redis), FAIL, FAIL)
    await report(breaker(redis), FAIL, FAIL)
    names = [name.decode() for name in await redis.keys("*")]
    assert names
    assert all("{image.make:openai}" in name for name in names)
    assert all([await redis.pttl(name) > 0 for name in names])


def test_a_success_under_the_shared_circuit_closes_the_local_one() -> None:
    now = [0.0]
    local = LocalCircuit(RULES, clock=lambda: now[0])
    for _ in range(4):
        local.observe(FAIL)
    assert local.peek()[0] is CircuitState.OPEN
    local.observe(GOOD)
    assert local.peek()[0] is CircuitState.CLOSED

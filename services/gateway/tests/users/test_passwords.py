"""Password hashing: bounded, off the loop, the same work for nobody."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from common.errors import DependencyUnavailable
from gateway.users.passwords import HashingCost, Passwords

CHEAP = HashingCost(memory_kib=64, passes=1, threads=1, waiting_max=2)


@pytest.fixture
def hasher() -> Iterator[Passwords]:
    made = Passwords(CHEAP)
    yield made
    made.close()


@pytest.fixture
def slow_hasher() -> Iterator[Passwords]:
    made = Passwords(HashingCost(memory_kib=16_384, passes=6, threads=1, waiting_max=2))
    yield made
    made.close()


async def test_verifies_only_the_password_that_was_hashed(hasher: Passwords) -> None:
    stored = await hasher.hash("correct horse battery")

    assert stored.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert await hasher.verify(stored, "correct horse battery")
    assert not await hasher.verify(stored, "correct horse batterz")
    assert not await hasher.verify("not a hash", "correct horse battery")


async def test_same_password_from_another_keyboard_is_the_same(hasher: Passwords) -> None:
    stored = await hasher.hash("mot de passe é")

    assert await hasher.verify(stored, "mot de passe é")


class Noting(Passwords):
    """Real hashing that notes against what was verified."""

    def _verify(self, password_hash: str, password: str) -> bool:
        self.noted = password_hash
        return super()._verify(password_hash, password)


async def test_for_nobody_a_hash_of_the_same_cost_is_verified_and_never_matches() -> None:
    noting = Noting(CHEAP)

    assert not await noting.verify(None, "nobody has this password")
    assert noting._verify(noting.noted, "nobody has this password"), "it is a hash that takes the whole work"
    assert not noting.is_outdated(noting.noted)
    noting.close()


async def test_refuses_more_than_may_wait(slow_hasher: Passwords) -> None:
    waiting = [asyncio.create_task(slow_hasher.hash("password")) for _ in range(3)]
    await asyncio.sleep(0)

    with pytest.raises(DependencyUnavailable) as refused:
        await slow_hasher.hash("password")

    assert refused.value.retry_after_seconds == 1
    assert len(set(await asyncio.gather(*waiting))) == 3
    assert await slow_hasher.hash("password")


async def test_place_of_somebody_who_hung_up_is_free_again(slow_hasher: Passwords) -> None:
    waiting = [asyncio.create_task(slow_hasher.hash("password")) for _ in range(3)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)

    # The one under way cannot be stopped and keeps its place until it ends; the two that waited are gone.
    others = [asyncio.create_task(slow_hasher.hash("password")) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(DependencyUnavailable):
        await slow_hasher.hash("password")
    assert len(await asyncio.gather(*others)) == 2


async def test_after_the_end_nothing_is_hashed(hasher: Passwords) -> None:
    hasher.close()

    with pytest.raises(DependencyUnavailable):
        await hasher.hash("password")


async def test_loop_goes_on_while_hashing() -> None:
    hasher = Passwords(HashingCost(memory_kib=32_768, passes=4, threads=1))
    hashing = asyncio.create_task(hasher.hash("password"))
    turns, longest = 0, 0.0
    while not hashing.done():
        started = time.perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - started)
        turns += 1
    hasher.close()

    assert turns > 5, f"the loop turned {turns} times, the longest pause was {longest:.3f} s"

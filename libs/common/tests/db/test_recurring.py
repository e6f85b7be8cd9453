"""Turns that come again: a database that is away skips one, anything else ends them."""

import asyncio

import pytest

from common.db.recurring import repeat, work_until


async def test_takes_turns_until_cancelled():
    turns = 0

    async def turn() -> None:
        nonlocal turns
        turns += 1

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await repeat(turn, 0.01, skipped="turn_skipped")
    assert turns > 2


async def test_a_database_that_is_away_skips_a_turn():
    turns = 0

    async def turn() -> None:
        nonlocal turns
        turns += 1
        if turns == 1:
            raise ConnectionRefusedError

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await repeat(turn, 0.01, skipped="turn_skipped")
    assert turns > 1


async def test_what_is_wrong_for_good_is_not_swallowed():
    async def turn() -> None:
        raise LookupError("a bug")

    with pytest.raises(LookupError, match="a bug"):
        async with asyncio.timeout(1):
            await repeat(turn, 0.01, skipped="turn_skipped")


async def test_works_without_a_pause_while_there_is_something_to_do_and_ends_when_told():
    stopping, looks = asyncio.Event(), 0

    async def look() -> bool:
        nonlocal looks
        looks += 1
        if looks == 2:
            raise ConnectionRefusedError
        if looks == 5:
            stopping.set()
        return looks != 2

    async with asyncio.timeout(5):
        await work_until(stopping, look, 0.05, waits="waits")
    assert looks == 5

    async with asyncio.timeout(5):
        pausing = asyncio.create_task(work_until(again := asyncio.Event(), _nothing, 60, waits="waits"))
        await asyncio.sleep(0)
        again.set()
        await pausing


async def _nothing() -> bool:
    return False


async def test_work_that_is_wrong_for_good_ends_the_worker():
    async def look() -> bool:
        raise LookupError("a bug")

    with pytest.raises(LookupError, match="a bug"):
        async with asyncio.timeout(1):
            await work_until(asyncio.Event(), look, 0.01, waits="waits")

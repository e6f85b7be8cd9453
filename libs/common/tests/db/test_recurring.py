"""Turns that come again: a database that is away skips one, anything else ends them."""

import asyncio

import pytest

from common.db.recurring import repeat


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

"""The client of Redis: bounded, and what cancels it is obeyed at any moment."""

import asyncio
import os
import signal
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.connection import SSLConnection, UnixDomainSocketConnection
from redis.exceptions import TimeoutError as RedisTimeoutError

from common.redis_client import connect_redis

TURNS_OF_THE_LOOP = range(1, 40)


@pytest.mark.parametrize("pooled", [True, False], ids=["on an open connection", "while connecting"])
async def test_a_cancellation_is_obeyed_whatever_the_client_is_doing(
    redis: Redis, redis_url: str, *, pooled: bool
) -> None:
    async def ask_for_ever(client: Redis) -> None:
        while True:
            await client.get("key")

    for turns in TURNS_OF_THE_LOOP:
        client = redis if pooled else connect_redis(redis_url)
        asking = asyncio.create_task(ask_for_ever(client))
        for _ in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        done, _ = await asyncio.wait({asking}, timeout=1)
        assert done, f"a cancellation in turn {turns} was lost"
        assert asking.cancelled()
        if not pooled:
            await client.aclose()


async def test_a_server_that_takes_nothing_more_is_given_up_in_time(
    own_redis_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.redis_client.ANSWER_SECONDS_MAX", 0.3)
    client = connect_redis(own_redis_server.url)
    pid = (await client.info("server"))["process_id"]
    connection = await client.connection_pool.get_connection()
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(RedisTimeoutError, match="writing"):
            await connection.send_command("SET", "key", b"x" * 50_000_000)
        assert not connection.is_connected
    finally:
        os.kill(pid, signal.SIGCONT)
        await client.connection_pool.release(connection)
        await client.aclose()


@pytest.mark.parametrize(
    ("url", "kind"),
    [("rediss://localhost:6379/0", SSLConnection), ("unix:///run/valkey.sock", UnixDomainSocketConnection)],
)
def test_the_way_there_follows_the_address(url: str, kind: type) -> None:
    assert isinstance(connect_redis(url).connection_pool.make_connection(), kind)

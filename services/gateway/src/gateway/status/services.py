"""How a service that hears of the world by streams is: whether it listens, and how far behind it is."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from common.bus.streams import parse_entry_id, stream_key
from gateway.status.rules import Finding

SILENT_SECONDS_MAX = 15.0
"""A consumer asks for news every second, and is held up for a moment by a large batch."""
BEHIND_SECONDS_MAX = 10.0


def listening(redis: Redis, group: str, topics: Sequence[str]) -> Callable[[], Awaitable[Finding]]:
    """A check of a service by the streams that bring it work."""

    async def look() -> Finding:
        silent, behind = 0.0, 0.0
        for topic in topics:
            heard = await _heard(redis, topic, group)
            if heard is None:
                return Finding("down", "Has not been heard of.")
            silent, behind = max(silent, heard[0]), max(behind, heard[1])
        if silent > SILENT_SECONDS_MAX:
            return Finding("down", f"Has not been heard of for {silent:.0f} s.")
        if behind > BEHIND_SECONDS_MAX:
            return Finding("degraded", f"Is {behind:.0f} s behind.")
        return Finding("ok")

    return look


async def _heard(redis: Redis, topic: str, group: str) -> tuple[float, float] | None:
    """Seconds since any member of the group asked for news, and the age of the oldest entry it has not finished."""
    key = stream_key(topic)
    try:
        async with redis.pipeline(transaction=False) as pipeline:
            pipeline.time()
            pipeline.xinfo_groups(key)
            pipeline.xinfo_consumers(key, group)
            pipeline.xpending(key, group)
            (seconds, micros), groups, members, pending = await pipeline.execute()
    except ResponseError:  # there is no such stream or group
        return None
    if not members:
        return None
    now_ms = seconds * 1000 + micros // 1000
    oldest = pending["min"] if pending["pending"] else await _next_entry(redis, key, group, groups)
    behind_ms = 0 if oldest is None else max(0, now_ms - parse_entry_id(oldest.decode())[0])
    return min(member["idle"] for member in members) / 1000, behind_ms / 1000


async def _next_entry(redis: Redis, key: str, group: str, groups: Sequence[dict[str, Any]]) -> bytes | None:
    """The first entry that no member has taken yet."""
    for item in groups:
        if item["name"].decode() == group:
            entries = await redis.xrange(key, min=f"({item['last-delivered-id'].decode()}", count=1)
            return entries[0][0] if entries else None
    return None

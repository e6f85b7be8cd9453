"""What alerts watch is measured: what waits in the outbox and on streams, what was set aside, connections, the disk."""

from prometheus_client import REGISTRY
from redis.asyncio import Redis

from common.bus.dead_letters import bury
from common.bus.entries import Entry
from common.bus.vitals import Vitals
from common.db.database import Database

from ..harness import KEY, fact, publish


def seen(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


async def test_measures_what_waits_and_what_is_full(database: Database, redis: Redis) -> None:
    vitals = Vitals("billing", database, redis)
    await publish(database, redis, *[fact() for _ in range(7)])
    await redis.xgroup_create(KEY, "billing", id="0")
    [[_, entries]] = await redis.xreadgroup("billing", "one", {KEY: ">"}, count=3)
    await redis.xack(KEY, "billing", entries[0][0])
    async with database.unit_of_work() as uow:
        await bury(uow, Entry("jobs", "1-1", "job.submitted", "{}", None), "broken", 6)
        uow.emit(fact())
    async with database.unit_of_work() as uow:
        await uow.execute("UPDATE outbox SET created_at = now() - interval '90 seconds' WHERE published_at IS NULL")

    await vitals.measure()

    assert seen("bus_stream_lag", group="billing", topic="jobs") == 6
    assert seen("dead_letters_waiting", service="billing") == 1
    assert 90 <= (seen("outbox_oldest_seconds", service="billing") or 0) < 120
    assert 0 < (seen("database_connections_used_ratio", service="billing") or 0) < 1
    assert 0 < (seen("disk_used_ratio", service="billing") or 0) < 1

    async with database.unit_of_work() as uow:
        await uow.execute("UPDATE outbox SET published_at = now()")
        await uow.execute("UPDATE dead_letters SET replayed_at = now()")
    await redis.flushall()
    await vitals.measure()
    assert (seen("outbox_oldest_seconds", service="billing"), seen("dead_letters_waiting", service="billing")) == (0, 0)

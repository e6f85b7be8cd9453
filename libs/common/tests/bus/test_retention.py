"""What is cut off and forgotten, and what must stay."""

import pytest
from redis.asyncio import Redis

from common.bus.retention import KEEP_DAYS, Retention
from common.bus.streams import SUBSCRIBERS, epoch_key
from common.db.database import Database
from common.ids import new_id

from ..harness import KEY, TOPIC, column, fact, publish

GROUPS = sorted(SUBSCRIBERS[TOPIC])
ACKED = "SELECT ARRAY[acked_ms, acked_seq] FROM bus_topics WHERE topic = 'jobs'"


@pytest.fixture
def retention(database: Database, redis: Redis) -> Retention:
    return Retention("gateway", database, redis)


async def _read(redis: Redis, group: str, count: int, *, acknowledged: int) -> None:
    await redis.xgroup_create(KEY, group, id="0", mkstream=True)
    [[_, entries]] = await redis.xreadgroup(group, "one", {KEY: ">"}, count=count)
    if acknowledged:
        await redis.xack(KEY, group, *[entry_id for entry_id, _ in entries[:acknowledged]])


async def _known_place(database: Database) -> str:
    [[ms, seq]] = await column(database, ACKED)
    return f"{ms}-{seq}"


async def test_only_what_all_groups_have_acknowledged_is_cut_off(
    database: Database, redis: Redis, retention: Retention
):
    await publish(database, redis, *[fact() for _ in range(500)])
    ids = [entry_id for entry_id, _ in await redis.xrange(KEY)]
    await _read(redis, GROUPS[0], 500, acknowledged=500)
    await _read(redis, GROUPS[1], 450, acknowledged=400)
    await _read(redis, GROUPS[2], 420, acknowledged=420)
    await retention.trim(TOPIC)
    left = [entry_id for entry_id, _ in await redis.xrange(KEY)]
    assert len(left) < 500  # cut by whole nodes of the stream
    assert set(ids[400:]) <= set(left)
    ms, _, seq = ids[400].decode().partition("-")
    assert (await column(database, ACKED))[0] < [int(ms), int(seq)]
    ms, _, seq = ids[399].decode().partition("-")
    assert (await column(database, ACKED))[0] >= [int(ms), int(seq)]


async def test_one_unacknowledged_entry_keeps_all_that_follows(database: Database, redis: Redis, retention: Retention):
    await publish(database, redis, *[fact() for _ in range(300)])
    for group in GROUPS:
        await _read(redis, group, 300, acknowledged=300)
    await redis.xgroup_setid(KEY, GROUPS[0], id="0")
    await redis.xreadgroup(GROUPS[0], "one", {KEY: ">"}, count=1)
    await retention.trim(TOPIC)
    assert await redis.xlen(KEY) == 300


async def test_a_missing_group_stops_all_trimming(database: Database, redis: Redis, retention: Retention):
    await publish(database, redis, *[fact() for _ in range(300)])
    for group in GROUPS[:-1]:
        await _read(redis, group, 300, acknowledged=300)
    await retention.trim(TOPIC)
    assert await redis.xlen(KEY) == 300
    assert await _known_place(database) == "0-0"


async def test_a_foreign_group_does_not_hold_the_stream(database: Database, redis: Redis, retention: Retention):
    await publish(database, redis, *[fact() for _ in range(300)])
    for group in GROUPS:
        await _read(redis, group, 300, acknowledged=300)
    await redis.xgroup_create(KEY, "curious", id="0")
    await retention.trim(TOPIC)
    assert await redis.xlen(KEY) < 300


async def test_a_stream_that_does_not_exist_is_nothing_to_trim(redis: Redis, retention: Retention):
    await retention.trim(TOPIC)
    assert await redis.exists(KEY) == 0


async def test_the_known_place_never_goes_back(database: Database, redis: Redis, retention: Retention):
    await publish(database, redis, *[fact() for _ in range(5)])
    for group in GROUPS:
        await _read(redis, group, 5, acknowledged=5)
    await retention.trim(TOPIC)
    place = await _known_place(database)
    await redis.xgroup_setid(KEY, GROUPS[0], id="0")
    await redis.xreadgroup(GROUPS[0], "one", {KEY: ">"}, count=5)
    await retention.trim(TOPIC)
    assert await _known_place(database) == place


async def test_a_place_in_another_epoch_is_not_noted(database: Database, redis: Redis, retention: Retention):
    await publish(database, redis, *[fact() for _ in range(5)])
    for group in GROUPS:
        await _read(redis, group, 5, acknowledged=5)
    await redis.set(epoch_key(TOPIC), "another")
    await retention.trim(TOPIC)
    assert await _known_place(database) == "0-0"


async def test_old_published_events_and_old_handled_ids_are_forgotten(
    database: Database, redis: Redis, retention: Retention
):
    old, unpublished, young = fact(), fact(), fact()
    async with database.unit_of_work() as uow:
        for event in (old, unpublished, young):
            uow.emit(event)
        handled = new_id()
        await uow.claim_events([handled, young.event_id])
    async with database.unit_of_work() as uow:
        await uow.execute("UPDATE outbox SET published_at = now()")
        await uow.execute("UPDATE outbox SET published_at = NULL WHERE event_id = :id", {"id": unpublished.event_id})
        await uow.execute(
            "UPDATE outbox SET created_at = now() - make_interval(days => :days, mins => 1)"
            " WHERE event_id = ANY(CAST(:ids AS uuid[]))",
            {"days": KEEP_DAYS, "ids": [old.event_id, unpublished.event_id]},
        )
        await uow.execute(
            "UPDATE inbox SET received_at = now() - make_interval(days => :days, mins => 1) WHERE event_id = :id",
            {"days": KEEP_DAYS, "id": handled},
        )
    await retention.forget()
    left = await column(database, "SELECT event_id FROM outbox ORDER BY sequence")
    assert left == [unpublished.event_id, young.event_id]
    assert await column(database, "SELECT event_id FROM inbox") == [young.event_id]

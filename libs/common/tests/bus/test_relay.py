"""The way from the outbox to the streams: quick, sure, and again after Redis forgot."""

import asyncio
import signal
from typing import Any

import pytest
from redis.asyncio import Redis

from common.bus.publisher import Publisher
from common.bus.relay import QUEUE_MAX, Relay
from common.bus.retention import Retention
from common.bus.streams import SUBSCRIBERS, epoch_key, stream_key
from common.db.database import Database
from common.db.outbox_record import OutboxRecord
from common.events.accounts import UserRegistered
from common.events.envelope import Event
from common.ids import new_id
from common.redis_client import connect_redis

from ..harness import KEY, TOPIC, column, emit, eventually, fact, kill, publish, running

ADDED = "SELECT event_id FROM outbox ORDER BY sequence"
MARKED = "SELECT event_id FROM outbox WHERE published_at IS NOT NULL ORDER BY sequence"


async def _entries(redis: Redis, key: str = KEY) -> list[str]:
    return [fields[b"id"].decode() for _, fields in await redis.xrange(key)]


def _ids(events: list[Any]) -> list[str]:
    return [str(event.event_id) for event in events]


async def _acknowledge(redis: Redis, count: int, groups: frozenset[str] = SUBSCRIBERS[TOPIC]) -> None:
    """Every group reads and acknowledges the first entries."""
    for group in groups:
        await redis.xgroup_create(KEY, group, id="0", mkstream=True)
        [[_, entries]] = await redis.xreadgroup(group, "one", {KEY: ">"}, count=count)
        await redis.xack(KEY, group, *[entry_id for entry_id, _ in entries])


async def test_the_quick_path_publishes_at_once_and_marks(database: Database, redis: Redis):
    relay = Relay("gateway", database, redis)
    await relay.prepare()
    database.courier = relay
    events = [fact() for _ in range(5)]
    async with running(relay.run_quick, relay.run_marks):
        await emit(database, *events)
        # sooner than the sweep's grace: nobody but the quick path can have done it
        await eventually(lambda: _length(redis, 5), seconds=0.9)
        assert await _entries(redis) == _ids(events)
        await eventually(lambda: column(database, MARKED))
        [(_, fields), *_] = await redis.xrange(KEY)
        assert fields[b"type"] == b"job.cancel_requested"
        assert fields[b"body"].decode() == events[0].to_json()
    assert await relay.sweep(grace_seconds=0) == 0
    assert await redis.xlen(KEY) == 5


async def test_the_mark_names_the_place_in_the_stream(database: Database, redis: Redis):
    await publish(database, redis, fact(), fact())
    rows = await column(database, "SELECT ARRAY[entry_ms, entry_seq] FROM outbox ORDER BY sequence")
    assert [f"{ms}-{seq}".encode() for ms, seq in rows] == [entry_id for entry_id, _ in await redis.xrange(KEY)]
    assert await column(database, "SELECT DISTINCT epoch FROM outbox") == [(await redis.get(epoch_key(TOPIC))).decode()]


async def test_each_event_goes_to_its_own_stream_in_order(database: Database, redis: Redis):
    account = new_id()
    mixed: list[Event] = []
    for _ in range(10):
        mixed.append(fact())
        mixed.append(
            UserRegistered(account_id=account, user_id=new_id(), email="a@example.com", locale="en", plan="free")
        )
    mixed.reverse()  # said in another order than made: neither ids nor bodies are sorted
    await emit(database, *mixed)
    assert await Relay("gateway", database, redis).sweep(grace_seconds=0) == 20
    for topic in ("jobs", "accounts"):
        assert await _entries(redis, stream_key(topic)) == _ids([e for e in mixed if e.topic == topic])


async def test_order_is_kept_from_commit_to_stream(database: Database, redis: Redis):
    relay = Relay("gateway", database, redis)
    await relay.prepare()
    database.courier = relay
    async with running(relay.run_quick, relay.run_marks):
        for _ in range(30):
            await emit(database, *[fact() for _ in range(20)])
        await eventually(lambda: _length(redis, 600))
    assert await _entries(redis) == [str(event_id) for event_id in await column(database, ADDED)]


async def _length(redis: Redis, wanted: int) -> bool:
    return bool(await redis.xlen(KEY) >= wanted)


async def test_what_was_committed_while_redis_was_away_is_swept_up(database: Database, own_redis_server: Any):
    redis = connect_redis(own_redis_server.url)
    relay = Relay("gateway", database, redis)
    await relay.prepare()
    database.courier = relay
    events = [fact() for _ in range(7)]
    async with running(relay.run_quick, relay.run_marks, relay.run_sweep):
        own_redis_server.stop()
        await emit(database, *events[:4])
        await emit(database, *events[4:])
        await asyncio.sleep(0.1)
        assert await column(database, MARKED) == []
        own_redis_server.start()
        await eventually(lambda: _all_marked(database, 7))
    assert set(await _entries(redis)) == set(_ids(events))
    await redis.aclose()


async def _all_marked(database: Database, wanted: int) -> bool:
    return len(await column(database, MARKED)) == wanted


async def test_a_process_starts_without_redis(database: Database, own_redis_server: Any):
    redis = connect_redis(own_redis_server.url)
    own_redis_server.stop()
    relay = Relay("gateway", database, redis)
    await relay.prepare()
    await emit(database, fact())
    own_redis_server.start()
    assert await relay.sweep(grace_seconds=0) == 1
    await redis.aclose()


async def test_a_crash_between_append_and_mark_publishes_twice_and_loses_nothing(
    database: Database, redis: Redis, monkeypatch: pytest.MonkeyPatch
):
    relay = Relay("gateway", database, redis)
    await relay.prepare()
    database.courier = relay
    event = fact()
    async with running(relay.run_quick) as [quick]:  # nobody writes marks down: the process dies first
        await emit(database, event)
        await eventually(lambda: _length(redis, 1))
        await kill(quick)
    assert await column(database, MARKED) == []
    assert await Relay("gateway", database, redis).sweep(grace_seconds=0) == 1
    assert await _entries(redis) == _ids([event, event])


async def test_the_sweep_leaves_what_is_younger_than_its_grace_to_the_quick_path(database: Database, redis: Redis):
    await emit(database, fact())
    assert await Relay("gateway", database, redis).sweep(grace_seconds=30) == 0
    assert await redis.xlen(KEY) == 0


async def test_flushall_brings_every_unacknowledged_event_again_and_no_other(database: Database, redis: Redis):
    events = [fact() for _ in range(6)]
    await publish(database, redis, *events)
    await _acknowledge(redis, 4)
    await Retention("gateway", database, redis).trim(TOPIC)
    await redis.flushall()
    relay = Relay("gateway", database, redis)
    assert await relay.sweep(grace_seconds=0) == 2
    assert await _entries(redis) == _ids(events[4:])
    assert await relay.sweep(grace_seconds=0) == 0
    assert await _all_marked(database, 6)


async def test_flushall_twice_in_a_row_brings_everything_each_time(database: Database, redis: Redis):
    events = [fact() for _ in range(3)]
    await publish(database, redis, *events)
    relay = Relay("gateway", database, redis)
    for _ in range(2):
        await redis.flushall()
        assert await relay.sweep(grace_seconds=0) == 3
        assert await _entries(redis) == _ids(events)


async def test_an_event_that_one_group_lacks_is_published_again(database: Database, redis: Redis):
    events = [fact() for _ in range(3)]
    await publish(database, redis, *events)
    await _acknowledge(redis, 3, SUBSCRIBERS[TOPIC] - {"notifier"})
    await redis.xgroup_create(KEY, "notifier", id="0")
    await Retention("gateway", database, redis).trim(TOPIC)
    await redis.flushall()
    assert await Relay("gateway", database, redis).sweep(grace_seconds=0) == 3


async def test_a_restarted_server_may_have_lost_its_tail_so_it_is_published_again(
    database: Database, own_redis_server: Any
):
    redis = connect_redis(own_redis_server.url)
    events = [fact() for _ in range(4)]
    await publish(database, redis, *events)
    await _acknowledge(redis, 1)
    await Retention("gateway", database, redis).trim(TOPIC)
    before = await column(database, "SELECT epoch FROM bus_topics WHERE topic = 'jobs'")
    await asyncio.sleep(1.1)  # appendfsync everysec
    own_redis_server.stop(signal.SIGKILL)
    own_redis_server.start()
    relay = Relay("gateway", database, redis)
    assert await relay.sweep(grace_seconds=0) == 3
    assert (await _entries(redis))[-3:] == _ids(events[1:])
    assert await column(database, "SELECT epoch FROM bus_topics WHERE topic = 'jobs'") != before
    assert await relay.sweep(grace_seconds=0) == 0
    await redis.aclose()


async def test_places_in_a_restarted_stream_do_not_pass_for_acknowledgements_of_what_was_lost(
    database: Database, own_redis_server: Any
):
    """The tail is lost, a newer entry is acknowledged, and all that before the relay has noticed the restart."""
    redis = connect_redis(own_redis_server.url)
    lost = fact()
    await publish(database, redis, lost)
    epoch = await redis.get(epoch_key(TOPIC))
    own_redis_server.lose_everything()
    await redis.set(epoch_key(TOPIC), epoch)  # the marker was old enough to survive, the entry was not
    await redis.xadd(KEY, {"id": "newer"})
    await _acknowledge(redis, 1)
    await Retention("gateway", database, redis).trim(TOPIC)
    assert await Relay("gateway", database, redis).sweep(grace_seconds=0) == 1
    assert str(lost.event_id) in await _entries(redis)
    await redis.aclose()


async def test_a_late_mark_of_an_old_epoch_is_refused(database: Database, redis: Redis):
    relay = Relay("gateway", database, redis)
    await relay.prepare()
    event = fact()
    await emit(database, event)
    records = [OutboxRecord.of(event, None)]
    old = await Publisher(redis).publish(records)
    await redis.flushall()
    await relay.prepare()  # notices the new epoch
    assert await database.transact(relay._mark, old) == 0
    assert await column(database, MARKED) == []
    new = await Publisher(redis).publish(records)
    assert await database.transact(relay._mark, new) == 1
    assert await column(database, MARKED) == [event.event_id]


async def test_a_mark_never_moves_an_event_that_is_marked_already(database: Database, redis: Redis):
    event = fact()
    await publish(database, redis, event)
    place = await column(database, "SELECT entry_ms FROM outbox")
    again = await Publisher(redis).publish([OutboxRecord.of(event, None)])
    assert await database.transact(Relay("gateway", database, redis)._mark, again) == 0
    assert await column(database, "SELECT entry_ms FROM outbox") == place


async def test_the_queue_is_bounded_and_the_sweep_takes_what_did_not_fit(database: Database, redis: Redis):
    relay = Relay("gateway", database, redis)
    await relay.prepare()
    filler = OutboxRecord(new_id(), TOPIC, "job.cancel_requested", "{}", None)
    relay.hand_over([filler] * QUEUE_MAX)
    database.courier = relay
    event = fact()
    await emit(database, event)
    assert len(relay._queue) == QUEUE_MAX
    assert await relay.sweep(grace_seconds=0) == 1
    assert await _entries(redis) == _ids([event])


async def test_two_sweepers_share_the_work(database: Database, redis: Redis):
    await emit(database, *[fact() for _ in range(1200)])
    relays = [Relay("gateway", database, redis) for _ in range(2)]
    await relays[0].prepare()
    counts = await asyncio.gather(*(relay.sweep(grace_seconds=0) for relay in relays))
    assert sum(counts) == 1200 == await redis.xlen(KEY)


async def test_two_relays_that_notice_a_restart_together_lose_nothing(database: Database, own_redis_server: Any):
    redis = connect_redis(own_redis_server.url)
    events = [fact() for _ in range(5)]
    await publish(database, redis, *events)
    own_redis_server.lose_everything()
    relays = [Relay("gateway", database, redis) for _ in range(3)]
    for _ in range(2):
        await asyncio.gather(*(relay.sweep(grace_seconds=0) for relay in relays))
    assert set(await _entries(redis)) == set(_ids(events))
    assert await _all_marked(database, 5)
    await redis.aclose()

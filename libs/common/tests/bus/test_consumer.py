"""At least once in, exactly once in effect: duplicates, deaths, poison, and outages."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis

from common.bus import dead_letters
from common.bus.consumer import BUSY_EVENTS, Consumer
from common.bus.handlers import Handlers, Received
from common.bus.publisher import Publisher
from common.bus.relay import Relay
from common.clock import now
from common.db.database import Database
from common.db.outbox_record import OutboxRecord
from common.db.unit_of_work import UnitOfWork
from common.events.envelope import Event
from common.events.jobs import JobCancelRequested, JobSpec, JobSubmitted
from common.ids import new_id
from common.redis_client import connect_redis

from ..harness import GROUP, KEY, QUICK, Cable, column, consumer, eventually, fact, kill, pending, publish, running

INSERT = "INSERT INTO effects (note, member) VALUES (:note, :member)"
EFFECTS = "SELECT note FROM effects ORDER BY effect_id"


def recording(member: str = "one", *, poison: Sequence[UUID] = ()) -> Handlers:
    """One effect for each event; poisoned ones raise."""
    handlers = Handlers()

    async def record(event: JobCancelRequested, uow: UnitOfWork) -> None:
        await uow.execute(INSERT, {"note": event.job_id, "member": member})
        if event.job_id in poison:
            raise LookupError("poisoned")

    handlers.on(JobCancelRequested, record)
    return handlers


def notes(events: Sequence[JobCancelRequested]) -> list[UUID]:
    return [event.job_id for event in events]


async def settled(redis: Redis, count: int, group: str = GROUP) -> bool:
    """Whether the group has read `count` entries and acknowledged all."""
    groups = [item for item in await redis.xinfo_groups(KEY) if item["name"] == group.encode()]
    return bool(groups) and groups[0]["entries-read"] == count and groups[0]["pending"] == 0


async def append(redis: Redis, *events: Event) -> None:
    await Publisher(redis).publish([OutboxRecord.of(event, None) for event in events])


async def test_each_event_has_its_effect_once_and_is_acknowledged(reading_database: Database, redis: Redis):
    events = [fact() for _ in range(150)]  # several batches
    await append(redis, *events)
    async with running(consumer(reading_database, redis, recording()).run):
        await eventually(lambda: settled(redis, 150))
    assert await column(reading_database, EFFECTS) == notes(events)
    assert await column(reading_database, "SELECT count(*) FROM inbox") == [150]


async def test_duplicates_have_one_effect_within_a_batch_and_across_batches(reading_database: Database, redis: Redis):
    events = [fact() for _ in range(10)]
    await append(redis, *events, *events, events[3])
    async with running(consumer(reading_database, redis, recording()).run):
        await eventually(lambda: settled(redis, 21))
        await append(redis, *events)
        await eventually(lambda: settled(redis, 31))
    assert await column(reading_database, EFFECTS) == notes(events)


async def test_two_members_share_the_work_and_duplicates_still_have_one_effect(
    reading_database: Database, redis: Redis
):
    events = [fact() for _ in range(120)]
    await append(redis, *[event for event in events for _ in range(3)])
    members = [consumer(reading_database, redis, recording(name), name=name) for name in ("one", "two")]
    async with running(*(member.run for member in members), *(member.run_reclaim for member in members)):
        await eventually(lambda: settled(redis, 360))
    assert sorted(await column(reading_database, EFFECTS)) == sorted(notes(events))


async def test_a_restarted_member_first_finishes_what_it_had_read(reading_database: Database, redis: Redis):
    old, new = [fact() for _ in range(3)], [fact() for _ in range(3)]
    await append(redis, *old)
    await redis.xgroup_create(KEY, GROUP, id="0")
    await redis.xreadgroup(GROUP, "one", {KEY: ">"}, count=3)  # the former life read these and died
    await append(redis, *new)
    async with running(consumer(reading_database, redis, recording()).run):
        await eventually(lambda: settled(redis, 6))
    assert await column(reading_database, EFFECTS) == notes([*old, *new])


async def test_what_a_dead_member_left_is_taken_over(reading_database: Database, redis: Redis):
    events = [fact() for _ in range(5)]
    await append(redis, *events)
    await redis.xgroup_create(KEY, GROUP, id="0")
    await redis.xreadgroup(GROUP, "dead", {KEY: ">"}, count=5)
    heir = consumer(reading_database, redis, recording("heir"), name="heir")
    async with running(heir.run, heir.run_reclaim):
        await asyncio.sleep(0.05)
        assert await column(reading_database, EFFECTS) == []  # it might still be alive
        await eventually(lambda: settled(redis, 5))
    assert sorted(await column(reading_database, EFFECTS)) == sorted(notes(events))
    assert await column(reading_database, "SELECT DISTINCT member FROM effects") == ["heir"]


async def test_a_death_between_commit_and_acknowledgement_is_redelivered_and_skipped(
    reading_database: Database, redis: Redis, monkeypatch: pytest.MonkeyPatch
):
    events = [fact() for _ in range(4)]
    await append(redis, *events)
    first = consumer(reading_database, redis, recording("first"))
    reached = asyncio.Event()

    async def hang(*_: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(redis, "xack", hang)
        async with running(first.run) as [life]:
            await reached.wait()
            await kill(life)
    assert await pending(redis) == 4
    assert await column(reading_database, EFFECTS) == notes(events)
    async with running(consumer(reading_database, redis, recording("second")).run):
        await eventually(lambda: settled(redis, 4))
    assert await column(reading_database, EFFECTS) == notes(events)


async def test_a_death_before_the_commit_leaves_no_effect_and_is_redelivered(reading_database: Database, redis: Redis):
    event = fact()
    await append(redis, event)
    reached = asyncio.Event()
    handlers = Handlers()

    async def hang(received: JobCancelRequested, uow: UnitOfWork) -> None:
        await uow.execute(INSERT, {"note": received.job_id, "member": "first"})
        reached.set()
        await asyncio.Event().wait()

    handlers.on(JobCancelRequested, hang)
    async with running(consumer(reading_database, redis, handlers).run) as [life]:
        await reached.wait()
        await kill(life)
    assert await column(reading_database, EFFECTS) == []
    async with running(consumer(reading_database, redis, recording()).run):
        await eventually(lambda: settled(redis, 1))
    assert await column(reading_database, EFFECTS) == [event.job_id]


async def test_a_poisoned_event_stops_nobody_and_ends_among_the_dead_letters(reading_database: Database, redis: Redis):
    patient = replace(QUICK, claim_idle_seconds=0.5, claim_idle_seconds_max=2.0)
    events = [fact() for _ in range(9)]
    poisoned = events[4]
    calls: list[float] = []
    handlers = Handlers()

    async def record(event: JobCancelRequested, uow: UnitOfWork) -> None:
        await uow.execute(INSERT, {"note": event.job_id, "member": "one"})
        if event.job_id == poisoned.job_id:
            calls.append(asyncio.get_running_loop().time())
            raise LookupError("poisoned")

    handlers.on(JobCancelRequested, record)
    await append(redis, *events)
    member = consumer(reading_database, redis, handlers, limits=patient)
    async with running(member.run, member.run_reclaim):
        healthy = notes([event for event in events if event is not poisoned])
        await eventually(lambda: _effects_are(reading_database, healthy))
        assert await pending(redis) >= 1
        await eventually(lambda: settled(redis, 9))
    assert await column(reading_database, "SELECT body FROM dead_letters") == [poisoned.to_json()]
    assert await column(reading_database, "SELECT attempts FROM dead_letters") == [QUICK.attempts_max]
    assert "poisoned" in (await column(reading_database, "SELECT error FROM dead_letters"))[0]
    # in the batch, alone right after, then once for each further delivery, each time later
    assert len(calls) == QUICK.attempts_max + 1
    assert calls[3] - calls[2] >= patient.claim_idle_seconds * 1.5
    assert poisoned.event_id not in await column(reading_database, "SELECT event_id FROM inbox")


async def test_an_event_that_looks_like_an_outage_for_ever_stops_nobody_either(
    reading_database: Database, redis: Redis
):
    """A statement that always times out is no outage while the database answers others."""
    events = [fact() for _ in range(3)]
    stuck = events[1]
    handlers = Handlers()

    async def record(event: JobCancelRequested, uow: UnitOfWork) -> None:
        if event.job_id == stuck.job_id:
            raise TimeoutError("the statement took too long")
        await uow.execute(INSERT, {"note": event.job_id, "member": "one"})

    handlers.on(JobCancelRequested, record)
    await append(redis, *events)
    quick = replace(QUICK, outage_tries_max=1, outage_pause_seconds=0.01, claim_idle_seconds=0.2)
    member = consumer(reading_database, redis, handlers, limits=quick)
    async with running(member.run, member.run_reclaim):
        healthy = notes([event for event in events if event is not stuck])
        await eventually(lambda: _effects_are(reading_database, healthy))
        await eventually(lambda: settled(redis, 3))
    assert await column(reading_database, "SELECT body FROM dead_letters") == [stuck.to_json()]


async def _effects_are(database: Database, wanted: list[UUID]) -> bool:
    return bool(await column(database, EFFECTS) == wanted)


async def test_a_replayed_dead_letter_is_handled_where_it_failed_and_passed_over_elsewhere(
    database: Database, reading_database: Database, redis: Redis
):
    event = fact()
    await append(redis, event)
    failing = consumer(reading_database, redis, recording(poison=[event.job_id]))
    other = consumer(database, redis, recording(), group="notifier")
    async with running(failing.run, failing.run_reclaim, other.run):
        await eventually(lambda: column(reading_database, "SELECT 1 FROM dead_letters"))
    letters = await column(reading_database, "SELECT dead_letter_id FROM dead_letters")
    assert await dead_letters.replay(reading_database, redis, [*letters, new_id()]) == 1
    assert await dead_letters.replay(reading_database, redis, letters) == 0
    async with running(
        consumer(reading_database, redis, recording()).run,
        consumer(database, redis, recording(), group="notifier").run,
    ):
        await eventually(lambda: settled(redis, 2))
        await eventually(lambda: settled(redis, 2, "notifier"))
    assert await column(reading_database, EFFECTS) == [event.job_id]
    assert await column(database, EFFECTS) == [event.job_id]


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "job.cancel_requested", "body": "{}"},
        {"type": "job.cancel_requested", "body": "no json"},
        {"type": "job.cancel_requested", "body": b"\xff\xfe\x00"},
        {"type": "job.cancel_requested", "body": "nul \x00 inside"},
        {"type": "job.cancel_requested"},
        {"body": "{}"},
        {"nonsense": "1"},
    ],
)
async def test_an_entry_that_cannot_be_read_is_buried_and_the_rest_goes_on(
    reading_database: Database, redis: Redis, fields: dict[Any, Any]
):
    before, after = fact(), fact()
    await append(redis, before)
    entry_id = await redis.xadd(KEY, fields)
    await append(redis, after)
    async with running(consumer(reading_database, redis, recording()).run):
        await eventually(lambda: settled(redis, 3))
    assert await column(reading_database, EFFECTS) == notes([before, after])
    assert await column(reading_database, "SELECT entry_id FROM dead_letters") == [entry_id.decode()]


async def test_types_from_a_newer_release_and_types_without_a_handler_are_passed_over(
    reading_database: Database, redis: Redis
):
    event = fact()
    await redis.xadd(KEY, {"type": "job.teleported", "body": json.dumps({"speed": "c"})})
    await redis.xadd(KEY, {"type": "job.submitted", "body": "not even looked at"})
    await append(redis, event)
    async with running(consumer(reading_database, redis, recording()).run):
        await eventually(lambda: settled(redis, 3))
    assert await column(reading_database, EFFECTS) == [event.job_id]
    assert await column(reading_database, "SELECT count(*) FROM dead_letters") == [0]


async def test_after_flushall_the_group_is_made_again_and_what_is_published_again_is_read_from_its_start(
    database: Database, reading_database: Database, redis: Redis
):
    first, second = [fact() for _ in range(3)], [fact() for _ in range(2)]
    await publish(database, redis, *first)
    async with running(consumer(reading_database, redis, recording()).run):
        await eventually(lambda: settled(redis, 3))
        await redis.flushall()
        await publish_again(database, redis, 3)
        await append(redis, *second)
        await eventually(lambda: settled(redis, 5))
    assert await column(reading_database, EFFECTS) == notes([*first, *second])


async def publish_again(database: Database, redis: Redis, count: int) -> None:
    assert await Relay("gateway", database, redis).sweep(grace_seconds=0) == count


async def test_flushall_while_nothing_is_there_to_read(reading_database: Database, redis: Redis):
    async with running(consumer(reading_database, redis, recording()).run):
        for _ in range(3):
            await asyncio.sleep(0.06)
            await redis.flushall()
        event = fact()
        await append(redis, event)
        await eventually(lambda: settled(redis, 1))
    assert await column(reading_database, EFFECTS) == [event.job_id]


async def test_while_the_database_is_away_the_same_batch_is_tried_until_it_succeeds(
    cable: Cable, database: Database, redis: Redis, open_database: Callable[..., Database]
):
    through_cable = open_database(cable.url, pool_size=3)
    before, during = [fact() for _ in range(3)], [fact() for _ in range(10)]
    await append(redis, *before)
    member = consumer(through_cable, redis, recording())
    async with running(member.run, member.run_reclaim):
        await eventually(lambda: settled(redis, 3))
        await cable.pull()
        await append(redis, *during)
        await eventually(lambda: _is_pending(redis, 10))
        await asyncio.sleep(0.5)
        assert await pending(redis) == 10
        await cable.plug()
        await eventually(lambda: settled(redis, 13))
    assert sorted(await column(database, EFFECTS)) == sorted(notes([*before, *during]))
    assert await column(database, "SELECT count(*) FROM dead_letters") == [0]


async def _is_pending(redis: Redis, wanted: int) -> bool:
    return await pending(redis) == wanted


async def test_a_commit_whose_answer_is_lost_has_one_effect(
    cable: Cable, database: Database, redis: Redis, open_database: Callable[..., Database]
):
    through_cable = open_database(cable.url)
    await through_cable.check()
    events = [fact() for _ in range(3)]
    await append(redis, *events)
    cable.cut_after_commit = True
    async with running(consumer(through_cable, redis, recording()).run):
        await eventually(lambda: settled(redis, 3))
    assert cable.cut_after_commit is False
    assert await column(database, EFFECTS) == notes(events)


async def test_while_redis_is_away_the_consumer_waits_and_then_goes_on(
    reading_database: Database, own_redis_server: Any
):
    redis = connect_redis(own_redis_server.url)
    first, second = fact(), fact()
    member = consumer(reading_database, redis, recording())
    await append(redis, first)
    async with running(member.run, member.run_reclaim):
        await eventually(lambda: _effects_are(reading_database, [first.job_id]))
        own_redis_server.stop()
        await asyncio.sleep(0.3)
        own_redis_server.start()
        await append(redis, second)
        await eventually(lambda: _effects_are(reading_database, [first.job_id, second.job_id]))
    await redis.aclose()


async def test_a_lost_acknowledgement_is_made_good(
    reading_database: Database, redis: Redis, monkeypatch: pytest.MonkeyPatch
):
    real, calls = redis.xack, 0

    async def flaky(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ConnectionResetError
        return await real(*arguments)

    monkeypatch.setattr(redis, "xack", flaky)
    event = fact()
    await append(redis, event)
    member = consumer(reading_database, redis, recording())
    async with running(member.run, member.run_reclaim):
        await eventually(lambda: settled(redis, 1))
    assert calls == 2
    assert await column(reading_database, EFFECTS) == [event.job_id]


async def test_what_a_handler_says_commits_with_its_effect_or_not_at_all(reading_database: Database, redis: Redis):
    good, bad = fact(), fact()
    handlers = Handlers()

    async def answer(event: JobCancelRequested, uow: UnitOfWork) -> None:
        uow.emit(fact(event.job_id))
        if event is not good and event.job_id == bad.job_id:
            raise LookupError("poisoned")

    handlers.on(JobCancelRequested, answer)
    await append(redis, good, bad)
    member = consumer(reading_database, redis, handlers)
    async with running(member.run, member.run_reclaim):
        await eventually(lambda: settled(redis, 2))
    bodies = await column(reading_database, "SELECT body FROM outbox")
    assert [json.loads(body)["job_id"] for body in bodies] == [str(good.job_id)]


async def test_a_batch_handler_gets_neighbours_together_and_a_failing_batch_falls_apart_into_single_events(
    reading_database: Database, redis: Redis
):
    events = [fact() for _ in range(6)]
    batches: list[int] = []
    handlers = Handlers()

    async def record(batch: Sequence[Received[JobCancelRequested]], uow: UnitOfWork) -> None:
        batches.append(len(batch))
        for received in batch:
            await uow.execute(INSERT, {"note": received.event.job_id, "member": "one"})
        if any(received.event.job_id == events[2].job_id for received in batch):
            raise LookupError("poisoned")

    handlers.on_batch(JobCancelRequested, record)
    await append(redis, *events)
    member = consumer(reading_database, redis, handlers)
    async with running(member.run, member.run_reclaim):
        await eventually(lambda: settled(redis, 6))
    assert batches[:7] == [6, 1, 1, 1, 1, 1, 1]
    assert await column(reading_database, EFFECTS) == notes([*events[:2], *events[3:]])
    assert len(await column(reading_database, "SELECT 1 FROM dead_letters")) == 1


async def test_a_batch_handler_of_two_types_gets_both_together_in_order(reading_database: Database, redis: Redis):
    account_id = new_id()
    spec = JobSpec(job_id=new_id(), kind="k", job_class="image", price_credits=0, input={}, deadline_at=now())
    mixed: list[Event] = [fact(), JobSubmitted(account_id=account_id, job=spec), fact(), fact()]
    seen: list[list[Event]] = []
    handlers = Handlers()

    async def record(batch: Sequence[Received[Event]], uow: UnitOfWork) -> None:
        seen.append([received.event for received in batch])

    handlers.on_batch(JobCancelRequested, record)
    handlers.on_batch(JobSubmitted, record)
    await append(redis, *mixed)
    async with running(consumer(reading_database, redis, handlers).run):
        await eventually(lambda: settled(redis, 4))
    assert seen == [mixed]


def test_a_type_has_one_handler_of_batches_that_was_there_first():
    handlers = recording()

    async def batch(_events: Sequence[Received[JobCancelRequested]], _uow: UnitOfWork) -> None: ...

    with pytest.raises(ValueError, match=r"job\.cancel_requested has a handler already"):
        handlers.on_batch(JobCancelRequested, batch)
    assert handlers.handles(JobCancelRequested)
    assert not handlers.handles(JobSubmitted)


@pytest.mark.parametrize("first", ["alone", "by batches"])
async def test_a_further_handler_of_a_type_comes_after_the_first(reading_database: Database, redis: Redis, first: str):
    calls: list[tuple[str, UUID]] = []
    handlers = Handlers()

    async def one(event: JobCancelRequested, _uow: UnitOfWork) -> None:
        calls.append(("first", event.event_id))

    async def many(batch: Sequence[Received[JobCancelRequested]], uow: UnitOfWork) -> None:
        for received in batch:
            await one(received.event, uow)

    async def then(event: JobCancelRequested, _uow: UnitOfWork) -> None:
        calls.append(("then", event.event_id))

    if first == "alone":
        handlers.on(JobCancelRequested, one)
    else:
        handlers.on_batch(JobCancelRequested, many)
    handlers.on(JobCancelRequested, then)
    event = fact()
    await append(redis, event)
    async with running(consumer(reading_database, redis, handlers).run):
        await eventually(lambda: settled(redis, 1))
    assert calls == [("first", event.event_id), ("then", event.event_id)]


@pytest.mark.parametrize(("events", "seconds"), [(BUSY_EVENTS - 1, 0.1), (BUSY_EVENTS, 2.0)])
async def test_after_a_busy_batch_the_next_one_waits_longer(
    reading_database: Database, redis: Redis, events: int, seconds: float
):
    begun_at: list[float] = []
    handlers = Handlers()

    async def note(_batch: Sequence[Received[JobCancelRequested]], _uow: UnitOfWork) -> None:
        begun_at.append(asyncio.get_running_loop().time())

    handlers.on_batch(JobCancelRequested, note)
    limits = replace(QUICK, pace_seconds=0.1, busy_pace_seconds=2.0)
    await append(redis, *[fact() for _ in range(events)])
    async with running(consumer(reading_database, redis, handlers, limits=limits).run):
        await eventually(lambda: settled(redis, events))
        await append(redis, fact())
        await eventually(lambda: settled(redis, events + 1))
    first, second = begun_at
    assert seconds - 0.09 < second - first  # the pace counts from the reading, before the handler
    assert events >= BUSY_EVENTS or second - first < 1.8


async def test_reclaiming_without_a_group_makes_one(reading_database: Database, redis: Redis):
    member: Consumer = consumer(reading_database, redis, recording())
    async with running(member.run_reclaim):
        await eventually(lambda: redis.exists(KEY))
    assert [item["name"] for item in await redis.xinfo_groups(KEY)] == [GROUP.encode()]

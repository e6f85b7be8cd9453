"""Places are told as they change, not too often, by one of several tellers, and cost one read a turn."""

import pytest
from redis.asyncio import Redis

from common.db.database import Database
from common.figures import PLACES_CHANNEL, Place, decode_places, encode_places, places_key
from common.redis_client import connect_redis
from generation.runs import places as module
from generation.runs.places import Places
from generation.runs.waits import Duration, Figures

from ..stage import change, claim_next, enqueue, paid

FIGURES = Figures({"rehearsal": Duration(4.0, 10.0)}, {}, {"image": 2})


class Hearer:
    """Somebody subscribed."""

    def __init__(self, redis: Redis) -> None:
        self._pubsub = redis.pubsub(ignore_subscribe_messages=True)

    async def __aenter__(self) -> "Hearer":
        await self._pubsub.subscribe(PLACES_CHANNEL)
        await self._pubsub.get_message(timeout=1)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._pubsub.aclose()  # type: ignore[no-untyped-call]

    async def heard(self) -> list[Place]:
        found: list[Place] = []
        while (message := await self._pubsub.get_message(timeout=0.1)) is not None:
            found += decode_places(message["data"])
        return found


async def test_tells_who_moved_and_shows_where_all_stand(
    database: Database, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.0)
    events = [paid(kind="rehearsal") for _ in range(4)]
    await enqueue(database, *events)
    places = Places(database, redis)
    async with Hearer(redis) as hearer:
        await places.tell(FIGURES, ["image", "text"])
        first = await hearer.heard()
        assert [place.position for place in first] == [0, 1, 2, 3]
        assert {place.job_id for place in first} == {event.job.job_id for event in events}
        assert {place.account_id for place in first} == {event.account_id for event in events}
        assert (first[3].start_seconds_p50, first[3].start_seconds_p90) == (4.0, 10.0)

        await places.tell(FIGURES, ["image", "text"])
        assert await hearer.heard() == [], "nothing has moved"

        run = await claim_next(database)
        assert run is not None
        await change(database, first[3].job_id, "not_before = now() + interval '1 hour'")
        await places.tell(FIGURES, ["image"])
        moved = await hearer.heard()
        assert [(place.job_id, place.position) for place in moved] == [(first[1].job_id, 0), (first[2].job_id, 1)]

        assert decode_places(await redis.get(places_key())) == moved
        assert 0 < await redis.ttl(places_key()) <= 10

        monkeypatch.setattr(module, "PAUSE_SECONDS", 60.0)
        await claim_next(database)
        await places.tell(FIGURES, ["image"])
        assert await hearer.heard() == [], "a word on the same run was said just now"
        await places.tell(FIGURES, [])
        assert decode_places(await redis.get(places_key())) == []


async def test_of_two_tellers_one_tells_and_without_redis_nobody_minds(database: Database, redis: Redis) -> None:
    await enqueue(database, paid())
    async with Hearer(redis) as hearer:
        for places in (first := Places(database, redis), Places(database, redis), first):
            await places.tell(FIGURES, ["image"])
        assert len(await hearer.heard()) == 1

    away = connect_redis("redis://127.0.0.1:1/0")
    await Places(database, away).tell(FIGURES, ["image"])
    await away.connection_pool.disconnect()


def test_far_behind_some_steps_are_not_news() -> None:
    assert [module._coarse(position) for position in (0, 99, 100, 109, 249, 250, 299, 300, 5000)] == [
        0, 99, 100, 100, 240, 250, 250, 300, 5000,
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["{}", "7", '[["x"]]', '[["", "", 1, 2, 3, 4, 5]]', "nonsense", "[[1,2,3,4,5,6,7]]"])
def test_what_is_no_text_of_places_is_refused(text: str) -> None:
    if text == "{}":
        assert decode_places(text) == []
        return
    with pytest.raises(ValueError):  # noqa: PT011 - of whatever kind
        decode_places(text)


def test_a_text_of_places_is_read_as_it_was_written() -> None:
    event = paid()
    place = Place(event.account_id, event.job.job_id, 3, 1.0, 2.0, 3.0, 4.5)
    assert decode_places(encode_places([place])) == [place]

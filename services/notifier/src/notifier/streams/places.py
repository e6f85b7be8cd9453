"""Passes the places of waiting jobs on to the streams that are open in this process; whoever is away misses nothing."""

import asyncio

import structlog
from redis.asyncio import Redis

from common.figures import PLACES_CHANNEL, Place, decode_places
from common.ids import to_text
from notifier.feed.messages import PositionNotice, WaitEstimate
from notifier.streams.frames import notice_frame
from notifier.streams.hub import Hub

log = structlog.get_logger(__name__)

LISTEN_SECONDS = 1.0
READ_SECONDS_MAX = 5.0


class Places:
    """Hears of places by Redis."""

    def __init__(self, hub: Hub, redis: Redis) -> None:
        self._hub = hub
        self._redis = redis

    async def run(self) -> None:
        """Pass on what generation tells. Raises when Redis is away, to be started again."""
        async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
            async with asyncio.timeout(READ_SECONDS_MAX):
                await pubsub.subscribe(PLACES_CHANNEL)
            while True:
                async with asyncio.timeout(READ_SECONDS_MAX):
                    message = await pubsub.get_message(timeout=LISTEN_SECONDS)
                if message is not None:
                    self.receive(message["data"])

    def receive(self, data: bytes) -> None:
        """Take one message; one that makes no sense is passed over."""
        try:
            places = decode_places(data)
        except ValueError as error:
            log.warning("places_unreadable", error=repr(error)[:200])
            return
        watched = self._hub.watched()
        for place in places:
            if place.account_id in watched:
                self._hub.whisper(place.account_id, place.job_id, _frame(place))


def _frame(place: Place) -> bytes:
    wait = WaitEstimate(
        start_seconds_p50=place.start_seconds_p50,
        start_seconds_p90=place.start_seconds_p90,
        duration_seconds_p50=place.duration_seconds_p50,
        duration_seconds_p90=place.duration_seconds_p90,
    )
    notice = PositionNotice(job_id=to_text("job", place.job_id), position=place.position, wait=wait)
    return notice_frame("job.position", notice)

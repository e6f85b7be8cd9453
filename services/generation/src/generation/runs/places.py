"""The places of waiting runs, told as they change: to streams that are open now, and to whoever reads a job.

Nothing of it is kept: a place lasts for seconds, and a log of them would be larger than all else together.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from uuid import UUID, uuid4

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text

from common.db.database import Database
from common.figures import PLACES_CHANNEL, PLACES_TTL_SECONDS, Place, encode_places, places_key
from generation.runs.positions import POSITION_MAX
from generation.runs.waits import Figures

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 2.0
"""Between two words on the same run."""
SHOWN_MAX = 250
"""So many of a class are shown where they stand to whoever reads them."""
COARSE = ((100, 1), (250, 10), (POSITION_MAX, 50))
"""Up to which place it is told how exactly."""
MESSAGE_MAX = 200
REDIS_SECONDS_MAX = 2.0
TELLER_KEY = "atelier:{places}:teller"
TELLER_SECONDS = 5

_WAITING = text(
    """
    SELECT class.name AS job_class, ahead.* FROM unnest(CAST(:classes AS text[])) AS class (name)
    CROSS JOIN LATERAL (
        SELECT job_id, account_id, kind, row_number() OVER (ORDER BY virtual_finish, job_id) - 1 AS position
        FROM (
            SELECT job_id, account_id, kind, virtual_finish FROM runs
            WHERE job_class = class.name AND state = 'queued' AND not_before <= now()
            ORDER BY virtual_finish, job_id LIMIT :most
        ) AS head
    ) AS ahead
    """
)


class Places:
    """Tells of places in turns. Of several processes one does, as long as it lives."""

    def __init__(self, database: Database, redis: Redis) -> None:
        self._database = database
        self._redis = redis
        self._name = uuid4().hex
        self._told: dict[UUID, tuple[int, float]] = {}

    async def tell(self, figures: Figures, classes: Sequence[str]) -> None:
        """One turn: the moved are published, the first of each class of `classes` are kept for readers."""
        try:
            async with asyncio.timeout(REDIS_SECONDS_MAX):
                if not await self._is_teller():
                    self._told.clear()
                    return
            standing = await self._standing(figures, classes) if classes else []
            async with asyncio.timeout(REDIS_SECONDS_MAX):
                shown = encode_places(place for place in standing if place.position < SHOWN_MAX)
                await self._redis.set(places_key(), shown, ex=PLACES_TTL_SECONDS)
                moved = self._moved(standing)
                for start in range(0, len(moved), MESSAGE_MAX):
                    await self._redis.publish(PLACES_CHANNEL, encode_places(moved[start : start + MESSAGE_MAX]))
        except (RedisError, TimeoutError, OSError) as error:
            log.warning("places_not_told", error=repr(error)[:200])

    async def _is_teller(self) -> bool:
        if await self._redis.set(TELLER_KEY, self._name, nx=True, ex=TELLER_SECONDS):
            return True
        if await self._redis.get(TELLER_KEY) != self._name.encode():
            return False
        await self._redis.expire(TELLER_KEY, TELLER_SECONDS)
        return True

    async def _standing(self, figures: Figures, classes: Sequence[str]) -> list[Place]:
        async with self._database.autocommit() as connection:
            rows = (await connection.execute(_WAITING, {"classes": list(classes), "most": POSITION_MAX})).all()
        return [
            Place(row.account_id, row.job_id, **figures.wait(row.kind, row.job_class, row.position).model_dump())
            for row in rows
        ]

    def _moved(self, standing: Iterable[Place]) -> list[Place]:
        """Those of whom there is something new to say, each not more often than every `PAUSE_SECONDS`."""
        moment, told, moved = time.monotonic(), self._told, []
        self._told = {}
        for place in standing:
            known, at = told.get(place.job_id, (-1, 0.0))
            coarse = _coarse(place.position)
            if coarse == known or (known >= 0 and moment - at < PAUSE_SECONDS):
                self._told[place.job_id] = (known, at)
            else:
                self._told[place.job_id] = (coarse, moment)
                moved.append(place)
        return moved


def _coarse(position: int) -> int:
    """The place as it is told: far behind, some steps forward are not news."""
    step = next((step for limit, step in COARSE if position < limit), COARSE[-1][1])
    return position - position % step

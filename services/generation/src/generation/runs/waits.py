"""How long a run will wait: positions, and intervals from measured durations and the slots there are.

The figures of each class are kept in Redis too, for the gateway to answer a submission with; they are hints that
live for a minute.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from redis.asyncio import Redis
from sqlalchemy import text

from common.db.database import Database
from common.events.runs import Wait
from common.figures import FIGURES_TTL_SECONDS, figures_key

SAMPLE_MAX = 200
SAMPLE_MIN = 5
DEFAULT_P50_SECONDS = 5.0
DEFAULT_P90_SECONDS = 15.0

_DURATIONS = text(
    """
    SELECT kind, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS p50,
           percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds) AS p90
    FROM (
        SELECT kind, extract(epoch FROM finished_at - started_at)::float8 AS seconds,
               row_number() OVER (PARTITION BY kind ORDER BY finished_at DESC) AS recency
        FROM runs WHERE state = 'completed' AND finished_at > now() - interval '1 day'
    ) AS recent
    WHERE recency <= :sample GROUP BY kind HAVING count(*) >= :enough
    """
)
_LOADS = text(
    """
    SELECT job_class, count(*) FILTER (WHERE waits) AS waiting, count(*) FILTER (WHERE state = 'running') AS running,
           coalesce(extract(epoch FROM now() - min(queued_at) FILTER (WHERE waits)), 0)::float8 AS oldest,
           count(*) FILTER (WHERE state = 'queued' AND NOT waits) AS put_off
    FROM (
        SELECT job_class, state, queued_at, state = 'queued' AND not_before <= now() AS waits
        FROM runs WHERE state IN ('queued', 'running')
    ) AS going GROUP BY job_class
    """
)


@dataclass(frozen=True, slots=True)
class Duration:
    """How long a kind takes, in seconds: the median, and what nine of ten stay below."""

    p50: float = DEFAULT_P50_SECONDS
    p90: float = DEFAULT_P90_SECONDS


@dataclass(frozen=True, slots=True)
class Load:
    """What a class has to do now. `oldest_seconds` is the age of what waits longest.

    `put_off` are those that no worker may have yet: after a failure, or while their provider is down.
    """

    waiting: int = 0
    running: int = 0
    oldest_seconds: float = 0.0
    put_off: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """The state of the queues at one moment."""

    durations: Mapping[str, Duration]
    loads: Mapping[str, Load]
    slots: Mapping[str, int]

    def wait(self, kind: str, job_class: str, position: int) -> Wait:
        """The expectation of a run with `position` runs of its class before it."""
        duration = self.durations.get(kind, Duration())
        slots = max(self.slots.get(job_class, 1), 1)
        running = self.loads.get(job_class, Load()).running
        rounds = max(0, position + running + 1 - slots) / slots
        return Wait(
            position=position,
            start_seconds_p50=round(rounds * duration.p50, 3),
            start_seconds_p90=round(rounds * duration.p90, 3),
            duration_seconds_p50=round(duration.p50, 3),
            duration_seconds_p90=round(duration.p90, 3),
        )


async def measure(database: Database, slots: Mapping[str, int]) -> Figures:
    """Take the figures from the runs themselves."""
    async with database.autocommit() as connection:
        durations = {
            row.kind: Duration(max(row.p50, 0.0), max(row.p90, 0.0))
            for row in await connection.execute(_DURATIONS, {"sample": SAMPLE_MAX, "enough": SAMPLE_MIN})
        }
        loads = {
            row.job_class: Load(row.waiting, row.running, row.oldest, row.put_off)
            for row in await connection.execute(_LOADS)
        }
    return Figures(durations, loads, slots)


async def publish(redis: Redis, figures: Figures) -> None:
    """Keep the figures where the gateway finds them."""
    document = json.dumps(
        {
            "durations": {kind: [item.p50, item.p90] for kind, item in figures.durations.items()},
            "loads": {name: [item.waiting, item.running] for name, item in figures.loads.items()},
            "slots": dict(figures.slots),
        }
    )
    await redis.set(figures_key(), document, ex=FIGURES_TTL_SECONDS)

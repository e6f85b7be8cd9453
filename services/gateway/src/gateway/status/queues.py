"""The queues by class: what waits, what runs, how long it takes, and whether anybody works on it.

All of it is read off the figures that generation keeps published for a minute; how old they are, their remaining life
tells.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from common.figures import FIGURES_TTL_SECONDS, figures_key
from gateway.jobs.figures import Figures
from gateway.kinds.catalogue import KindCatalogue
from gateway.status.rules import Finding

STALE_SECONDS = 10.0
"""Figures are published every second; older ones mean that generation does not work its queues."""
STALLED_SECONDS = 15.0
GENERATION = "generation"


@dataclass(frozen=True, slots=True)
class Queue:
    """One class of work. Waits are those of its slowest kind, in seconds."""

    job_class: str
    waiting: int
    running: int
    slots: int
    wait_seconds_p50: float
    wait_seconds_p90: float


class QueueWatch:
    """Looks at the figures; keeps the last it saw."""

    def __init__(self, redis: Redis, catalogue: KindCatalogue, figures: Figures) -> None:
        self._redis = redis
        self._catalogue = catalogue
        self._figures = figures
        self._idle_since: dict[str, float] = {}
        self.queues: list[Queue] = []

    async def check(self) -> Mapping[str, Finding]:
        """Generation as a whole, and each class of work.

        Raises:
            redis.RedisError: Redis does not answer.
        """
        async with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.get(figures_key())
            pipeline.pttl(figures_key())
            document, life_ms = await pipeline.execute()
        age = FIGURES_TTL_SECONDS - life_ms / 1000
        if document is None or age > STALE_SECONDS:
            told = "Has not been heard of." if document is None else f"Has not been heard of for {age:.0f} s."
            return {GENERATION: Finding("down", told)}
        self.queues = self._read(json.loads(document))
        findings = {f"{GENERATION}.{queue.job_class}": self._of(queue) for queue in self.queues}
        return {GENERATION: Finding("ok"), **findings}

    def _read(self, document: Mapping[str, Any]) -> list[Queue]:
        kinds: dict[str, list[str]] = {}
        for kind in self._catalogue.all():
            kinds.setdefault(kind.job_class, []).append(kind.name)
        return [
            self._queue(job_class, names, document)
            for job_class, names in sorted(kinds.items(), key=lambda pair: pair[0])
        ]

    def _queue(self, job_class: str, kinds: list[str], document: Mapping[str, Any]) -> Queue:
        waiting, running = document.get("loads", {}).get(job_class, (0, 0))
        waits = [self._figures.wait(kind, job_class) for kind in kinds]
        return Queue(
            job_class=job_class,
            waiting=waiting,
            running=running,
            slots=document.get("slots", {}).get(job_class, 0),
            wait_seconds_p50=max(wait["start_seconds_p50"] for wait in waits),
            wait_seconds_p90=max(wait["start_seconds_p90"] for wait in waits),
        )

    def _of(self, queue: Queue) -> Finding:
        """Work that waits while none of its class runs, for longer than a claim takes, has nobody to do it."""
        if not queue.waiting or queue.running:
            self._idle_since.pop(queue.job_class, None)
            return Finding("ok")
        idle = time.monotonic() - self._idle_since.setdefault(queue.job_class, time.monotonic())
        if idle <= STALLED_SECONDS:
            return Finding("ok")
        return Finding("down", f"Work waits and none has begun for {idle:.0f} s.")

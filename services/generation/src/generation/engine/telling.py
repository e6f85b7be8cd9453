"""Tells how far a run is: never backwards, not too often, each report with the step it comes from."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.runs import RunProgressed
from generation.runs.lease import ClaimedRun, ensure_held

PROGRESS_PAUSE_SECONDS = 0.2
FIRST_STEP = "start"


@dataclass(slots=True)
class Stretch:
    """A part of the whole way, from `start` to `end`, on which several steps go side by side."""

    start: float
    end: float
    fractions: dict[str, float] = field(default_factory=dict)

    def reached(self, step: str, fraction: float) -> float:
        """Where the run is when a step has come so far itself: all its steps weigh the same."""
        if step in self.fractions:
            self.fractions[step] = max(self.fractions[step], min(fraction, 1.0))
        return self.start + (self.end - self.start) * sum(self.fractions.values()) / len(self.fractions)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a task is: in which step, and whether others go beside it."""

    step: str
    stretch: Stretch | None = None


_START = _Place(FIRST_STEP)
_place: ContextVar[_Place] = ContextVar("place", default=_START)
"""Of the current task; every run is a task of its own."""


class Telling:
    """The reports of one run. Steps that go side by side share it."""

    def __init__(self, database: Database, run: ClaimedRun, writing: asyncio.Lock) -> None:
        self._database = database
        self._run = run
        self._writing = writing
        self._sequence = 0
        self._progress = 0.0
        self._told_at = 0.0

    def enter(self, step: str) -> None:
        """The calling task has begun a step; what it reports from now on is of that."""
        _place.set(_Place(step, _place.get().stretch))

    @contextmanager
    def beside(self, step: str, stretch: Stretch) -> Iterator[None]:
        """Within, the calling task reports how far this step is itself."""
        before = _place.set(_Place(step, stretch))
        try:
            yield
        finally:
            _place.reset(before)

    async def tell(self, fraction: float, message: str, preview_url: str | None = None) -> None:
        """Tell how far the work is (0–1). Told at most five times a second; what has something to show always is.

        Raises:
            LeaseLost: another worker has the run.
        """
        place = _place.get()
        if place.stretch is not None:
            fraction = place.stretch.reached(place.step, fraction)
        self._progress = min(max(fraction, self._progress), 1.0)
        moment = time.monotonic()
        if preview_url is None and moment - self._told_at < PROGRESS_PAUSE_SECONDS:
            return
        self._told_at = moment
        async with self._writing:
            self._sequence += 1
            await self._database.transact(self._say, self._sequence, self._progress, place.step, message, preview_url)

    def word(self, step: str, message: str) -> RunProgressed:
        """A report that is told beside the others: the run is where it was, and this is what goes on."""
        self._sequence += 1
        return self._report(self._sequence, self._progress, step, message, None)

    async def _say(
        self, uow: UnitOfWork, sequence: int, fraction: float, step: str, message: str, preview_url: str | None
    ) -> None:
        """Say it, as a new event each time: should a commit have succeeded unseen, the sequence tells the repeat."""
        await ensure_held(uow, self._run, "progress")
        uow.emit(self._report(sequence, fraction, step, message, preview_url))

    def _report(
        self, sequence: int, fraction: float, step: str, message: str, preview_url: str | None
    ) -> RunProgressed:
        return RunProgressed(
            account_id=self._run.account_id,
            job_id=self._run.job_id,
            kind=self._run.kind,
            attempt=self._run.token,
            sequence=sequence,
            progress=round(fraction, 4),
            step=step,
            message=message,
            preview_url=preview_url,
        )

"""Owns the same token buckets in this process: bounded; when all are in use the oldest goes, or nobody comes in."""

import time
from collections import OrderedDict
from collections.abc import Callable

from gateway.requests.rules import Allowance

SUBJECTS_MAX = 10_000
FULL_WAIT_SECONDS = 60.0


class LocalBuckets:
    """Buckets of up to `subjects_max` subjects.

    Args:
        closed: refuse newcomers when all buckets are in use; otherwise the longest unused is forgotten, which makes
            it full again.
    """

    def __init__(
        self, subjects_max: int = SUBJECTS_MAX, clock: Callable[[], float] = time.monotonic, *, closed: bool = False
    ) -> None:
        self._subjects_max = subjects_max
        self._clock = clock
        self._closed = closed
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, subject: str, per_minute: int) -> Allowance:
        """Take one request out of a subject's bucket, if there is one."""
        interval, now = 60.0 / per_minute, self._clock()
        if subject not in self._full_at and len(self._full_at) >= self._subjects_max and not self._make_room(now):
            return Allowance(per_minute, 0, FULL_WAIT_SECONDS, FULL_WAIT_SECONDS)
        full_at = max(self._full_at.pop(subject, now), now)
        early = full_at - now - (60.0 - interval)
        if early <= 0:
            full_at += interval
        self._full_at[subject] = full_at
        left = int((now + 60.0 - full_at) / interval + 0.001)
        return Allowance(per_minute, max(0, left), full_at - now, max(0.0, early))

    def _make_room(self, now: float) -> bool:
        """Forget the longest unused bucket, where that is permitted or it is full anyway."""
        subject, full_at = next(iter(self._full_at.items()))
        if self._closed and full_at > now:
            return False
        del self._full_at[subject]
        return True

"""Owns the same token buckets in this process while Redis is away: bounded, the longest unused forgotten first."""

import time
from collections import OrderedDict
from collections.abc import Callable

from gateway.requests.rules import Allowance

SUBJECTS_MAX = 10_000


class LocalBuckets:
    """Buckets of up to `subjects_max` subjects. One that was pushed out is full again: this bounds memory first."""

    def __init__(self, subjects_max: int = SUBJECTS_MAX, clock: Callable[[], float] = time.monotonic) -> None:
        self._subjects_max = subjects_max
        self._clock = clock
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, subject: str, per_minute: int) -> Allowance:
        """Take one request out of a subject's bucket, if there is one."""
        interval, now = 60.0 / per_minute, self._clock()
        full_at = max(self._full_at.pop(subject, now), now)
        early = full_at - now - (60.0 - interval)
        if early <= 0:
            full_at += interval
        self._full_at[subject] = full_at
        if len(self._full_at) > self._subjects_max:
            self._full_at.popitem(last=False)
        left = int((now + 60.0 - full_at) / interval + 0.001)
        return Allowance(per_minute, max(0, left), full_at - now, max(0.0, early))

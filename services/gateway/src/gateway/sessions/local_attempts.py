"""Owns counting attempts in this process while Redis is away: same rules, bounded, closed when full."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_MINUTE_SECONDS = 60.0
_HOUR_SECONDS = 3600.0
SUBJECTS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class AttemptRule:
    """How many attempts in a minute and in an hour; one more blocks the subject for `block_seconds`."""

    per_minute: int
    per_hour: int
    block_seconds: float = 900.0


@dataclass(slots=True)
class _Counts:
    minute_ends: float = 0.0
    minute: int = 0
    hour_ends: float = 0.0
    hour: int = 0
    blocked_until: float = 0.0
    forgotten_at: float = 0.0


class LocalAttempts:
    """Counts of up to `subjects_max` subjects; when all are in use, newcomers are refused."""

    def __init__(self, subjects_max: int = SUBJECTS_MAX, clock: Callable[[], float] = time.monotonic) -> None:
        self._subjects_max = subjects_max
        self._clock = clock
        self._subjects: OrderedDict[str, _Counts] = OrderedDict()

    def admit(self, subject: str, rule: AttemptRule) -> float:
        """Count one attempt: 0, or for how many seconds the subject is blocked."""
        now = self._clock()
        counts = self._subjects.get(subject)
        if counts is None:
            self._forget_lapsed(now)
            if len(self._subjects) >= self._subjects_max:
                return _MINUTE_SECONDS
            counts = self._subjects[subject] = _Counts()
        if counts.blocked_until > now:
            return counts.blocked_until - now
        _count(counts, now)
        if counts.minute > rule.per_minute or counts.hour > rule.per_hour:
            blocked_until = now + rule.block_seconds
            counts = self._subjects[subject] = _Counts(blocked_until=blocked_until)
        counts.forgotten_at = now + max(_HOUR_SECONDS, rule.block_seconds)
        self._subjects.move_to_end(subject)
        return max(0.0, counts.blocked_until - now)

    def forgive(self, subject: str) -> None:
        """Take one attempt back."""
        counts = self._subjects.get(subject)
        if counts is not None:
            counts.minute = max(0, counts.minute - 1)
            counts.hour = max(0, counts.hour - 1)

    def clear(self, subject: str) -> None:
        """Forget the subject's attempts."""
        self._subjects.pop(subject, None)

    def _forget_lapsed(self, now: float) -> None:
        # In the order of the last attempt, so what has lapsed is in front.
        while self._subjects:
            subject, counts = next(iter(self._subjects.items()))
            if counts.forgotten_at > now:
                return
            del self._subjects[subject]


def _count(counts: _Counts, now: float) -> None:
    if now >= counts.minute_ends:
        counts.minute, counts.minute_ends = 0, now + _MINUTE_SECONDS
    if now >= counts.hour_ends:
        counts.hour, counts.hour_ends = 0, now + _HOUR_SECONDS
    counts.minute += 1
    counts.hour += 1

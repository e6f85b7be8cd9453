"""How often and how patiently the router tries: limits, backoff with jitter, the time that is left."""

import asyncio
import random
from dataclasses import dataclass

_CHANCE = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Limits of the one retry loop.

    Attributes:
        tries_max: calls to one entry of the chain.
        backoff_base_seconds: pause before the second try; doubles with each, plus up to half of jitter.
        wait_max_seconds: an entry that wants a longer pause is left for the next.
        call_timeout_seconds: total time of one call.
        lost_repeats_max: further purchases after one that was, or may have been, charged and brought nothing of use.
        key_rest_seconds: rest of a key that was turned down.
    """

    tries_max: int = 3
    backoff_base_seconds: float = 1.0
    wait_max_seconds: float = 60.0
    call_timeout_seconds: float = 120.0
    lost_repeats_max: int = 1
    key_rest_seconds: float = 300.0

    def backoff_seconds(self, tries_made: int) -> float:
        """Pause after ``tries_made`` failed tries: never shorter than base x 2^(n-1)."""
        return self.backoff_base_seconds * 2.0 ** (tries_made - 1) * _CHANCE.uniform(1.0, 1.5)


class Deadline:
    """A moment on the event loop's clock by which the whole chain must be done."""

    def __init__(self, seconds: float) -> None:
        self._at = asyncio.get_running_loop().time() + seconds

    @property
    def remaining_seconds(self) -> float:
        """Time left; negative when it has passed."""
        return self._at - asyncio.get_running_loop().time()

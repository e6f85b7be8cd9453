"""Owns password hashing: argon2id on threads of its own, with a bounded queue, never on the event loop."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from common.errors import DependencyUnavailable
from gateway.users.rules import prepare_password

T = TypeVar("T")

ANSWER_SECONDS_MAX = 10.0


@dataclass(frozen=True, slots=True)
class HashingCost:
    """What one hash costs and how many may be made at a time.

    The default is argon2id with 19 MiB, 2 passes and 1 lane (OWASP's floor for small servers; RFC 9106 §4's
    second recommendation is 64 MiB, 3 passes, 4 lanes): some 30 ms, and with two threads at most 38 MiB.

    Args:
        waiting_max: how many hashes may wait for a thread; one more is answered with 503.
    """

    memory_kib: int = 19_456
    passes: int = 2
    lanes: int = 1
    threads: int = 2
    waiting_max: int = 64


class Passwords:
    """Makes and checks password hashes. Close it when the process ends."""

    def __init__(self, cost: HashingCost | None = None) -> None:
        cost = cost or HashingCost()
        self._hasher = PasswordHasher(
            time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes, type=Type.ID
        )
        self._pool = ThreadPoolExecutor(cost.threads, thread_name_prefix="argon2")
        self._pending_max = cost.threads + cost.waiting_max
        self._pending = 0
        self._lock = threading.Lock()
        # A hash nobody's password has, so that an unknown user costs what a known one does.
        self._dummy_hash = self._hasher.hash("nobody has this password", salt=b"atelier dummy sa")

    def close(self) -> None:
        """Drop what waits and let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def hash(self, password: str) -> str:
        """The PHC string of a new password.

        Raises:
            DependencyUnavailable: too many hashes are waiting.
        """
        return await self._run(self._hasher.hash, prepare_password(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the password belongs to the hash; without a hash (no such user) no, after the same work.

        Raises:
            DependencyUnavailable: too many hashes are waiting.
        """
        matches = await self._run(self._verify, password_hash or self._dummy_hash, prepare_password(password))
        return matches and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Whether the hash was made at another cost and should be made anew while the password is at hand."""
        return self._hasher.check_needs_rehash(password_hash)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, function: Callable[..., T], *args: Any) -> T:
        with self._lock:
            if self._pending >= self._pending_max:
                raise DependencyUnavailable("Too many people are signing in right now.", retry_after_seconds=1)
            self._pending += 1
        try:
            future = self._pool.submit(function, *args)
        except RuntimeError as error:  # the pool is closed: the process ends
            self._release()
            raise DependencyUnavailable(retry_after_seconds=1) from error
        future.add_done_callback(self._release)
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            raise DependencyUnavailable("Signing in takes too long right now.", retry_after_seconds=5) from error

    def _release(self, _: "Future[Any] | None" = None) -> None:
        with self._lock:
            self._pending -= 1

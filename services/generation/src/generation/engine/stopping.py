"""How a run is stopped at its owner's wish: nothing new begins, and what is being bought may come to its end."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Purchases:
    """What one step buys. Once it has begun to, the step is worth waiting for."""

    def __init__(self, stopping: "Stopping") -> None:
        self._stopping = stopping

    def begin(self) -> None:
        """A purchase is about to be made.

        Raises:
            CancelledError: the owner wants the run stopped.
        """
        self._stopping.check()
        self._stopping.worth_waiting.add(self)


class Stopping:
    """Whether the owner wants the run stopped, and which steps have bought something that is on its way."""

    def __init__(self) -> None:
        self.wanted = asyncio.Event()
        self.worth_waiting: set[Purchases] = set()
        self._changed = asyncio.Event()

    def check(self) -> None:
        """Go no further once the owner has had enough.

        Raises:
            CancelledError: so it is.
        """
        if self.wanted.is_set():
            raise asyncio.CancelledError("the owner wants the run stopped")

    @contextmanager
    def step(self) -> Iterator[Purchases]:
        """A step, from its beginning until its result is remembered.

        Raises:
            CancelledError: the owner wants the run stopped.
        """
        self.check()
        purchases = Purchases(self)
        try:
            yield purchases
        finally:
            self.worth_waiting.discard(purchases)
            self._changed.set()

    async def settled(self) -> None:
        """Wait until no step is worth waiting for."""
        while self.worth_waiting:
            self._changed.clear()
            await self._changed.wait()

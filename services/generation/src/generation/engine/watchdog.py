"""Ends a worker whose event loop is blocked: it could neither renew its leases nor hear of anything.

A thread counts its own ticks and not the clock, so that a process that was paused as a whole is not taken for one.
"""

import asyncio
import faulthandler
import os
import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

TICKS = 8
EXIT_BLOCKED = 70


def _end_process() -> None:
    faulthandler.dump_traceback(all_threads=True)
    os._exit(EXIT_BLOCKED)


class Watchdog:
    """Watches the event loop that `run` is started on."""

    def __init__(self, stuck_seconds: float, end: Callable[[], None] = _end_process) -> None:
        self._tick_seconds = stuck_seconds / TICKS
        self._end = end
        self._beats = 0

    async def run(self) -> None:
        """Show that the loop turns, until cancelled."""
        over = threading.Event()
        threading.Thread(target=self._watch, args=(over,), name="watchdog", daemon=True).start()
        try:
            while True:
                self._beats += 1
                await asyncio.sleep(self._tick_seconds / 2)
        finally:
            over.set()

    def _watch(self, over: threading.Event) -> None:
        seen, missed = self._beats, 0
        while not over.wait(self._tick_seconds):
            missed = missed + 1 if self._beats == seen else 0
            seen = self._beats
            if missed >= TICKS:
                log.error("event_loop_blocked", seconds=round(missed * self._tick_seconds, 1))
                self._end()
                return

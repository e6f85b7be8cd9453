"""Owns the life of a process: start, supervised tasks, HTTP, and a drain that always ends.

    async def main(process: Process) -> None:
        database = await process.stack.enter_async_context(open_database(...))
        process.spawn("relay", relay.run)
        await process.serve(app, settings.host, settings.port)
        await process.run_until_stopped()

    run_process("billing", load_settings(BillingSettings), main)

SIGTERM or SIGINT: readiness turns false, `before_stop` callbacks run, HTTP finishes what it has (streams end
themselves by `app.state.stopping`), tasks are cancelled, resources close in reverse. All of it within
`settings.drain_seconds`; a second signal stops waiting; a thread ends a process that still hangs after that.
"""

import asyncio
import faulthandler
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import structlog
import uvloop

from common.http.server import EmbeddedServer, ServerStartError
from common.memory import return_large_blocks, settle
from common.settings import CommonSettings, SettingsError, exit_misconfigured
from common.supervision import Factory, Supervisor
from common.telemetry.logging import configure_logging
from common.telemetry.metrics import watch_event_loop
from common.telemetry.tracing import configure_tracing

log = structlog.get_logger()

_CALLBACKS_SHARE = 0.15  # of drain_seconds, for the callbacks of before_stop
_HTTP_SHARE = 0.5
_TASKS_SHARE = 0.2  # what is left is for closing resources
_FORCED_CLOSE_SECONDS = 1.0
_HANG_MARGIN_SECONDS = 3.0
_FLUSH_SECONDS = 2.0
_EXIT_HUNG = 70


class Process:
    """What `main` works with. `stack` closes resources in reverse; `stopping` is set by the first signal."""

    def __init__(self, name: str, settings: CommonSettings, on_started: Callable[[], None] = lambda: None) -> None:
        self.name = name
        self.settings = settings
        self._on_started = on_started
        self.stack = AsyncExitStack()
        self.stopping = asyncio.Event()
        self._supervisor = Supervisor(self.stopping)
        self._servers: list[EmbeddedServer] = []
        self._states: list[Any] = []
        self._callbacks: list[Factory] = []
        self._callbacks_share = _CALLBACKS_SHARE
        self._waiting = False
        self._drained = False

    def spawn(self, name: str, factory: Factory, *, critical: bool = True) -> None:
        """Run a supervised task until the drain; see `Supervisor.spawn`."""
        self._supervisor.spawn(name, factory, critical=critical)

    def before_stop(self, callback: Factory, *, share: float = _CALLBACKS_SHARE) -> None:
        """Call `callback` when the drain starts, before HTTP stops: hand leases back, stop intake.

        Args:
            share: how much of `drain_seconds` it may take; HTTP and tasks share what it leaves.
        """
        self._callbacks.append(callback)
        self._callbacks_share = max(self._callbacks_share, share)

    async def serve(self, app: Any, host: str, port: int, *, trusted_proxies: str | None = None) -> int:
        """Serve an application beside the tasks; returns the port once it accepts connections.

        Sets `app.state.stopping` (the event), `app.state.draining` (readiness) and `app.state.failing_tasks`.

        Raises:
            ServerStartError: the address is taken or the application's lifespan raised.
        """
        state = getattr(app, "state", None)
        if state is not None:
            state.stopping = self.stopping
            state.draining = self.stopping.is_set()
            state.failing_tasks = self._supervisor.failing
            self._states.append(state)
        server = EmbeddedServer(app, host, port, trusted_proxies=trusted_proxies)
        self._servers.append(server)
        await server.start()
        log.info("http_listening", host=host, port=server.port)
        return server.port

    def request_stop(self) -> None:
        """Begin the drain, as the first signal does."""
        for state in self._states:
            state.draining = True
        self.stopping.set()

    async def run_until_stopped(self) -> None:
        """Wait for the end, then drain: HTTP first, then tasks. Resources close when `main` has returned."""
        self._waiting = True
        self._on_started()
        await self.stopping.wait()
        await self._drain()

    async def _drain(self) -> None:
        if self._drained:
            return
        self._drained = True
        total = self.settings.drain_seconds
        log.info("drain_started")
        started = asyncio.get_running_loop().time()
        await self._run_callbacks(total * self._callbacks_share)
        left = total - (asyncio.get_running_loop().time() - started)
        delay = min(self.settings.drain_delay_seconds, left * _HTTP_SHARE)
        await asyncio.sleep(delay)
        http_seconds = max(0.1, left * _HTTP_SHARE - delay)
        await asyncio.gather(*(server.stop(http_seconds) for server in self._servers))
        await self._supervisor.stop(max(0.1, left * _TASKS_SHARE))

    async def _cut(self) -> None:
        await self._supervisor.stop(_FORCED_CLOSE_SECONDS / 2)

    async def _run_callbacks(self, timeout_seconds: float) -> None:
        try:
            async with asyncio.timeout(timeout_seconds):
                results = await asyncio.gather(*(call() for call in self._callbacks), return_exceptions=True)
        except TimeoutError:
            log.error("before_stop_timed_out")  # noqa: TRY400 - the stack of a timeout tells nothing
            return
        for result in results:
            if isinstance(result, Exception):
                log.error("before_stop_failed", exc_info=result)


class _Run:
    """One execution of `main`: signals, drain, closing."""

    def __init__(self, name: str, settings: CommonSettings, main: Callable[[Process], Awaitable[None]]) -> None:
        self.name = name
        self.settings = settings
        self.main = main
        self.watchdog: threading.Timer | None = None
        self.stop_by: float | None = None  # the loop's clock
        self.forced = False

    async def run(self) -> None:
        process = Process(self.name, self.settings, on_started=settle)
        process.spawn("event-loop-lag", watch_event_loop)
        task = asyncio.ensure_future(self.main(process))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._signalled, process, task)
        try:
            await self._wait(process, task)
        finally:
            self._start_watchdog()
            process.request_stop()
            await self._close(process)

    async def _wait(self, process: Process, task: asyncio.Future[None]) -> None:
        stopping: asyncio.Future[Any] = asyncio.ensure_future(process.stopping.wait())
        await asyncio.wait([task, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not task.done() and not process._waiting:
            task.cancel()  # the signal came while main was still setting up
        try:
            await task
        except asyncio.CancelledError:
            if not process.stopping.is_set():
                raise

    async def _close(self, process: Process) -> None:
        now = asyncio.get_running_loop().time()
        left = (self.stop_by or now) - now
        try:
            async with asyncio.timeout(_FORCED_CLOSE_SECONDS if self.forced else max(_FORCED_CLOSE_SECONDS, left)):
                await (process._cut() if self.forced else process._drain())
                await process.stack.aclose()
        except TimeoutError:
            log.error("resources_did_not_close")  # noqa: TRY400
        log.info("process_stopped", forced=self.forced)

    def _signalled(self, process: Process, task: asyncio.Future[None]) -> None:
        if not process.stopping.is_set():
            self._start_watchdog()
            process.request_stop()
        elif not self.forced:
            self.forced = True
            log.warning("drain_cut_short")
            task.cancel()
        else:
            os._exit(_EXIT_HUNG)

    def _start_watchdog(self) -> None:
        if self.watchdog is None:
            self.stop_by = asyncio.get_running_loop().time() + self.settings.drain_seconds
            self.watchdog = threading.Timer(self.settings.drain_seconds + _HANG_MARGIN_SECONDS, _end_hung_process)
            self.watchdog.daemon = True
            self.watchdog.start()


def _end_hung_process() -> None:
    faulthandler.dump_traceback()
    os._exit(_EXIT_HUNG)


def run_process(name: str, settings: CommonSettings, main: Callable[[Process], Awaitable[None]]) -> None:
    """Run `main` until it returns or the process is told to stop; blocks. Call it after a fork, never before.

    Exit codes: returns after a clean end; 1 when `main` raised; 2 for a configuration that does not permit a
    start; 70 when the process had to be ended because it hung.
    """
    return_large_blocks()
    configure_logging(name, settings.log_level)
    stop_tracing = configure_tracing(name, settings)
    run = _Run(name, settings, main)
    failed = False
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run.run())
    except SettingsError as error:
        exit_misconfigured(str(error))
    except ServerStartError as error:
        log.critical("process_failed", reason=str(error))
        failed = True
    except Exception:  # the outermost frame: logged once, as JSON
        log.critical("process_failed", exc_info=True)
        failed = True
    finally:
        _flush(stop_tracing)
        if run.watchdog is not None:
            run.watchdog.cancel()
    if failed:
        raise SystemExit(1)


def _flush(stop_tracing: Callable[[], None]) -> None:
    """Give the exporter its chance, without letting an absent collector hold the exit."""
    thread = threading.Thread(target=stop_tracing, daemon=True)
    thread.start()
    thread.join(_FLUSH_SECONDS)

"""Owns the parent process: starts everything in order, restarts what dies, stops everything in reverse.

It has no thread and no event loop, for it forks; it sleeps in `select` until a signal, a child's end or the
next thing that is due.
"""

import os
import select
import signal
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from atelier_local import logs
from atelier_local.assembly import assemble
from atelier_local.children import Children, how_it_ended
from atelier_local.fork import Child
from atelier_local.home import Home, HomeError
from atelier_local.managed import Managed
from atelier_local.ports import Reservations
from atelier_local.preload import preload
from atelier_local.priority import DatabaseBackends
from atelier_local.processes import BACKGROUND, ProcessSpec
from atelier_local.state import Phase, ProcessState, RunState, write_state

LOCK_SECONDS_MAX = 15.0
SERVERS_START_SECONDS_MAX = 60.0
MIGRATION_SECONDS_MAX = 120.0
SERVICES_START_SECONDS_MAX = 120.0
_FIRST_FAILURES_MAX = 5
_HURRY_SECONDS = 1.0
_TICK_SECONDS = 0.5
_PROBE_TICK_SECONDS = 0.05
_LOG_CHECK_SECONDS = 30.0
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class StartError(RuntimeError):
    """Something did not start; the message ends with its log."""


class _StopRequestedError(Exception):
    """A signal or the parent's end came while something was being waited for."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a supervisor differs from the usual one."""

    preferred_ports: Mapping[str, int] = field(default_factory=dict)
    preload: bool = True
    """Import what services share before forking them."""
    with_parent: bool = False
    """Stop when the process that started this one has gone."""
    on_ready: Callable[[RunState], None] | None = None
    """Called once, in a child of its own that has the terminal."""


class Supervisor:
    """Runs a plan in a home until it is told to stop."""

    def __init__(
        self,
        home: Home,
        plan: list[ProcessSpec],
        caller: Mapping[str, str],
        say: Callable[[str], None],
        options: Options,
    ) -> None:
        self.home, self.plan, self.caller, self.say, self.options = home, plan, dict(caller), say, options
        self._state = RunState("starting", os.getpid(), {}, {})
        self._written: RunState | None = None
        self._stop_requests = 0
        self._parent = os.getppid()
        self._log_check_due_at = 0.0
        self._backends = DatabaseBackends(
            {f"atelier_{spec.module}" for spec in plan if spec.niceness}, niceness=BACKGROUND
        )

    def run(self) -> int:
        """Start, watch, stop. Returns the exit code: 0 after a stop that was asked for, 1 for a failed start.

        Raises:
            HomeError: the home cannot be used or is in use.
        """
        self.home.create()
        lock = self._acquire()
        self._listen()
        self._reservations = Reservations()
        kept = [lock, self._wakeup.fileno(), self._waker.fileno()]
        self._children = Children(kept, self._reservations, self.say)
        code = 1
        try:
            self._start()
            while True:
                self._turn()
        except _StopRequestedError:
            self.say("stopping")
            code = 0
        except (HomeError, StartError) as error:
            self._state.failure = str(error)
            self.say(str(error))
        finally:
            self._stop()
            self._finish(lock, failed=code != 0)
        return code

    def _acquire(self) -> int:
        deadline = time.monotonic() + LOCK_SECONDS_MAX
        while (handle := self.home.try_lock()) is None:
            if time.monotonic() > deadline:
                raise HomeError(f"already running in {self.home.path}; `make down` stops it")
            time.sleep(0.1)
        return handle

    def _listen(self) -> None:
        self._wakeup, self._waker = socket.socketpair()
        self._wakeup.setblocking(False)
        self._waker.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        for number in _STOP_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                signal.signal(number, self._on_stop_signal)

    def _on_stop_signal(self, _number: int, _frame: object) -> None:
        self._stop_requests += 1

    # Starting

    def _start(self) -> None:
        assembly = assemble(
            self.home,
            self.plan,
            self.caller,
            self._reservations,
            preferred_ports=self.options.preferred_ports,
            say=self.say,
        )
        self._state.urls, self._state.environment = assembly.urls, assembly.environment
        for server in assembly.servers:
            self._children.launch(server)
        if self.options.preload:
            if missing := preload():
                self.say(f"not installed, therefore not preloaded: {', '.join(missing)}")
            self._children.renew_guard()
        self._wait("the servers", SERVERS_START_SECONDS_MAX, self._all_ready)
        self._run_jobs(assembly.databases)
        self._run_jobs(assembly.migrations)
        for service in assembly.services:
            self._children.launch(service)
        self._wait("the services", SERVICES_START_SECONDS_MAX, self._all_ready)
        self._enter("running")
        if on_ready := self.options.on_ready:
            state = self._state
            child = Child("announce", lambda _tie: on_ready(state), self.caller, None, signal.SIGKILL)
            self._children.start_job(child)

    def _all_ready(self) -> bool:
        return all(managed.ready for managed in self._children.managed)

    def _run_jobs(self, jobs: list[Child]) -> None:
        """Run children to their end, side by side.

        Raises:
            StartError: one failed or took too long.
        """
        running = {self._children.start_job(child): child for child in jobs}
        names = ", ".join(child.name for child in jobs)
        self._wait(
            names,
            MIGRATION_SECONDS_MAX,
            lambda: all(self._children.job_code(pid) is not None for pid in running),
        )
        for pid, child in running.items():
            if code := self._children.job_code(pid):
                raise StartError(f"{child.name} {how_it_ended(code)}{_log_of(child)}")

    def _wait(self, what: str, seconds_max: float, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + seconds_max
        while not condition():
            self._turn()
            if time.monotonic() > deadline:
                late = [managed.child for managed in self._children.managed if not managed.ready]
                raise StartError(
                    f"{what} took more than {seconds_max:.0f} s{''.join(_log_of(child) for child in late)}"
                )

    # Watching

    def _turn(self) -> None:
        """Sleep until something happens, then see to it.

        Raises:
            _StopRequestedError: somebody wants an end.
            StartError: a process keeps failing before everything was ever ready.
        """
        self._sleep()
        self._children.reap(stopping=self._stop_requests > 0)
        if self._stop_requests or (self.options.with_parent and os.getppid() != self._parent):
            raise _StopRequestedError
        now = time.monotonic()
        for managed in self._children.managed:
            if managed.pid is None:
                self._start_again(managed, now)
            elif not managed.ready:
                managed.ready = managed.probe(managed.pid)
        self._backends.look(self._pid_of("postgres"))
        self._bound_logs(now)
        self._publish()

    def _sleep(self) -> None:
        waiting = any(not managed.ready for managed in self._children.managed)
        select.select([self._wakeup], [], [], _PROBE_TICK_SECONDS if waiting else _TICK_SECONDS)
        with suppress(BlockingIOError):
            while self._wakeup.recv(4096):
                pass

    def _start_again(self, managed: Managed, now: float) -> None:
        if now < managed.start_due_at:
            return
        if self._state.phase == "starting" and managed.restarts >= _FIRST_FAILURES_MAX:
            raise StartError(f"{managed.name} does not start{_log_of(managed.child)}")
        self._children.launch(managed)

    def _pid_of(self, name: str) -> int | None:
        return next((managed.pid for managed in self._children.managed if managed.name == name), None)

    def _bound_logs(self, now: float) -> None:
        if now < self._log_check_due_at:
            return
        self._log_check_due_at = now + _LOG_CHECK_SECONDS
        for managed in self._children.managed:
            if managed.child.log:
                logs.bound(managed.child.log)

    # Stopping

    def _stop(self) -> None:
        self._stop_requests = max(1, self._stop_requests)
        self._enter("stopping")
        self._reservations.close()
        self._children.kill_jobs()
        for stage in sorted({managed.stop_stage for managed in self._children.managed}):
            self._stop_together([one for one in self._children.managed if one.stop_stage == stage])

    def _stop_together(self, members: list[Managed]) -> None:
        """Signal, wait, signal harder."""
        for index in range(max(len(managed.stop_signals) for managed in members)):
            seconds_max = 0.0
            for managed in members:
                if managed.pid is not None and index < len(managed.stop_signals):
                    number, seconds = managed.stop_signals[index]
                    seconds_max = max(seconds_max, seconds)
                    os.kill(managed.pid, number)  # not reaped yet, so it is still ours
            self._wait_for_end(members, seconds_max)

    def _wait_for_end(self, members: list[Managed], seconds_max: float) -> None:
        """Wait for the end of some; a second request to stop shortens the wait."""
        began = time.monotonic()
        while any(managed.pid is not None for managed in members):
            patience = min(seconds_max, _HURRY_SECONDS) if self._stop_requests > 1 else seconds_max
            if time.monotonic() - began >= patience:
                return
            self._sleep()
            self._children.reap(stopping=True)

    def _finish(self, lock: int, *, failed: bool) -> None:
        self._children.close()
        if failed:
            self._enter("failed")
        else:
            self.home.run_file.unlink(missing_ok=True)
        signal.set_wakeup_fd(-1)
        os.close(lock)

    # Telling

    def _enter(self, phase: Phase) -> None:
        self._state.phase = phase
        self._publish()

    def _publish(self) -> None:
        self._state.processes = {
            managed.name: ProcessState(managed.pid, managed.ready, managed.restarts)
            for managed in self._children.managed
        }
        if self._state != self._written:
            write_state(self.home.run_file, self._state)
            self._written = replace(self._state)


def _log_of(child: Child) -> str:
    shown = logs.tail(child.log) if child.log else ""
    return f"\n--- the end of {child.log} ---\n{shown}" if shown else ""

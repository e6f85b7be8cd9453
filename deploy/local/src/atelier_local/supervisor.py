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
from dataclasses import dataclass, field

from atelier_local import logs
from atelier_local.assembly import Assembly, assemble
from atelier_local.fork import Child, fork_child, signal_group
from atelier_local.guard import Guard
from atelier_local.home import Home, HomeError
from atelier_local.managed import Managed
from atelier_local.ports import Reservations
from atelier_local.preload import preload
from atelier_local.processes import ProcessSpec
from atelier_local.state import Phase, ProcessState, RunState, write_state

LOCK_SECONDS_MAX = 15.0
START_SECONDS_MAX = 120.0
SERVER_START_SECONDS_MAX = 60.0
MIGRATION_SECONDS_MAX = 120.0
_FIRST_FAILURES_MAX = 5
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
    with_parent: bool = False
    """Stop when the process that started this one has gone."""
    on_ready: Callable[[RunState], None] | None = None
    """Called once in a child of its own, with the terminal."""


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
        self._managed: list[Managed] = []
        self._jobs: dict[int, str] = {}
        self._job_codes: dict[int, int] = {}
        self._reservations = Reservations()
        self._state = RunState("starting", os.getpid(), {}, {})
        self._written: RunState | None = None
        self._stop_requests = 0
        self._parent = os.getppid()
        self._log_check_due_at = 0.0
        self._lock = -1

    def run(self) -> int:
        """Start, watch, stop. Returns the exit code: 0 after a stop that was asked for, 1 when the start failed.

        Raises:
            HomeError: the home cannot be used or is in use.
        """
        self.home.create()
        self._lock = self._acquire()
        self._listen()
        self._guard = Guard()
        code = 0
        try:
            self._start()
            while True:
                self._turn()
        except _StopRequestedError:
            self.say("stopping")
        except (HomeError, StartError) as error:
            code = 1
            self._state.failure = str(error)
            self.say(str(error))
        finally:
            self._stop()
            self._finish(failed=code != 0)
        return code

    # Starting

    def _acquire(self) -> int:
        deadline = time.monotonic() + LOCK_SECONDS_MAX
        while True:
            handle = self.home.try_lock()
            if handle is not None:
                return handle
            if time.monotonic() > deadline:
                raise HomeError(f"already running in {self.home.path}; `make down` stops it")
            time.sleep(0.1)

    def _listen(self) -> None:
        self._wakeup, self._waker = socket.socketpair()
        self._wakeup.setblocking(False)
        self._waker.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        for number in _STOP_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._on_stop_signal)

    def _on_stop_signal(self, _number: int, _frame: object) -> None:
        self._stop_requests += 1

    def _start(self) -> None:
        assembly = self._assemble()
        self._state.urls, self._state.environment = assembly.urls, assembly.environment
        for server in assembly.servers:
            self._launch(server)
        missing = preload()
        if missing:
            self.say(f"not installed, therefore not preloaded: {', '.join(missing)}")
        self._wait("the servers", SERVER_START_SECONDS_MAX, lambda: all(one.ready for one in self._managed))
        self._run_jobs(assembly.databases, MIGRATION_SECONDS_MAX)
        self._run_jobs(assembly.migrations, MIGRATION_SECONDS_MAX)
        for service in assembly.services:
            self._launch(service)
        self._wait("the services", START_SECONDS_MAX, lambda: all(one.ready for one in self._managed))
        self._enter("running")
        if self.options.on_ready:
            state, on_ready = self._state, self.options.on_ready
            child = Child("announce", lambda _tie: on_ready(state), self.caller, None, signal.SIGKILL)
            self._jobs[fork_child(child, self._let_go(child))] = child.name

    def _assemble(self) -> Assembly:
        return assemble(
            self.home,
            self.plan,
            self.caller,
            self._reservations,
            preferred_ports=self.options.preferred_ports,
            say=self.say,
        )

    def _launch(self, managed: Managed) -> None:
        if managed not in self._managed:
            self._managed.append(managed)
            if managed.child.log:
                logs.bound(managed.child.log, bytes_max=logs.BYTES_MAX // 2)
        self._reservations.release(managed.ports)
        managed.started(fork_child(managed.child, self._let_go(managed.child)))

    def _let_go(self, child: Child) -> Callable[[], None]:
        """What a child does first: be known to the guard, and keep nothing of the supervisor's."""

        def in_child() -> None:
            self._guard.announce_self(child.death_signal)
            self._reservations.close()
            self._wakeup.close()
            self._waker.close()
            os.close(self._lock)

        return in_child

    def _run_jobs(self, children: list[Child], seconds_max: float) -> None:
        """Run children to their end, side by side.

        Raises:
            StartError: one failed or took too long.
        """
        running = {fork_child(child, self._let_go(child)): child for child in children}
        self._jobs |= {pid: child.name for pid, child in running.items()}
        names = ", ".join(child.name for child in children)
        self._wait(names, seconds_max, lambda: all(pid in self._job_codes for pid in running))
        for pid, child in running.items():
            if code := self._job_codes.pop(pid):
                raise StartError(f"{child.name} failed ({_how_it_ended(code)}){self._log_of(child)}")

    def _wait(self, what: str, seconds_max: float, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + seconds_max
        while not condition():
            self._turn()
            if time.monotonic() > deadline:
                late = [one for one in self._managed if not one.ready]
                shown = "".join(self._log_of(one.child) for one in late)
                raise StartError(f"{what} took more than {seconds_max:.0f} s to start{shown}")

    # Watching

    def _turn(self) -> None:
        """Sleep until something happens, then see to it.

        Raises:
            _StopRequestedError: somebody wants an end.
            StartError: a process keeps failing before it was ever ready.
        """
        self._sleep()
        self._reap()
        if self.options.with_parent and os.getppid() != self._parent:
            self._stop_requests += 1
        if self._stop_requests:
            raise _StopRequestedError
        now = time.monotonic()
        for managed in self._managed:
            if managed.pid is None and now >= managed.start_due_at:
                self._give_up_on(managed)
                self._launch(managed)
            elif managed.pid is not None and not managed.ready:
                managed.ready = managed.probe(managed.pid)
        if now >= self._log_check_due_at:
            self._log_check_due_at = now + _LOG_CHECK_SECONDS
            for managed in self._managed:
                if managed.child.log:
                    logs.bound(managed.child.log)
        self._publish()

    def _sleep(self) -> None:
        waiting = any(not managed.ready for managed in self._managed)
        with suppress(InterruptedError):
            select.select([self._wakeup], [], [], _PROBE_TICK_SECONDS if waiting else _TICK_SECONDS)
        with suppress(BlockingIOError):
            while self._wakeup.recv(4096):
                pass

    def _reap(self) -> None:
        for managed in self._managed:
            if managed.pid is not None and (code := _ended(managed.pid)) is not None:
                self._cleared(managed.pid)
                if not self._stop_requests:
                    self.say(f"{managed.name} {_how_it_ended(code)}, starting it again")
                managed.ended()
        for pid in list(self._jobs):
            if (code := _ended(pid)) is not None:
                self._cleared(pid)
                del self._jobs[pid]
                self._job_codes[pid] = code
        if _ended(self._guard.pid) is not None and not self._stop_requests:
            self._replace_guard()

    def _cleared(self, group: int) -> None:
        """A child has ended: so must what it started."""
        signal_group(group, signal.SIGKILL)
        with suppress(BrokenPipeError):  # the guard is being replaced
            self._guard.forget(group)

    def _replace_guard(self) -> None:
        self._guard = Guard()
        for managed in self._managed:
            if managed.pid is not None:
                self._guard.announce(managed.pid, managed.child.death_signal)

    def _give_up_on(self, managed: Managed) -> None:
        if self._state.phase == "starting" and managed.restarts >= _FIRST_FAILURES_MAX:
            raise StartError(f"{managed.name} does not start{self._log_of(managed.child)}")

    def _log_of(self, child: Child) -> str:
        shown = logs.tail(child.log) if child.log else ""
        return f"\n--- the end of {child.log} ---\n{shown}" if shown else ""

    # Stopping

    def _stop(self) -> None:
        requests = self._stop_requests
        self._stop_requests = max(1, requests)
        self._enter("stopping")
        self._reservations.close()
        for pid in self._jobs:
            signal_group(pid, signal.SIGKILL)
        for stage in sorted({managed.stop_stage for managed in self._managed}):
            self._stop_stage([managed for managed in self._managed if managed.stop_stage == stage])

    def _stop_stage(self, members: list[Managed]) -> None:
        """Signal, wait, signal harder; a second request to stop takes the waiting away."""
        rounds = max(len(managed.stop_signals) for managed in members)
        for index in range(rounds):
            seconds_max = 0.0
            for managed in members:
                if managed.pid is not None and index < len(managed.stop_signals):
                    number, seconds = managed.stop_signals[index]
                    seconds_max = max(seconds_max, seconds)
                    with suppress(ProcessLookupError):
                        os.kill(managed.pid, number)
            self._wait_for_end(members, seconds_max, last=index == rounds - 1)

    def _wait_for_end(self, members: list[Managed], seconds_max: float, *, last: bool) -> None:
        deadline = time.monotonic() + seconds_max
        while any(managed.pid is not None for managed in members) and time.monotonic() < deadline:
            if self._stop_requests > 1 and not last:
                return
            self._sleep()
            self._reap()

    def _finish(self, *, failed: bool) -> None:
        with suppress(ChildProcessError):  # killed by somebody: its work was done above
            self._guard.dismiss()
        if failed:
            self._enter("failed")
        else:
            self.home.run_file.unlink(missing_ok=True)
        os.close(self._lock)

    # Telling

    def _enter(self, phase: Phase) -> None:
        self._state.phase = phase
        self._publish()

    def _publish(self) -> None:
        self._state.processes = {
            managed.name: ProcessState(managed.pid, managed.ready, managed.restarts) for managed in self._managed
        }
        snapshot = RunState(
            self._state.phase,
            self._state.supervisor_pid,
            self._state.urls,
            self._state.environment,
            self._state.processes,
            self._state.failure,
        )
        if snapshot != self._written:
            write_state(self.home.run_file, snapshot)
            self._written = snapshot


def _ended(pid: int) -> int | None:
    """The exit code of a child that has ended (negative: the signal), else None."""
    try:
        found, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return None
    return os.waitstatus_to_exitcode(status) if found else None


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"

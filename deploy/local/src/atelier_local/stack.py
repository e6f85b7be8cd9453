"""Owns a running installation as seen from another process: start it, stop it, break parts of it, look at it.

    with Stack(Path("somewhere"), env_overrides={"LOG_LEVEL": "debug"}) as stack:
        stack.urls["gateway"]; stack.kill("worker"); stack.wait_ready()

The supervisor runs as a subprocess and ends when the process that started it ends, however that happens.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from atelier_local import logs, postgres
from atelier_local.home import Home
from atelier_local.processes import ProcessSpec, product, to_json
from atelier_local.state import RunState, read_state, write_private

START_SECONDS_MAX = 180.0
STOP_SECONDS_MAX = 90.0
_POLL_SECONDS = 0.05
_POSTGRES_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT, "kill": signal.SIGKILL}


class StackError(RuntimeError):
    """The installation did not do what was asked; the message ends with the supervisor's log."""


class Stack:
    """One installation in one home directory."""

    def __init__(
        self,
        home: Home | Path,
        *,
        env_overrides: Mapping[str, str] | None = None,
        processes: Iterable[str | ProcessSpec] | None = None,
        workers: int = 0,
        preferred_ports: Mapping[str, int] | None = None,
        preload: bool = True,
    ) -> None:
        """`processes` are names of the product's processes or specifications of others; None: the whole product."""
        self.home = home if isinstance(home, Home) else Home(Path(home).resolve())
        self._plan = _plan(processes, workers)
        self._overrides = dict(env_overrides or {})
        self._settings = {"preferred_ports": dict(preferred_ports or {}), "preload": preload}
        self._supervisor: subprocess.Popen[bytes] | None = None

    # Life

    def start(self, *, wait: bool = True, with_parent: bool = True) -> Self:
        """Start the supervisor, and wait until everything is ready unless told otherwise.

        Raises:
            StackError: something did not start.
        """
        self._forget_supervisor()
        self.home.create()
        self.home.run_file.unlink(missing_ok=True)
        write_private(self.home.plan_file, to_json(self._plan) | self._settings)
        log = self.home.log("supervisor")
        logs.bound(log)
        command = [sys.executable, "-m", "atelier_local", "supervise", str(self.home.plan_file)]
        with log.open("ab") as output:
            self._supervisor = subprocess.Popen(
                [*command, "--with-parent"] if with_parent else command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **self._overrides, "ATELIER_HOME": str(self.home.path)},
                start_new_session=True,
            )
        if wait:
            self.wait_ready()
        return self

    def stop(self) -> None:
        """Stop everything and wait for the end; does nothing when nothing runs.

        Raises:
            StackError: it did not end in time (it has been killed then).
        """
        state = self.state()
        if self.home.is_running() and state:
            _signal(state.supervisor_pid, signal.SIGTERM)
        try:
            self._wait("stop", STOP_SECONDS_MAX, lambda: not self.home.is_running())
        except StackError:
            if state:
                _signal(state.supervisor_pid, signal.SIGKILL)
            raise
        finally:
            self._forget_supervisor()

    def destroy(self) -> None:
        """Stop, then delete the home and what of it lives elsewhere."""
        self.stop()
        postgres.discard(self.home)
        self.home.delete()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    # Looking

    def state(self) -> RunState | None:
        """What the supervisor last said."""
        return read_state(self.home.run_file)

    @property
    def urls(self) -> dict[str, str]:
        """Addresses by process; `postgres` and `valkey` with their passwords."""
        return self._known().urls

    @property
    def environment(self) -> dict[str, str]:
        """The variables all processes share: secrets, vendors' addresses, DATABASE_URL, REDIS_URL."""
        return self._known().environment

    def database_url(self, service: str) -> str:
        """The address of one service's database."""
        return f"{self.urls['postgres'].rstrip('/')}/atelier_{service}"

    def pid(self, name: str) -> int | None:
        """The pid of a process, None while it is not running; `supervisor` names the parent of all.

        Raises:
            KeyError: there is no such process.
        """
        state = self._known()
        return state.supervisor_pid if name == "supervisor" else state.processes[name].pid

    def restarts(self, name: str) -> int:
        """How often a process has been started again."""
        return self._known().processes[name].restarts

    def wait_ready(self, timeout: float = START_SECONDS_MAX) -> None:
        """Wait until every process answers.

        Raises:
            StackError: they do not within `timeout` seconds, or the start failed.
        """
        self._wait("get ready", timeout, self._is_ready)

    def log_tail(self, name: str, lines: int = 30) -> str:
        """The last lines of a process's log; `supervisor` names the parent's."""
        return logs.tail(self.home.log(name), lines)

    # Breaking

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """Signal a process and return its pid. After SIGKILL this waits until the supervisor has noticed.

        Raises:
            StackError: the process is not running.
        """
        pid = self.pid(name)
        if pid is None:
            raise StackError(f"{name} is not running")
        os.kill(pid, number)
        if number == signal.SIGKILL and name != "supervisor":
            self._wait(f"notice the end of {name}", 15, lambda: self.pid(name) != pid)
        return pid

    def restart_postgres(self, mode: Literal["fast", "immediate", "kill"] = "fast") -> None:
        """End PostgreSQL one way or another and wait until it is back, with the same port and data."""
        self._restart("postgres", _POSTGRES_SIGNALS[mode])

    def kill_valkey(self) -> None:
        """Kill Valkey and wait until it is back, with the same port and data."""
        self._restart("valkey", signal.SIGKILL)

    def _restart(self, name: str, number: int) -> None:
        before = self.pid(name)
        self.kill(name, number)
        self._wait(
            f"bring {name} back",
            60,
            lambda: self.pid(name) not in (None, before) and self._known().processes[name].ready,
        )

    # Waiting

    def _forget_supervisor(self) -> None:
        if self._supervisor:
            self._supervisor.wait(STOP_SECONDS_MAX)
            self._supervisor = None

    def _is_ready(self) -> bool:
        state = self.state()
        ended = self._supervisor is not None and self._supervisor.poll() is not None
        if ended or (state and state.phase == "failed"):
            raise self._error("the supervisor gave up")
        return state is not None and state.ready

    def _wait(self, what: str, seconds_max: float, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + seconds_max
        while not condition():
            if time.monotonic() > deadline:
                raise self._error(f"did not {what} within {seconds_max:.0f} s")
            time.sleep(_POLL_SECONDS)

    def _error(self, problem: str) -> StackError:
        return StackError(f"{problem}\n{self.log_tail('supervisor', 60)}")

    def _known(self) -> RunState:
        state = self.state()
        if state is None:
            raise StackError(f"nothing runs in {self.home.path}")
        return state


def _plan(processes: Iterable[str | ProcessSpec] | None, workers: int) -> list[ProcessSpec]:
    if processes is None:
        return product(workers=workers)
    wanted = list(processes)
    names = [item for item in wanted if isinstance(item, str)]
    known = product(workers=workers, only=names) if names else []
    return known + [item for item in wanted if isinstance(item, ProcessSpec)]


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)

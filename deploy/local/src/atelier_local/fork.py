"""Owns the making of a child process: session, signals, environment, log, and its death with its parent."""

import ctypes
import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_RESET = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD)
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Child:
    """What a child is to be.

    `enter` does the work, or replaces the process; its return means success. It gets a function that must be
    called once the process has its final user, because changing the user forgets the tie to the parent.
    """

    name: str
    enter: Callable[[Callable[[], None]], None]
    environment: dict[str, str]
    log: Path | None
    death_signal: int
    """What the child gets when the supervisor dies without stopping it."""


def fork_child(child: Child, in_child: Callable[[], None]) -> int:
    """Start a child in a session of its own and return its pid. `in_child` runs first in the new process."""
    parent = os.getpid()

    def body() -> None:
        os.setsid()
        in_child()
        os.environ.clear()
        os.environ.update(child.environment)
        _redirect(child.log)
        gc.enable()

        def tie() -> None:
            _die_with(parent, child.death_signal)

        tie()
        child.enter(tie)

    return fork_bare(body, name=f"atelier-{child.name}")


def fork_bare(body: Callable[[], None], *, name: str) -> int:
    """Fork; run `body` in the child with default signal handling and end it there, whatever happens.

    No thread may be running, or its locks would stay locked in the child for ever.
    """
    _flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        for number in _RESET:
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if _libc:
            _libc.prctl(_PR_SET_NAME, name.encode()[:15])
        body()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - the outermost frame of a process: said in its log, then it ends
        traceback.print_exc()
    finally:
        _flush()
        os._exit(code)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # the terminal may have gone
            stream.flush()


def signal_group(group: int, number: int) -> None:
    """Signal a process group that may be gone."""
    with suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for zombies
        os.killpg(group, number)


def group_exists(group: int) -> bool:
    """Whether a process group has members."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return sys.platform == "linux"
    return True


def _redirect(log: Path | None) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    if log is None:
        return
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.close(handle)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def _die_with(parent: int, number: int) -> None:
    """Ask the kernel for `number` at the parent's death; elsewhere than on Linux the guard does it alone."""
    if _libc is None:
        return
    if _libc.prctl(_PR_SET_PDEATHSIG, number) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        os._exit(1)

"""Who goes first: what is on a customer's way asks for short turns, what nobody waits for steps back."""

import asyncio
import ctypes
import os
import platform
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest

from atelier_local.fork import fork_bare
from atelier_local.priority import TURN_NANOSECONDS, DatabaseBackends, step_back, step_forward

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="priorities are Linux's")
SCHED_GETATTR = {"x86_64": 315, "aarch64": 275}


def _said_by_child(work: Callable[[], object]) -> str:
    reader, writer = os.pipe()

    def body() -> None:
        os.write(writer, str(work()).encode())

    pid = fork_bare(body, name="priority")
    os.close(writer)
    with os.fdopen(reader) as told:
        answer = told.read()
    os.waitpid(pid, 0)
    return answer


def _turn_nanoseconds() -> int:
    attributes = ctypes.create_string_buffer(48)
    ctypes.CDLL(None).syscall(SCHED_GETATTR[platform.machine()], 0, attributes, 48, 0)
    return int(struct.unpack("=IIQiIQQQ", attributes.raw)[5])


def _parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _title(pid: int) -> str | None:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode().split()
    return words[1] if len(words) > 1 else None


def test_a_process_that_steps_back_is_nicer_than_its_parent():
    def work() -> int:
        step_back(7)
        return os.getpriority(os.PRIO_PROCESS, 0)

    assert _said_by_child(work) == "7"


def test_a_process_that_steps_forward_has_short_turns_and_keeps_its_niceness():
    if tuple(int(part) for part in platform.release().split(".")[:2]) < (6, 12):
        pytest.skip("turns can be asked for since Linux 6.12")

    def work() -> tuple[int, int]:
        os.nice(3)
        step_forward()
        return _turn_nanoseconds(), os.getpriority(os.PRIO_PROCESS, 0)

    assert _said_by_child(work) == str((TURN_NANOSECONDS, 3))


async def test_backends_of_background_services_step_back_and_others_do_not(postgres_server) -> None:
    plain = postgres_server.plain_url.rstrip("/")
    admin = await asyncpg.connect(f"{plain}/postgres")
    name = f"atelier_background_{os.getpid()}"
    await admin.execute(f"CREATE DATABASE {name}")
    background = await asyncpg.connect(f"{plain}/{name}")
    try:
        backend, other = [await one.fetchval("SELECT pg_backend_pid()") for one in (background, admin)]
        postmaster = _parent_of(backend)
        backends = DatabaseBackends({name}, niceness=9)
        backends.look(postmaster)
        for _ in range(50):  # the title of a process that has just begun may come a moment later
            if os.getpriority(os.PRIO_PROCESS, backend) == 9:
                break
            await asyncio.sleep(0.1)
            backends._due_at = 0.0
            backends.look(postmaster)
        assert os.getpriority(os.PRIO_PROCESS, backend) == 9
        assert os.getpriority(os.PRIO_PROCESS, other) == 0
        by_title = {title: pid for pid in _children(postmaster) if (title := _title(pid)) is not None}
        assert os.getpriority(os.PRIO_PROCESS, by_title["checkpointer"]) == 9
        assert os.getpriority(os.PRIO_PROCESS, by_title["walwriter"]) == 0, "commits wait for it"
    finally:
        await background.close()
        await admin.execute(f"DROP DATABASE {name}")
        await admin.close()

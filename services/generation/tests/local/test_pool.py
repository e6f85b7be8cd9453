"""The pool of child processes: what a child does to itself harms its task alone, and nothing is left behind."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from generation.local.failures import FailureReason, LocalWorkFailed
from generation.local.pool import LocalPool, LocalTask, PoolLimits

HERE = str(Path(__file__).parent / "children")
MEMORY_BYTES = 256 * 1024 * 1024


def limits(**changes: Any) -> PoolLimits:
    return PoolLimits(**{"memory_bytes_max": MEMORY_BYTES, "environment": {"PYTHONPATH": HERE}, **changes})


def task(name: str, **changes: Any) -> LocalTask:
    return LocalTask(name, f"misdeeds:{name}", **{"wall_seconds": 30.0, **changes})


@pytest_asyncio.fixture
async def pool() -> AsyncIterator[LocalPool]:
    opened = LocalPool(limits())
    yield opened
    await opened.drain()


def children() -> list[int]:
    """The ids of all children of the tests that run the pool's code, zombies included."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, parent = (entry / "stat").read_text().rpartition(") ")[2].split()[:2]
            if int(parent) == os.getpid() and (
                state == "Z" or b"generation.local.child" in (entry / "cmdline").read_bytes()
            ):
                found.append(int(entry.name))
    return found


async def until_no_children(pool: LocalPool) -> None:
    async with asyncio.timeout(10):
        while pool.processes or children():  # noqa: ASYNC110 - what is waited for is the kernel's
            await asyncio.sleep(0.02)


async def failure_of(pool: LocalPool, work: LocalTask, **arguments: Any) -> LocalWorkFailed:
    with pytest.raises(LocalWorkFailed) as caught:
        await pool.run(work, arguments)
    return caught.value


async def test_answers_and_uses_the_same_child_again(pool: LocalPool) -> None:
    first = await pool.run(task("echo"), {"word": "été", "number": 3})
    second = await pool.run(task("echo"), {})

    assert (first["word"], first["number"]) == ("été", 3)
    assert first["pid"] == second["pid"] != os.getpid()
    assert pool.processes == 1


@pytest.mark.parametrize(
    ("work", "arguments", "reason"),
    [
        (task("die"), {"code": 7}, FailureReason.CRASHED),
        (task("die"), {"code": 0}, FailureReason.CRASHED),
        (task("die"), {"code": -signal.SIGSEGV}, FailureReason.CRASHED),
        (task("die"), {"code": -signal.SIGKILL}, FailureReason.CRASHED),
        (task("doze", wall_seconds=0.3), {"seconds": 60}, FailureReason.TIMED_OUT),
        (task("ignore_everything", wall_seconds=0.3), {}, FailureReason.TIMED_OUT),
        (task("spin", cpu_seconds=0.2), {}, FailureReason.OUT_OF_CPU),
        (task("hog"), {"megabytes": 400}, FailureReason.OUT_OF_MEMORY),
        (task("return_much"), {}, FailureReason.CRASHED),
    ],
    ids=lambda value: str(value) if isinstance(value, dict | FailureReason) else "",
)
async def test_what_ends_a_child_fails_its_task_alone_and_the_pool_heals(
    pool: LocalPool, work: LocalTask, arguments: dict[str, Any], reason: FailureReason
) -> None:
    before = await pool.run(task("echo"), {})
    beside = asyncio.create_task(pool.run(task("doze"), {"seconds": 0.6}))
    await asyncio.sleep(0.05)

    failed = await failure_of(pool, work, **arguments)
    after = await pool.run(task("echo"), {})

    assert failed.reason is reason
    assert (await beside)["pid"] > 0
    assert after["pid"] not in {before["pid"], 0} or (await beside)["pid"] == before["pid"]
    assert pool.processes <= 2


@pytest.mark.parametrize(
    ("name", "reason", "detail"),
    [
        ("raise_error", FailureReason.RAISED, "LookupError: nothing there"),
        ("refuse", FailureReason.REFUSED, "no picture"),
        ("return_list", FailureReason.RAISED, "misdeeds:return_list returned no object"),
        ("no_such_name", FailureReason.RAISED, "AttributeError"),
    ],
)
async def test_an_error_is_told_and_the_child_goes_on(
    pool: LocalPool, name: str, reason: FailureReason, detail: str
) -> None:
    pid = (await pool.run(task("echo"), {}))["pid"]

    failed = await failure_of(pool, task(name))

    assert failed.reason is reason
    assert detail in failed.detail
    assert (await pool.run(task("echo"), {}))["pid"] == pid


async def test_a_refusal_carries_its_code(pool: LocalPool) -> None:
    assert (await failure_of(pool, task("refuse"))).code == "UNSUPPORTED_IMAGE"


async def test_what_libraries_print_is_no_answer(pool: LocalPool) -> None:
    assert await pool.run(task("print_noise"), {}) == {"fine": True}


async def test_children_know_no_secrets_and_import_nothing_of_the_product(
    pool: LocalPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")

    known = (await pool.run(task("secrets"), {}))["environment"]
    around = await pool.run(task("surroundings"), {})

    assert "sk-secret" not in str(known)
    assert "OPENAI_API_KEY" not in known
    assert around["session_is_own"]
    heavy = {"asyncio", "pydantic", "sqlalchemy", "numpy", "PIL", "common", "generation.kinds"}
    assert heavy.isdisjoint(around["modules"])


async def test_the_limit_of_cpu_is_for_each_task_and_not_for_the_child(pool: LocalPool) -> None:
    for _ in range(3):
        failed = await failure_of(pool, task("spin", cpu_seconds=0.2, wall_seconds=0.4))
        assert failed.reason is FailureReason.TIMED_OUT
    for _ in range(30):
        await pool.run(task("echo", cpu_seconds=0.05), {})


async def test_two_hundred_tasks_go_through_two_children(pool: LocalPool) -> None:
    pool = LocalPool(limits(waiting_max=200))
    answers = await asyncio.gather(*(pool.run(task("echo"), {"number": number}) for number in range(200)))

    assert [answer["number"] for answer in answers] == list(range(200))
    assert len({answer["pid"] for answer in answers}) <= 2
    assert pool.processes <= 2
    await pool.drain()


async def test_a_child_is_replaced_after_its_share_of_tasks() -> None:
    pool = LocalPool(limits(processes_max=1, tasks_per_process_max=5))

    pids = [(await pool.run(task("echo"), {}))["pid"] for _ in range(15)]

    assert len(set(pids)) == 3
    await pool.drain()


async def test_refuses_more_than_may_wait() -> None:
    pool = LocalPool(limits(processes_max=1, waiting_max=2))
    waiting = [asyncio.create_task(pool.run(task("doze"), {"seconds": 0.3})) for _ in range(3)]
    await asyncio.sleep(0.1)

    failed = await failure_of(pool, task("echo"))

    assert failed.reason is FailureReason.OVERLOADED
    await asyncio.gather(*waiting)
    assert await pool.run(task("echo"), {})
    await pool.drain()


async def test_cancelling_kills_the_child_and_frees_its_place() -> None:
    pool = LocalPool(limits(processes_max=1))
    running = asyncio.create_task(pool.run(task("doze"), {"seconds": 60}))
    waiting = asyncio.create_task(pool.run(task("doze"), {"seconds": 60}))
    await asyncio.sleep(0.4)
    (child,) = children()

    waiting.cancel()
    running.cancel()
    ended = await asyncio.gather(running, waiting, return_exceptions=True)

    assert all(isinstance(error, asyncio.CancelledError) for error in ended)
    answer = await pool.run(task("echo"), {})
    assert answer["pid"] != child
    assert child not in children()
    await pool.drain()


async def test_a_caller_cancelled_while_its_child_starts_leaves_none_behind() -> None:
    pool = LocalPool(limits(processes_max=1))
    for pause in (0.0, 0.001, 0.01, 0.03):
        caller = asyncio.create_task(pool.run(task("doze"), {"seconds": 60}))
        await asyncio.sleep(pause)
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)

    assert (await pool.run(task("echo"), {}))["pid"] > 0
    await pool.drain()
    await until_no_children(pool)


async def test_idle_children_retire_and_their_memory_returns() -> None:
    pool = LocalPool(limits(idle_seconds=0.2))
    await asyncio.gather(*(pool.run(task("doze"), {"seconds": 0.05}) for _ in range(2)))
    assert len(children()) == 2

    await until_no_children(pool)

    assert (await pool.run(task("echo"), {}))["pid"] > 0
    await pool.drain()


async def test_an_idle_child_that_was_killed_is_not_given_work(pool: LocalPool) -> None:
    pid = (await pool.run(task("echo"), {}))["pid"]
    os.kill(pid, signal.SIGKILL)
    await asyncio.sleep(0.2)

    assert (await pool.run(task("echo"), {}))["pid"] != pid


async def test_a_child_ends_when_its_parent_is_gone(pool: LocalPool) -> None:
    pid = (await pool.run(task("echo"), {}))["pid"]
    (child,) = pool._busy | {child for child, _ in pool._idle}

    stdin = child._process.stdin
    assert stdin is not None
    stdin.close()  # as the kernel does when the parent is killed

    async with asyncio.timeout(5):
        assert await child.reaped() == 0
    assert pid not in children()


async def test_draining_lets_running_tasks_end_and_takes_no_new_ones() -> None:
    pool = LocalPool(limits())
    running = asyncio.create_task(pool.run(task("doze"), {"seconds": 0.5}))
    await asyncio.sleep(0.2)

    draining = asyncio.create_task(pool.drain(10))
    await asyncio.sleep(0)
    refused = await failure_of(pool, task("echo"))
    await draining

    assert refused.reason is FailureReason.STOPPED
    assert (await running)["pid"] > 0
    assert children() == []


async def test_draining_ends_what_does_not_end_and_leaves_no_zombie() -> None:
    pool = LocalPool(limits(processes_max=2))
    tasks = [asyncio.create_task(pool.run(task("doze"), {"seconds": 60})) for _ in range(4)]
    await asyncio.sleep(0.4)

    async with asyncio.timeout(5):
        await pool.drain(0.1)

    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert {getattr(error, "reason", error) for error in ended} == {FailureReason.STOPPED}
    assert children() == []
    assert pool.processes == 0

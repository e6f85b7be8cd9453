import asyncio

import pytest

from common import supervision
from common.supervision import Supervisor


@pytest.fixture(autouse=True)
def _fast_backoff(monkeypatch):
    monkeypatch.setattr(supervision, "BACKOFF_FIRST_SECONDS", 0.005)


async def eventually(condition):
    async with asyncio.timeout(2):
        while not condition():  # noqa: ASYNC110 - the condition has no event
            await asyncio.sleep(0.005)


async def test_restarts_a_task_that_raises_and_reports_one_that_keeps_failing():
    supervisor, runs = Supervisor(asyncio.Event()), []

    async def broken():
        runs.append(1)
        raise RuntimeError("no")

    supervisor.spawn("broken", broken)
    await eventually(lambda: len(runs) >= 1)
    assert supervisor.failing() == []
    await eventually(lambda: len(runs) >= 4)
    assert supervisor.failing() == ["broken"]
    await supervisor.stop(1)
    assert supervisor.failing() == []


async def test_restarts_a_critical_task_that_ends_and_lets_another_finish():
    supervisor, runs = Supervisor(asyncio.Event()), []

    async def ends(name):
        runs.append(name)

    supervisor.spawn("critical", lambda: ends("critical"))
    supervisor.spawn("once", lambda: ends("once"), critical=False)
    await eventually(lambda: runs.count("critical") >= 3)
    assert runs.count("once") == 1
    await supervisor.stop(1)


async def test_survives_a_cancellation_from_within():
    supervisor, runs = Supervisor(asyncio.Event()), []

    async def cancelled():
        runs.append(1)
        raise asyncio.CancelledError

    supervisor.spawn("cancelled", cancelled)
    await eventually(lambda: len(runs) >= 2)
    await supervisor.stop(1)


async def test_stop_waits_for_cleanup_and_no_longer_than_told():
    supervisor, cleaned = Supervisor(asyncio.Event()), []

    async def tidy():
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.02)
            cleaned.append("tidy")

    release = asyncio.Event()

    async def stubborn():
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    supervisor.spawn("tidy", tidy)
    supervisor.spawn("stubborn", stubborn, critical=False)
    await asyncio.sleep(0)
    started = asyncio.get_running_loop().time()
    await supervisor.stop(0.2)
    assert cleaned == ["tidy"]
    assert 0.15 < asyncio.get_running_loop().time() - started < 1
    release.set()

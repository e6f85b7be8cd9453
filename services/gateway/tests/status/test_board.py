"""Looking at everything never fails, never takes long, and happens once however many ask."""

import asyncio
import time
from collections.abc import Mapping

import pytest

from gateway.status import board as module
from gateway.status.board import StatusBoard, alive
from gateway.status.rules import Finding, Mode


async def states(board: StatusBoard) -> dict[str, str]:
    return {component.name: component.finding.state for component in await board.components()}


async def test_a_check_that_hangs_or_raises_harms_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHECK_SECONDS_MAX", 0.1)
    board = StatusBoard()

    async def hangs() -> Finding:
        await asyncio.sleep(60)
        return Finding("ok")

    async def raises() -> Finding:
        raise LookupError

    async def well() -> Finding:
        return Finding("ok")

    async def hangs_itself() -> None:
        await asyncio.sleep(60)

    for name, check in (("a", hangs), ("b", raises), ("c", well), ("d", alive(hangs_itself))):
        board.add(name, check)
    started = time.monotonic()

    assert await states(board) == {"a": "unknown", "b": "unknown", "c": "ok", "d": "down"}
    assert time.monotonic() - started < 1


async def test_many_who_ask_at_once_cause_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CACHE_SECONDS", 0.2)
    board, looks = StatusBoard(), 0

    async def count() -> Finding:
        nonlocal looks
        looks += 1
        await asyncio.sleep(0.01)
        return Finding("ok")

    board.add("a", count)
    await asyncio.gather(*(board.components() for _ in range(50)))
    assert looks == 1
    await asyncio.sleep(0.25)
    await board.components()
    assert looks == 2


async def test_components_seen_together_become_unknown_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CACHE_SECONDS", 0.0)
    board, seen = StatusBoard(), True

    async def several() -> Mapping[str, Finding]:
        if not seen:
            raise OSError
        return {"g": Finding("ok"), "g.image": Finding("degraded", "slow")}

    board.add("g", several)
    assert await states(board) == {"g": "ok", "g.image": "degraded"}
    seen = False
    assert await states(board) == {"g": "unknown", "g.image": "unknown"}


def test_modes_are_those_that_are_on_now() -> None:
    board, on = StatusBoard(), [Mode("deferred", "Submissions are kept for later.")]
    board.add_modes(lambda: on)

    assert board.modes() == on
    on = []
    assert board.modes() == []

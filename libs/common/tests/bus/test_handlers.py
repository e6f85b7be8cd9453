"""Several handlers for one fact: in order, in one transaction, and in one piece where types share them."""

from typing import Any

import pytest

from common.bus.handlers import Handlers, Received
from common.events.runs import RunCancelled, RunCompleted, RunFailed


def noting(notes: list[str], name: str) -> Any:
    async def handle(batch: Any, uow: Any) -> None:
        notes.append(f"{name} {len(batch)}")

    return handle


async def test_a_further_handler_gets_the_same_batch_after_the_first() -> None:
    notes: list[str] = []
    handlers, shared = Handlers(), noting(notes, "first")
    handlers.on_batch(RunCompleted, shared)
    handlers.on_batch(RunFailed, shared)
    handlers.beside((RunCompleted, RunFailed, RunCancelled), noting(notes, "then"))
    batch: list[Received[Any]] = [Received(object(), None), Received(object(), None)]  # type: ignore[type-var]

    await handlers.batch(RunFailed)(batch, None)  # type: ignore[misc, arg-type]
    await handlers.batch(RunCancelled)(batch, None)  # type: ignore[misc, arg-type]

    assert notes == ["first 2", "then 2", "then 2"]
    assert handlers.of(RunCompleted) is handlers.of(RunFailed)
    assert handlers.of(RunCompleted) is not handlers.of(RunCancelled)


def test_refuses_to_stand_beside_a_handler_of_single_events() -> None:
    handlers = Handlers()
    handlers.on(RunFailed, noting([], "one"))
    with pytest.raises(ValueError, match=r"run\.failed"):
        handlers.beside((RunFailed,), noting([], "two"))

"""Owns how the demonstration finds something wrong, and how it waits for what is on its way."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_POLL_SECONDS = 0.05


class DemoFailed(Exception):
    """Something is not as the product promises; the message says what, for the person watching."""


def expect(condition: bool, problem: str) -> None:
    """Go on only when a promise holds.

    Raises:
        DemoFailed: it does not; its message is `problem`.
    """
    if not condition:
        raise DemoFailed(problem)


def wait_for(what: str, look: Callable[[], T | None], seconds_max: float) -> T:
    """Look again and again until there is something to see; for what has no event to wait for.

    Raises:
        DemoFailed: there was nothing within `seconds_max`.
    """
    deadline = time.monotonic() + seconds_max
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise DemoFailed(f"{what} did not come within {seconds_max:.0f} s")
        time.sleep(_POLL_SECONDS)
    return found

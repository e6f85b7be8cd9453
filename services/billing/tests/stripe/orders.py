"""Which orders of some events to try, so that what holds after each step of these holds after each step of all."""

import asyncio
import itertools
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

AT_ONCE = 16

Order = tuple[int, ...]


def orders_through_every_step(count: int) -> list[Order]:
    """Orders in which, for each set of events and each other event, that event comes next after exactly that set.

    If the state after every prefix of these orders depends on nothing but the set of its events, then so it is in
    all orders, by induction over their length: the state after a set and its next event is that of the greater set,
    whatever the order the set came in. For seven events these are 140 orders for all 5,040.
    """
    everything = frozenset(range(count))
    untried = {
        (frozenset(seen), event)
        for size in range(count)
        for seen in itertools.combinations(range(count), size)
        for event in everything.difference(seen)
    }
    orders = []
    while untried:
        seen, event = min(untried, key=lambda step: (len(step[0]), sorted(step[0]), step[1]))
        order = [*_way_to(seen, untried), event]
        while len(order) < count:
            left = sorted(everything.difference(order))
            order.append(max(left, key=lambda one: (frozenset(order), one) in untried))
        untried -= {(frozenset(order[:place]), one) for place, one in enumerate(order)}
        orders.append(tuple(order))
    return orders


def _way_to(seen: frozenset[int], untried: set[tuple[frozenset[int], int]]) -> list[int]:
    """An order of a set, over untried steps where there are some."""
    way: list[int] = []
    while seen:
        last = max(sorted(seen), key=lambda one: (seen - {one}, one) in untried)
        seen -= {last}
        way.insert(0, last)
    return way


class Steps:
    """The states after every step: each must be that of the set of events so far, whatever their order."""

    def __init__(self) -> None:
        self._state_of: dict[frozenset[int], tuple[Any, ...]] = {}

    def compare(
        self, states: Mapping[UUID, tuple[Any, ...]], accounts: Sequence[UUID], orders: Sequence[Order], place: int
    ) -> None:
        """Look at the accounts after as many events as `place` is the index of the last of."""
        for account_id, order in zip(accounts, orders, strict=True):
            state = states[account_id]
            assert self._state_of.setdefault(frozenset(order[: place + 1]), state) == state, order[: place + 1]


async def some_at_a_time(work: Iterable[Awaitable[Any]]) -> None:
    """Run all, `AT_ONCE` at a time."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(awaitable: Awaitable[Any]) -> None:
        async with places:
            await awaitable

    await asyncio.gather(*(one(awaitable) for awaitable in work))

"""Which function answers which event. A handler is a peer of an HTTP route: it calls a use case in a unit of work."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.envelope import Event

E = TypeVar("E", bound=Event)
E_co = TypeVar("E_co", bound=Event, covariant=True)


@dataclass(frozen=True, slots=True)
class Received(Generic[E_co]):
    """An event out of a stream, and the trace that what it causes belongs to."""

    event: E_co
    traceparent: str | None


Handler = Callable[[E, UnitOfWork], Awaitable[None]]
BatchHandler = Callable[[Sequence[Received[E]], UnitOfWork], Awaitable[None]]
AtOnceHandler = Callable[[Sequence[Received[E]], Database], Awaitable[bool]]
"""Has the effect of a batch, its entries in the inbox and its outbox rows in a single statement, or answers False."""


class Handlers:
    """A consumer group's handlers by event type. Types without one are acknowledged and passed over."""

    def __init__(self) -> None:
        self._by_type: dict[type[Event], BatchHandler[Any]] = {}
        self._singles: dict[type[Event], Handler[Any]] = {}
        self._at_once: dict[type[Event], AtOnceHandler[Any]] = {}

    def on(self, event_type: type[E], handler: Handler[E]) -> None:
        """Call the handler with each event of this type, after those registered before, in one transaction."""
        if event_type in self._by_type:
            self.beside([event_type], _each(handler))
            return
        first = self._singles.get(event_type)
        self._singles[event_type] = handler if first is None else _one_after_the_other(first, handler)

    def on_batch(
        self, event_type: type[E], handler: BatchHandler[E], *, at_once: AtOnceHandler[E] | None = None
    ) -> None:
        """Call the handler with the events that stand together in a batch and are its: of this type, and of every
        other type it is registered for. One call can then lock what it needs in one order.

        Args:
            at_once: tried first with a whole batch, if all its types share it; where it answers False, having done
                nothing, the handler does the work.
        """
        self._refuse_second(event_type)
        self._by_type[event_type] = handler
        if at_once is not None:
            self._at_once[event_type] = at_once

    def beside(self, event_types: Sequence[type[Event]], handler: BatchHandler[Any]) -> None:
        """Call a further handler with batches of these types, in the same transaction, after the one they have.

        Types that share a handler still come in one piece. A type without one gets this.

        Raises:
            ValueError: a type is handled event by event.
        """
        joined: dict[BatchHandler[Any], BatchHandler[Any]] = {}
        for event_type in event_types:
            if event_type in self._singles:
                raise ValueError(f"{event_type.type} is handled one by one")
            self._at_once.pop(event_type, None)
            first = self._by_type.get(event_type)
            self._by_type[event_type] = handler if first is None else joined.setdefault(first, _both(first, handler))

    def single(self, event_type: type[Event]) -> Handler[Any] | None:
        """The handler for one event, if this type has such a one."""
        return self._singles.get(event_type)

    def batch(self, event_type: type[Event]) -> BatchHandler[Any] | None:
        """The handler for a batch, if this type has such a one."""
        return self._by_type.get(event_type)

    def at_once(self, events: Sequence[Received[Event]]) -> AtOnceHandler[Any] | None:
        """What may do a batch in a single statement, if all its types have one and the same such handler."""
        found = {self._at_once.get(type(received.event)) for received in events}
        return found.pop() if len(found) == 1 else None

    def of(self, event_type: type[Event]) -> object:
        """Whatever handles this type, to tell whether two types have the same handler."""
        return self._by_type.get(event_type) or self._singles.get(event_type)

    def handles(self, event_type: type[Event]) -> bool:
        """Whether anything is to be done for events of this type."""
        return event_type in self._singles or event_type in self._by_type

    def _refuse_second(self, event_type: type[Event]) -> None:
        if self.handles(event_type):
            raise ValueError(f"{event_type.type} has a handler already")


def _one_after_the_other(first: Handler[Any], then: Handler[Any]) -> Handler[Any]:
    async def handle(event: Any, uow: UnitOfWork) -> None:
        await first(event, uow)
        await then(event, uow)

    return handle


def _each(handler: Handler[Any]) -> BatchHandler[Any]:
    async def handle(batch: Sequence[Received[Any]], uow: UnitOfWork) -> None:
        for received in batch:
            await handler(received.event, uow)

    return handle


def _both(first: BatchHandler[Any], then: BatchHandler[Any]) -> BatchHandler[Any]:
    async def handle(batch: Sequence[Received[Any]], uow: UnitOfWork) -> None:
        await first(batch, uow)
        await then(batch, uow)

    return handle

"""Which function answers which event. A handler is a peer of an HTTP route: it calls a use case in a unit of work."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

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


class Handlers:
    """A consumer group's handlers by event type. Types without one are acknowledged and passed over."""

    def __init__(self) -> None:
        self._by_type: dict[type[Event], BatchHandler[Any]] = {}
        self._singles: dict[type[Event], Handler[Any]] = {}

    def on(self, event_type: type[E], handler: Handler[E]) -> None:
        """Call the handler with each event of this type."""
        self._refuse_second(event_type)
        self._singles[event_type] = handler

    def on_batch(self, event_type: type[E], handler: BatchHandler[E]) -> None:
        """Call the handler with the events that stand together in a batch and are its: of this type, and of every
        other type it is registered for. One call can then lock what it needs in one order.
        """
        self._refuse_second(event_type)
        self._by_type[event_type] = handler

    def single(self, event_type: type[Event]) -> Handler[Any] | None:
        """The handler for one event, if this type has such a one."""
        return self._singles.get(event_type)

    def batch(self, event_type: type[Event]) -> BatchHandler[Any] | None:
        """The handler for a batch, if this type has such a one."""
        return self._by_type.get(event_type)

    def of(self, event_type: type[Event]) -> object:
        """Whatever handles this type, to tell whether two types have the same handler."""
        return self._by_type.get(event_type) or self._singles.get(event_type)

    def handles(self, event_type: type[Event]) -> bool:
        """Whether anything is to be done for events of this type."""
        return event_type in self._singles or event_type in self._by_type

    def _refuse_second(self, event_type: type[Event]) -> None:
        if self.handles(event_type):
            raise ValueError(f"{event_type.type} has a handler already")

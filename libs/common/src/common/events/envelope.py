"""What every event is: a typed, versioned, immutable fact with an identity, a time and an account."""

from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.clock import now
from common.ids import new_id


class Payload(BaseModel):
    """A part of an event. Readers ignore members they do not know, so a producer may add some.

    Infinity is refused where it is said: JSON has no word for it, and every reader would have to bury the event.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Event(Payload):
    """A fact that has happened, named `noun.past_verb`.

    A subclass states its `type` and the `topic` (stream) it travels on. Adding an optional field is compatible;
    any other change is a new type (`job.submitted.v2`).
    """

    type: ClassVar[str]
    topic: ClassVar[str]

    event_id: UUID = Field(default_factory=new_id)
    occurred_at: datetime = Field(default_factory=now)
    account_id: UUID | None = None

    def to_json(self) -> str:
        """The event as it travels and is stored."""
        return self.model_dump_json()

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The event behind its JSON form.

        Raises:
            pydantic.ValidationError: the text is no event of this type.
        """
        return cls.model_validate_json(text)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """JSON Schema (2020-12) of the event, for `docs/events`."""
        return cls.model_json_schema()

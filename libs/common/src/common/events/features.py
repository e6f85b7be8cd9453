"""Facts about the operators' switches. Said by the gateway on the stream `features`."""

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from common.events.envelope import Event, Payload


class Notice(Payload):
    """Something is switched off: what the public is told of it, and when it is expected to end."""

    text: str
    until: datetime | None = None


class Features(Payload):
    """All switches at one moment. A higher `version` is later, whatever order they arrive in."""

    version: int = Field(default=0, ge=0)
    read_only: Notice | None = None
    """No submissions; reads go on."""
    sign_up_closed: Notice | None = None
    incident: Notice | None = None
    """Nothing is off by it; the status page says it."""
    limits_factor: float = Field(default=1.0, ge=0, le=1)
    """What every limit of every plan is multiplied by."""
    kinds_off: dict[str, Notice] = Field(default_factory=dict)


class FeaturesChanged(Event):
    """An operator changed a switch; `features` holds all of them as they are since."""

    type: ClassVar[str] = "features.changed"
    topic: ClassVar[str] = "features"

    features: Features
    key: str
    changed_by: str
    why: str

"""Facts about messages to people. Said by the notifier on the stream `deliveries`."""

from typing import ClassVar
from uuid import UUID

from common.events.envelope import Event


class DeliverySent(Event):
    """An e-mail was handed to the mail server."""

    type: ClassVar[str] = "delivery.sent"
    topic: ClassVar[str] = "deliveries"

    account_id: UUID
    delivery_id: UUID
    template: str
    job_id: UUID | None = None

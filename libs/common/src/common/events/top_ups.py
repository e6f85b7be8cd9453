"""Facts about automatic top-ups that need their owner. Said by billing on the stream `credits`."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from common.events.envelope import Event


class TopUpActionRequired(Event):
    """The bank wants the owner of the card there: the pack can be paid at `pay_url` until `expires_at`."""

    type: ClassVar[str] = "top_up.action_required"
    topic: ClassVar[str] = "credits"

    account_id: UUID
    purchase_id: UUID
    product: str
    credits: int = Field(ge=1)
    amount_minor: int = Field(ge=1)
    currency: str
    pay_url: str
    expires_at: datetime


class TopUpFailed(Event):
    """A pack could not be bought. `next_try_at` is null when automatic top-up was switched off by it.

    `reason` is a code of ours or the bank's (`card_declined`, `no_card`, …); `declines` counts those in a row.
    """

    type: ClassVar[str] = "top_up.failed"
    topic: ClassVar[str] = "credits"

    account_id: UUID
    purchase_id: UUID
    product: str
    credits: int = Field(ge=1)
    amount_minor: int = Field(ge=1)
    currency: str
    reason: str
    declines: int = Field(ge=0)
    next_try_at: datetime | None

"""Facts about finished products that people buy without an account. Said by billing on the stream `credits`.

An order has an account of its own, which bears the order's id: `account_id` and `order_id` are equal.
"""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from common.events.envelope import Event
from common.events.jobs import JobSpec


class OrderPaid(Event):
    """The money for an order has arrived, and its job is on its way: `credits.held` is said in the same transaction.

    `product` is the product's name for people, `email` and `locale` are those of the buyer.
    """

    type: ClassVar[str] = "order.paid"
    topic: ClassVar[str] = "credits"

    account_id: UUID
    order_id: UUID
    job: JobSpec
    product: str
    amount_minor: int = Field(ge=1)
    currency: str
    email: str
    locale: str
    paid_at: datetime


class OrderRefunded(Event):
    """Money of an order is on its way back to the buyer: all of it when the work came to nothing.

    `amount_minor` is what has gone back in all until now: somebody may have refunded a part by hand. Each sum is told
    once.
    """

    type: ClassVar[str] = "order.refunded"
    topic: ClassVar[str] = "credits"

    account_id: UUID
    order_id: UUID
    product: str
    amount_minor: int = Field(ge=1)
    currency: str


class OrderBuyerForgotten(Event):
    """The order ended long ago: whoever keeps the buyer's address, or what they typed, is to forget it."""

    type: ClassVar[str] = "order.buyer_forgotten"
    topic: ClassVar[str] = "credits"

    account_id: UUID
    order_id: UUID
    job_id: UUID

"""Which mails are due when somebody buys without an account, and what the usual mails say to them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from common.events.envelope import Event
from common.events.orders import OrderPaid, OrderRefunded
from notifier.mail.rules import Mail, Template

ORDER_FACTS: tuple[type[Event], ...] = (OrderPaid, OrderRefunded)
"""The facts about orders that are mailed about."""

TO_BUYERS: Mapping[str, Template] = MappingProxyType({"work_ready": "order_ready", "work_failed": "order_failed"})
"""Whoever bought one thing has no credits: the mails about a job's outcome as they read for a buyer."""


def order_mails(event: Event, traceparent: str | None) -> list[Mail]:
    """The mails that a fact about an order makes due."""
    match event:
        case OrderPaid():
            context = {**_sale(event), "paid_at": event.paid_at.date().isoformat()}
            key = f"order_received:{event.order_id}"
            return [Mail(event.account_id, "order_received", key, context, traceparent=traceparent)]
        case OrderRefunded():
            key = f"order_refunded:{event.order_id}:{event.amount_minor}"
            return [Mail(event.account_id, "order_refunded", key, _sale(event), traceparent=traceparent)]
        case _:
            return []


def _sale(event: OrderPaid | OrderRefunded) -> dict[str, Any]:
    return {"product": event.product, "amount_minor": event.amount_minor, "currency": event.currency.upper()}

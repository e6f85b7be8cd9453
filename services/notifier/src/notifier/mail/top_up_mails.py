"""Which mails are due when an automatic top-up needs its owner, or came to nothing."""

from datetime import UTC, datetime
from typing import Any

from common.events.envelope import Event
from common.events.top_ups import TopUpActionRequired, TopUpFailed
from notifier.mail.rules import Mail

TOP_UP_FACTS: tuple[type[Event], ...] = (TopUpActionRequired, TopUpFailed)
"""The facts about automatic top-ups that are mailed about."""


def top_up_mails(event: Event, traceparent: str | None) -> list[Mail]:
    """The mails that a fact about an automatic top-up makes due.

    Of declines in a row the first is told, and the one that switches automatic top-up off.
    """
    match event:
        case TopUpActionRequired():
            context = {**_pack(event), "pay_url": event.pay_url, "pay_until": _moment(event.expires_at)}
            key = f"top_up_action:{event.purchase_id}"
            return [Mail(event.account_id, "top_up_action", key, context, traceparent=traceparent)]
        case TopUpFailed(declines=declines, next_try_at=next_try_at) if declines <= 1 or next_try_at is None:
            context = {
                **_pack(event),
                "no_card": event.reason == "no_card",
                "next_try_at": None if next_try_at is None else _moment(next_try_at),
            }
            key = f"top_up_failed:{event.purchase_id}"
            return [Mail(event.account_id, "top_up_failed", key, context, traceparent=traceparent)]
        case _:
            return []


def _pack(event: TopUpActionRequired | TopUpFailed) -> dict[str, Any]:
    return {
        "product": event.product,
        "credits": event.credits,
        "amount_minor": event.amount_minor,
        "currency": event.currency.upper(),
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")

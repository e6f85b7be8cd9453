"""Which mail is due when a subscription could not be paid."""

from common.events.envelope import Event
from common.events.subscriptions import SubscriptionPaymentFailed
from notifier.mail.rules import Mail

SUBSCRIPTION_FACTS: tuple[type[Event], ...] = (SubscriptionPaymentFailed,)
"""The facts about subscriptions that are mailed about."""


def subscription_mails(event: Event, traceparent: str | None) -> list[Mail]:
    """The mail that a failed payment makes due: one for an invoice, however often it is tried."""
    if not isinstance(event, SubscriptionPaymentFailed):
        return []
    context = {
        "plan": event.plan.capitalize(),
        "amount_minor": event.amount_minor,
        "currency": event.currency.upper(),
        "grace_until": event.grace_until.date().isoformat() if event.grace_until is not None else None,
    }
    key = f"payment_failed:{event.invoice}"
    return [Mail(event.account_id, "payment_failed", key, context, traceparent=traceparent)]

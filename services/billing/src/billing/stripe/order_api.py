"""Our calls to Stripe about orders: the page of one, and the refund of its payment."""

import stripe
from pydantic import BaseModel, ConfigDict, ValidationError

from billing.orders.ports import Refund
from billing.orders.rules import Order
from billing.purchases.ports import PaymentsUnavailable
from billing.purchases.reversals import Reversals
from billing.purchases.rules import CheckoutSession
from billing.stripe.answers import read_session
from billing.stripe.client import PURCHASE_METADATA, StripeApi

_WILL_NOT_ARRIVE = frozenset({"failed", "canceled"})


class _Refund(BaseModel):
    """A refund (docs.stripe.com/api/refunds/object)."""

    model_config = ConfigDict(extra="ignore")

    id: str
    status: str | None = None


class OrderApi:
    """Stripe as orders use it. Implements `billing.orders.ports.OrderVendor`."""

    def __init__(self, api: StripeApi) -> None:
        self._api = api
        self._v1 = api.sdk.v1

    async def open_page(self, order: Order, return_url: str, cancel_url: str) -> CheckoutSession:
        """See `OrderVendor.open_page`. All parameters come from the order's row: the same key, the same request."""
        if order.email is None:
            raise AssertionError("only orders that ended are forgotten")
        email, metadata = order.email, {PURCHASE_METADATA: order.reference}
        session = await self._api.call(
            "checkout.sessions.create",
            lambda: self._v1.checkout.sessions.create_async(
                {
                    "mode": "payment",
                    "client_reference_id": order.reference,
                    "customer_email": email,
                    "locale": "fr" if order.locale == "fr" else "en",
                    "line_items": [
                        {
                            "quantity": 1,
                            "price_data": {
                                "currency": order.currency,
                                "unit_amount": order.price_minor,
                                "product_data": {"name": order.title},
                            },
                        }
                    ],
                    "success_url": return_url,
                    "cancel_url": cancel_url,
                    "expires_at": int(order.payable_until.timestamp()),
                    "metadata": metadata,
                    "payment_intent_data": {"metadata": metadata},
                    "adaptive_pricing": {"enabled": False},
                },
                {"idempotency_key": f"order:{order.reference}:{order.checkout_attempt}"},
            ),
        )
        facts = read_session(session)
        if facts.url is None:
            raise PaymentsUnavailable("the session has no page")
        return facts

    async def pay_back(self, order: Order) -> Refund:
        """See `OrderVendor.pay_back`. Without an amount Stripe gives back what is left, so never more than was paid."""
        intent_id = _intent_of(order)
        answer = await self._api.call(
            "refunds.create",
            lambda: self._v1.refunds.create_async(
                {"payment_intent": intent_id, "metadata": {PURCHASE_METADATA: order.reference}},
                {"idempotency_key": f"order_refund:{order.reference}:{order.refund_attempt}"},
            ),
        )
        return _read(answer)

    async def reversals(self, order: Order) -> Reversals:
        """See `OrderVendor.reversals`."""
        return await self._api.reversals_of_payment(_intent_of(order), order.currency)


def _intent_of(order: Order) -> str:
    if order.stripe_payment_intent_id is None:
        raise AssertionError("an order that was paid has its payment")
    return order.stripe_payment_intent_id


def _read(answer: stripe.Refund) -> Refund:
    try:
        refund = _Refund.model_validate(answer.to_dict())
    except ValidationError as error:
        raise PaymentsUnavailable("the answer is not a refund") from error
    return Refund(refund.id, refund.status not in _WILL_NOT_ARRIVE)

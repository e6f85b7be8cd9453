"""Our calls to Stripe about cards on file, and about payments without their owner there."""

from datetime import UTC, datetime, timedelta
from typing import Any

import stripe

from billing.purchases.ports import PaymentsRefused, PaymentsUnavailable
from billing.stripe.client import PURCHASE_METADATA, StripeApi, key_of_one_call
from billing.stripe.off_session_answers import TOP_UP_METADATA, read_off_session
from billing.top_ups.ports import CardPage
from billing.top_ups.rules import Card, OffSessionPayment, TopUp

INTENTS_PER_PAGE = 100
INTENT_PAGES_MAX = 5
CLOCKS_APART = timedelta(minutes=5)


class OffSessionApi:
    """Stripe as automatic top-ups use it. Implements `billing.top_ups.ports.CardVendor`.

    All may raise `ObjectMissing`, which is a `PaymentsRefused`."""

    def __init__(self, api: StripeApi) -> None:
        self._api = api
        self._v1 = api.sdk.v1

    async def open_card_page(self, customer_id: str, return_url: str, key: str) -> CardPage:
        """See `CardVendor.open_card_page`: Checkout in setup mode."""
        session = await self._api.call(
            "checkout.sessions.create",
            lambda: self._v1.checkout.sessions.create_async(
                {
                    "mode": "setup",
                    "customer": customer_id,
                    "allowed_payment_method_types": ["card"],
                    "success_url": return_url,
                    "cancel_url": return_url,
                },
                {"idempotency_key": key},
            ),
        )
        if session.url is None:
            raise PaymentsUnavailable("the session has no page")
        return CardPage(session.url, datetime.fromtimestamp(session.expires_at, UTC))

    async def card_of(self, customer_id: str) -> Card | None:
        """See `CardVendor.card_of`."""
        customer = await self._api.call("customers.retrieve", lambda: self._v1.customers.retrieve_async(customer_id))
        chosen = (customer.to_dict().get("invoice_settings") or {}).get("default_payment_method")
        if not isinstance(chosen, str):
            return await self._newest_card(customer_id)
        method = await self._api.call(
            "payment_methods.retrieve", lambda: self._v1.payment_methods.retrieve_async(chosen)
        )
        return _card(method) or await self._newest_card(customer_id)

    async def choose_newest_card(self, customer_id: str) -> Card | None:
        """See `CardVendor.choose_newest_card`."""
        card = await self._newest_card(customer_id)
        if card is not None:
            key = key_of_one_call(f"card:{customer_id}")
            await self._api.call(
                "customers.update",
                lambda: self._v1.customers.update_async(
                    customer_id,
                    {"invoice_settings": {"default_payment_method": card.payment_method_id}},
                    {"idempotency_key": key},
                ),
            )
        return card

    async def buy(self, top_up: TopUp) -> OffSessionPayment:
        """See `CardVendor.buy`. All parameters come from the attempt's row: the same key, the same request."""
        customer, method = top_up.customer_id, top_up.payment_method_id
        if customer is None or method is None:
            raise AssertionError("an attempt has its customer and card before it is paid")

        async def request() -> OffSessionPayment:
            try:
                intent = await self._v1.payment_intents.create_async(
                    {
                        "amount": top_up.amount_minor,
                        "currency": top_up.currency,
                        "customer": customer,
                        "payment_method": method,
                        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                        "off_session": True,
                        "confirm": True,
                        "description": f"{top_up.credits} credits",
                        "metadata": {PURCHASE_METADATA: top_up.reference, TOP_UP_METADATA: "1"},
                    },
                    {"idempotency_key": top_up.idempotency_key},
                )
            except stripe.CardError as error:
                return _declined(error)
            return read_off_session(intent, PURCHASE_METADATA)

        return await self._api.call("payment_intents.create", request)

    async def find(self, top_up: TopUp) -> OffSessionPayment | None:
        """See `CardVendor.find`: by the customer's list, which shows an intent as soon as there is one."""
        customer = top_up.customer_id
        if customer is None:
            return None
        since = int((top_up.created_at - CLOCKS_APART).timestamp())
        page = await self._api.call(
            "payment_intents.list",
            lambda: self._v1.payment_intents.list_async(
                {"customer": customer, "created": {"gte": since}, "limit": INTENTS_PER_PAGE}
            ),
        )
        for _ in range(INTENT_PAGES_MAX):
            for intent in page.data:
                metadata = intent.to_dict().get("metadata") or {}
                if TOP_UP_METADATA in metadata and metadata.get(PURCHASE_METADATA) == top_up.reference:
                    return read_off_session(intent, PURCHASE_METADATA)
            if not page.has_more:
                return None
            page = await self._api.call("payment_intents.list", page.next_page_async)
        raise PaymentsRefused("the customer has more payments than we look through")

    async def look(self, payment_intent_id: str) -> OffSessionPayment:
        """See `CardVendor.look`."""
        intent = await self._api.call(
            "payment_intents.retrieve", lambda: self._v1.payment_intents.retrieve_async(payment_intent_id)
        )
        return read_off_session(intent, PURCHASE_METADATA)

    async def give_up(self, payment_intent_id: str) -> OffSessionPayment:
        """See `CardVendor.give_up`."""
        try:
            intent = await self._api.call(
                "payment_intents.cancel",
                lambda: self._v1.payment_intents.cancel_async(
                    payment_intent_id,
                    {"cancellation_reason": "abandoned"},
                    {"idempotency_key": f"give_up:{payment_intent_id}"},
                ),
            )
        except PaymentsRefused:  # paid or cancelled before: its state says which
            return await self.look(payment_intent_id)
        return read_off_session(intent, PURCHASE_METADATA)

    async def _newest_card(self, customer_id: str) -> Card | None:
        found = await self._api.call(
            "payment_methods.list",
            lambda: self._v1.customers.payment_methods.list_async(customer_id, {"type": "card", "limit": 1}),
        )
        return _card(found.data[0]) if found.data else None


def _card(method: stripe.PaymentMethod) -> Card | None:
    plain: dict[str, Any] = method.to_dict()
    shown = plain.get("card")
    if not isinstance(shown, dict) or plain.get("customer") is None:
        return None
    return Card(str(plain["id"]), str(shown.get("brand") or "card"), str(shown.get("last4") or "")[:4])


def _declined(error: stripe.CardError) -> OffSessionPayment:
    """What a declined charge left behind: its intent comes with the error.

    Raises:
        PaymentsRefused: it does not.
    """
    body = error.json_body if isinstance(error.json_body, dict) else {}
    intent = (body.get("error") or {}).get("payment_intent")
    if not isinstance(intent, dict):
        raise PaymentsRefused(f"declined without a payment intent: {error.code}") from error
    return read_off_session(intent, PURCHASE_METADATA)

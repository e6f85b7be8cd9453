"""Our calls to Stripe about customers, subscriptions, their invoices and the customer portal."""

import hashlib
import json
from uuid import UUID

import stripe

from billing.purchases.ports import PaymentsRefused, PaymentsUnavailable
from billing.purchases.rules import CheckoutSession
from billing.stripe.answers import ObjectMissing, read_session
from billing.stripe.client import StripeApi, key_of_one_call
from billing.stripe.schedule_api import ScheduleApi
from billing.stripe.subscription_answers import ORDER_METADATA, read_facts, read_subscription_of_invoice
from billing.subscriptions.periods import Interval
from billing.subscriptions.ports import CustomerMissing, PaymentDeclined, PriceMissing
from billing.subscriptions.rules import Facts, Order
from common.ids import to_text

INVOICES_READ_MAX = 12
EXPANDED = ["latest_invoice", "schedule"]
PORTAL_METADATA = "atelier_portal"
_PORTAL_FEATURES: stripe.params.billing_portal.ConfigurationCreateParamsFeatures = {
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
    "subscription_update": {"enabled": False},
}
"""Plans are changed by our own API, which knows what a change means for credits."""
_PORTAL_DIGEST = hashlib.sha256(json.dumps(_PORTAL_FEATURES, sort_keys=True).encode()).hexdigest()[:16]


class SubscriptionApi:
    """Stripe as subscriptions use it. Implements `billing.subscriptions.ports.SubscriptionGateway`."""

    def __init__(self, api: StripeApi) -> None:
        self._api = api
        self._schedules = ScheduleApi(api)
        self._portal: str | None = None

    async def create_customer(self, account_id: UUID, generation: int) -> str:
        """A customer for an account; `generation` counts those the account had before. No address is passed on."""
        account = to_text("acc", account_id)
        customer = await self._api.call(
            "customers.create",
            lambda: self._api.sdk.v1.customers.create_async(
                {"metadata": {"account_id": account}}, {"idempotency_key": f"customer:{account}:{generation}"}
            ),
        )
        return customer.id

    async def open_session(self, order: Order) -> CheckoutSession:
        """The payment page of this attempt of an order; see `SubscriptionGateway.open_session`."""
        if order.stripe_customer_id is None or order.stripe_price_id is None:
            raise AssertionError("an order is given its customer and price before its page")
        metadata = {ORDER_METADATA: order.reference}
        customer, price = order.stripe_customer_id, order.stripe_price_id
        try:
            session = await self._api.call(
                "checkout.sessions.create",
                lambda: self._api.sdk.v1.checkout.sessions.create_async(
                    {
                        "mode": "subscription",
                        "client_reference_id": order.reference,
                        "customer": customer,
                        "line_items": [{"price": price, "quantity": 1}],
                        "success_url": order.success_url,
                        "cancel_url": order.cancel_url,
                        "metadata": metadata,
                        "subscription_data": {"metadata": metadata},
                    },
                    {"idempotency_key": f"checkout:{order.reference}:{order.checkout_attempt}"},
                ),
            )
        except PaymentsRefused as error:
            raise _named(error) from error
        facts = read_session(session)
        if facts.url is None:
            raise PaymentsUnavailable("the session has no page")
        return facts

    async def expire_session(self, session_id: str) -> bool:
        """Close a payment page; False when it was paid."""
        key = key_of_one_call(f"expire:{session_id}")
        try:
            await self._api.call(
                "checkout.sessions.expire",
                lambda: self._api.sdk.v1.checkout.sessions.expire_async(session_id, {}, {"idempotency_key": key}),
            )
        except ObjectMissing:
            return True
        except PaymentsRefused:
            return (await self._api.session(session_id)).status != "complete"
        return True

    async def subscription_of_session(self, session_id: str) -> str | None:
        """The subscription that a payment page led to, if it has led to one."""
        answer = await self._api.call(
            "checkout.sessions.retrieve", lambda: self._api.sdk.v1.checkout.sessions.retrieve_async(session_id)
        )
        found = answer.to_dict().get("subscription")
        return found if isinstance(found, str) else None

    async def subscription_of_invoice(self, invoice_id: str) -> str | None:
        """The subscription that an invoice is of."""
        answer = await self._api.call("invoices.retrieve", lambda: self._api.sdk.v1.invoices.retrieve_async(invoice_id))
        return read_subscription_of_invoice(answer)

    async def invoice_of_payment(self, payment_intent_id: str) -> str | None:
        """The invoice that a payment intent pays."""
        found = await self._api.call(
            "invoice_payments.list",
            lambda: self._api.sdk.v1.invoice_payments.list_async(
                {"payment": {"type": "payment_intent", "payment_intent": payment_intent_id}, "limit": 1}
            ),
        )
        if not found.data:
            return None
        invoice = found.data[0].to_dict().get("invoice")
        return invoice if isinstance(invoice, str) else None

    async def facts(self, stripe_subscription_id: str, invoice_id: str | None = None) -> Facts:
        """A subscription as it is now, with its last paid invoices and, should it not be among them, this one."""
        answer = await self._api.call(
            "subscriptions.retrieve",
            lambda: self._api.sdk.v1.subscriptions.retrieve_async(stripe_subscription_id, {"expand": EXPANDED}),
        )
        listed = await self._api.call(
            "invoices.list",
            lambda: self._api.sdk.v1.invoices.list_async(
                {"subscription": stripe_subscription_id, "status": "paid", "limit": INVOICES_READ_MAX}
            ),
        )
        invoices = list(listed.data)
        if invoice_id is not None and all(invoice.id != invoice_id for invoice in invoices):
            invoices.append(
                await self._api.call("invoices.retrieve", lambda: self._api.sdk.v1.invoices.retrieve_async(invoice_id))
            )
        return read_facts(answer, invoices)

    async def change_price(
        self, stripe_subscription_id: str, stripe_item_id: str, stripe_price_id: str, *, at_once: bool, key: str
    ) -> None:
        """Sell another price from now on, charged at once, or from the next renewal on, charged then.

        What was planned for the end of the period is forgotten.

        Raises:
            PaymentDeclined: the card was declined, and nothing has changed.
        """
        await self._schedules.forget_plans(stripe_subscription_id, key)
        try:
            await self._api.call(
                "subscriptions.update",
                lambda: self._api.sdk.v1.subscriptions.update_async(
                    stripe_subscription_id,
                    {
                        "items": [{"id": stripe_item_id, "price": stripe_price_id}],
                        "proration_behavior": "always_invoice" if at_once else "none",
                        "payment_behavior": "error_if_incomplete",
                    },
                    {"idempotency_key": key},
                ),
            )
        except PaymentsRefused as error:
            if isinstance(error.__cause__, stripe.CardError):
                raise PaymentDeclined(error.__cause__.user_message or "The card was declined.") from error
            raise _named(error) from error

    async def change_at_period_end(
        self, stripe_subscription_id: str, stripe_price_id: str, interval: Interval, key: str
    ) -> None:
        """Sell another price, of another interval, from the next renewal on.

        Raises:
            PriceMissing: the price is gone.
        """
        try:
            await self._schedules.plan_next(stripe_subscription_id, stripe_price_id, interval, key)
        except PaymentsRefused as error:
            raise _named(error) from error

    async def cancel_at_period_end(self, stripe_subscription_id: str, *, cancel: bool, key: str) -> None:
        """Let a subscription end with its period, or take that back; what else was planned for then is forgotten."""
        await self._schedules.forget_plans(stripe_subscription_id, key)
        await self._api.call(
            "subscriptions.update",
            lambda: self._api.sdk.v1.subscriptions.update_async(
                stripe_subscription_id, {"cancel_at_period_end": cancel}, {"idempotency_key": key}
            ),
        )

    async def cancel_now(self, stripe_subscription_id: str) -> None:
        """End a subscription at once; nothing where it is over."""
        try:
            await self._api.call(
                "subscriptions.cancel", lambda: self._api.sdk.v1.subscriptions.cancel_async(stripe_subscription_id)
            )
        except ObjectMissing:
            return

    async def open_portal(self, stripe_customer_id: str, return_url: str, key: str) -> str:
        """The address of the customer portal for a customer, for some minutes.

        Raises:
            CustomerMissing: Stripe does not know them.
        """
        if self._portal is None:
            self._portal = await self._configure_portal()
        configuration = self._portal
        try:
            session = await self._api.call(
                "billing_portal.sessions.create",
                lambda: self._api.sdk.v1.billing_portal.sessions.create_async(
                    {"customer": stripe_customer_id, "configuration": configuration, "return_url": return_url},
                    {"idempotency_key": key},
                ),
            )
        except PaymentsRefused as error:
            self._portal = None
            raise _named(error) from error
        return session.url

    async def _configure_portal(self) -> str:
        """The configuration with our features: the one there is, or a new one."""
        found = await self._api.call(
            "billing_portal.configurations.list",
            lambda: self._api.sdk.v1.billing_portal.configurations.list_async({"active": True, "limit": 100}),
        )
        for configuration in found.data:
            if (configuration.to_dict().get("metadata") or {}).get(PORTAL_METADATA) == _PORTAL_DIGEST:
                return configuration.id
        made = await self._api.call(
            "billing_portal.configurations.create",
            lambda: self._api.sdk.v1.billing_portal.configurations.create_async(
                {"features": _PORTAL_FEATURES, "metadata": {PORTAL_METADATA: _PORTAL_DIGEST}},
                {"idempotency_key": f"portal-configuration:{_PORTAL_DIGEST}"},
            ),
        )
        return made.id


def _named(error: PaymentsRefused) -> PaymentsRefused:
    """What is missing or no longer sold, when Stripe says so."""
    cause = error.__cause__
    parameter = cause.param or "" if isinstance(cause, stripe.InvalidRequestError) else ""
    if parameter == "customer":
        return CustomerMissing(str(error))
    if parameter.startswith(("line_items", "items", "phases")):
        return PriceMissing(str(error))
    return error

"""Our calls to Stripe: pinned API version, one retry loop, deadlines, spans, facts instead of SDK objects."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import stripe
from opentelemetry.trace import SpanKind

from billing.purchases.ports import PaymentsRefused, PaymentsUnavailable
from billing.purchases.reversals import Reversals
from billing.purchases.rules import CheckoutSession, Purchase
from billing.stripe.answers import (
    ObjectMissing,
    is_worth_retrying,
    read_session,
    retry_after_seconds,
    translate,
)
from billing.stripe.http_client import StripeTransport
from billing.stripe.metrics import stripe_calls
from billing.stripe.off_session_answers import is_of_top_up, read_off_session
from billing.stripe.reversals import read_payment_of, read_reversals
from common.ids import new_id
from common.telemetry.tracing import span

API_VERSION = "2026-10-28.endive"
TRIES_MAX = 4
BACKOFF_SECONDS = 0.15
PAUSE_SECONDS_MAX = 2.0
CALL_SECONDS_MAX = 8.0  # below the 10 s after which the gateway gives up on a pass-through

REVERSALS_PER_PAGE = 100  # the most Stripe gives
REVERSAL_PAGES_MAX = 5

PURCHASE_METADATA = "purchase_id"
"""Where a payment says what it is for: a purchase, or an order of somebody without an account."""

T = TypeVar("T")
Listed = TypeVar("Listed", bound=stripe.StripeObject)


def key_of_one_call(what: str) -> str:
    """A key for a write that says what shall be and may be said again any day: one for each call, with all its tries.

    A key made of the wish alone would be answered for a day with what came of it the first time.
    """
    return f"{what}:{new_id()}"


class StripeApi:
    """Stripe as billing uses it. Implements `billing.purchases.ports.CheckoutGateway`.

    Args:
        api_key: secret or restricted key.
        api_base: without `/v1`.
        call_seconds_max: the deadline of one call with all its tries.
    """

    def __init__(self, api_key: str, api_base: str, *, call_seconds_max: float = CALL_SECONDS_MAX) -> None:
        stripe.enable_telemetry = False  # it would write a file into the home directory
        self._transport = StripeTransport(min(call_seconds_max, CALL_SECONDS_MAX * 0.75))
        self._call_seconds_max = call_seconds_max
        self._client = stripe.StripeClient(
            api_key,
            stripe_version=API_VERSION,
            base_addresses={"api": api_base.rstrip("/")},
            max_network_retries=0,
            http_client=self._transport,
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._transport.close_async()

    async def open_session(self, purchase: Purchase, product_name: str) -> CheckoutSession:
        """The payment page of this attempt of a purchase; see `CheckoutGateway.open_session`.

        All parameters come from the purchase's row, so that a repetition under the key is the same request.
        """
        metadata = {PURCHASE_METADATA: purchase.reference}
        session = await self._call(
            "checkout.sessions.create",
            lambda: self._client.v1.checkout.sessions.create_async(
                {
                    "mode": "payment",
                    "client_reference_id": purchase.reference,
                    "line_items": [
                        {
                            "quantity": 1,
                            "price_data": {
                                "currency": purchase.currency,
                                "unit_amount": purchase.amount_minor,
                                "product_data": {"name": product_name},
                            },
                        }
                    ],
                    "success_url": purchase.success_url,
                    "cancel_url": purchase.cancel_url,
                    "metadata": metadata,
                    "payment_intent_data": {"metadata": metadata},
                    "adaptive_pricing": {"enabled": False},
                },
                {"idempotency_key": f"checkout:{purchase.reference}:{purchase.checkout_attempt}"},
            ),
        )
        facts = read_session(session)
        if facts.url is None:
            raise PaymentsUnavailable("the session has no page")
        return facts

    async def session(self, session_id: str) -> CheckoutSession:
        """A Checkout session as it is now.

        Raises:
            ObjectMissing: there is none.
            PaymentsUnavailable: no answer, or not now.
            PaymentsRefused: never like this.
        """
        answer = await self._call(
            "checkout.sessions.retrieve",
            lambda: self._client.v1.checkout.sessions.retrieve_async(session_id, {"expand": ["payment_intent"]}),
        )
        return read_session(answer)

    async def session_of_payment(self, payment_intent_id: str) -> CheckoutSession | None:
        """The Checkout session a payment was made in; None for a payment that no purchase of ours led to.

        An automatic top-up pays without a session; its payment intent reads as one.

        Raises:
            ObjectMissing: the payment is for a purchase, and its session does not show yet.
            PaymentsUnavailable: no answer, or not now.
            PaymentsRefused: never like this.
        """
        found = await self._call(
            "checkout.sessions.list",
            lambda: self._client.v1.checkout.sessions.list_async({"payment_intent": payment_intent_id, "limit": 1}),
        )
        if found.data:
            return await self.session(found.data[0].id)
        intent = await self._call(
            "payment_intents.retrieve",
            lambda: self._client.v1.payment_intents.retrieve_async(payment_intent_id),
        )
        metadata = intent.to_dict().get("metadata") or {}
        if is_of_top_up(metadata):
            return read_off_session(intent, PURCHASE_METADATA).facts
        if PURCHASE_METADATA in metadata:
            raise ObjectMissing("the payment's session does not show yet")
        return None

    async def payment_of_charge(self, charge_id: str) -> str | None:
        """The payment intent of a charge, if it has one; raises as `session` does."""
        answer = await self._call("charges.retrieve", lambda: self._client.v1.charges.retrieve_async(charge_id))
        return read_payment_of(answer)

    async def payment_of_refund(self, refund_id: str) -> str | None:
        """The payment intent of a refund, if it has one; raises as `session` does."""
        answer = await self._call("refunds.retrieve", lambda: self._client.v1.refunds.retrieve_async(refund_id))
        return read_payment_of(answer)

    async def payment_of_dispute(self, dispute_id: str) -> str | None:
        """The payment intent of a dispute, if it has one; raises as `session` does."""
        answer = await self._call("disputes.retrieve", lambda: self._client.v1.disputes.retrieve_async(dispute_id))
        return read_payment_of(answer)

    async def reversals_of_payment(self, payment_intent_id: str, currency: str) -> Reversals:
        """What all refunds and disputes of a payment add up to now.

        Raises:
            PaymentsUnavailable: no answer, or not now.
            PaymentsRefused: never like this, more of them than we read, or not in the payment's currency.
        """
        refunds = await self._all(
            "refunds.list",
            lambda: self._client.v1.refunds.list_async(
                {"payment_intent": payment_intent_id, "limit": REVERSALS_PER_PAGE}
            ),
        )
        disputes = await self._all(
            "disputes.list",
            lambda: self._client.v1.disputes.list_async(
                {"payment_intent": payment_intent_id, "limit": REVERSALS_PER_PAGE}
            ),
        )
        return read_reversals(refunds, disputes, currency)

    async def _all(
        self, operation: str, first_page: Callable[[], Awaitable[stripe.ListObject[Listed]]]
    ) -> list[Listed]:
        """Every object of a list; one that is too long is refused, for a part of it would be a wrong sum."""
        page = await self._call(operation, first_page)
        found = list(page.data)
        for _ in range(REVERSAL_PAGES_MAX - 1):
            if not page.has_more:
                break
            page = await self._call(operation, page.next_page_async)
            found += page.data
        if page.has_more:
            raise PaymentsRefused(f"{operation} has more than {REVERSAL_PAGES_MAX} pages")
        return found

    @property
    def sdk(self) -> stripe.StripeClient:
        """The SDK's client, for the modules beside this one, who ask through `call`."""
        return self._client

    async def call(self, operation: str, request: Callable[[], Awaitable[T]]) -> T:
        """One call with its tries, in one span, within the deadline; raises as `session` does."""
        return await self._call(operation, request)

    async def _call(self, operation: str, request: Callable[[], Awaitable[T]]) -> T:
        """One call with its tries, in one span, within the deadline."""
        outcome = "error"
        with span(f"stripe {operation}", kind=SpanKind.CLIENT, attributes={"rpc.system": "stripe"}):
            try:
                async with asyncio.timeout(self._call_seconds_max):
                    answer = await self._tried(request)
                outcome = "ok"
            except stripe.StripeError as error:
                raise translate(error) from error
            except TimeoutError as error:
                outcome = "timeout"
                raise PaymentsUnavailable("no answer in time") from error
            else:
                return answer
            finally:
                stripe_calls.labels(operation, outcome).inc()

    async def _tried(self, request: Callable[[], Awaitable[T]]) -> T:
        for attempt in range(1, TRIES_MAX + 1):
            try:
                return await request()
            except stripe.StripeError as error:
                if attempt == TRIES_MAX or not is_worth_retrying(error):
                    raise
                pause = BACKOFF_SECONDS * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
                await asyncio.sleep(min(PAUSE_SECONDS_MAX, max(pause, retry_after_seconds(error))))
        raise AssertionError("unreachable")

"""Reads Stripe's lists for reconciliation: events and what was paid or reversed in a window, a page at a time.

Only one page is in memory. A list with more pages than `PAGES_MAX` is refused, for a part of it would prove nothing.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import stripe
from pydantic import BaseModel, ConfigDict, ValidationError

from billing.purchases.ports import PaymentsRefused, PaymentsUnavailable
from billing.reconciliation.rules import Listed, Window
from billing.stripe.answers import ObjectMissing
from billing.stripe.client import PURCHASE_METADATA, StripeApi
from billing.stripe.signature import StripeEvent

PER_PAGE = 100  # the most Stripe gives
PAGES_MAX = 1_000
TYPES_AT_ONCE_MAX = 20  # of events (docs.stripe.com/api/events/list)

L = TypeVar("L", bound=stripe.StripeObject)


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """An event as Stripe lists it, with its JSON; `payment_intent_id` where its object names one."""

    event: StripeEvent
    raw: bytes
    payment_intent_id: str | None


class _Intent(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str
    status: str
    amount_received: int
    currency: str
    customer: str | None = None
    metadata: dict[str, str] = {}


class _Session(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str
    mode: str
    status: str
    payment_status: str
    currency: str | None = None
    client_reference_id: str | None = None


class _PaidBy(BaseModel):
    model_config = ConfigDict(extra="ignore")

    payment_intent: str | None = None


class _InvoicePayment(BaseModel):
    model_config = ConfigDict(extra="ignore")

    invoice: str
    payment: _PaidBy


class _InvoicePayments(BaseModel):
    model_config = ConfigDict(extra="ignore")

    data: list[_InvoicePayment] = []


class _Invoice(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str
    status: str
    total: int
    amount_paid: int
    currency: str
    customer: str | None = None
    payments: _InvoicePayments = _InvoicePayments()


class StripeListing:
    """Stripe's lists. Everything here may raise `PaymentsUnavailable` and `PaymentsRefused`."""

    def __init__(self, api: StripeApi) -> None:
        self._api = api
        self._v1 = api.sdk.v1

    async def events(self, types: Iterable[str], window: Window) -> AsyncIterator[list[ListedEvent]]:
        """The events of these types, newest first within each group of types."""
        wanted = sorted(types)
        for start in range(0, len(wanted), TYPES_AT_ONCE_MAX):
            group = wanted[start : start + TYPES_AT_ONCE_MAX]
            pages = self._pages(
                "events.list",
                lambda group=group: self._v1.events.list_async(  # type: ignore[misc]
                    {"types": group, "created": _created(window), "limit": PER_PAGE}
                ),
            )
            async for page in pages:
                yield [_event(one) for one in page]

    async def payments(self, window: Window) -> AsyncIterator[list[Listed]]:
        """The payment intents made in the window that were paid."""
        pages = self._pages(
            "payment_intents.list",
            lambda: self._v1.payment_intents.list_async({"created": _created(window), "limit": PER_PAGE}),
        )
        async for page in pages:
            yield [listed for one in page if (listed := _payment(one)).settled]

    async def free_sessions(self, window: Window) -> AsyncIterator[list[Listed]]:
        """The complete Checkout sessions of the window for which a coupon left nothing to pay."""
        pages = self._pages(
            "checkout.sessions.list",
            lambda: self._v1.checkout.sessions.list_async(
                {"status": "complete", "created": _created(window), "limit": PER_PAGE}
            ),
        )
        async for page in pages:
            yield [listed for one in page if (listed := _session(one)) is not None and listed.settled]

    async def invoices(self, window: Window) -> AsyncIterator[list[Listed]]:
        """The paid invoices made in the window."""
        pages = self._pages(
            "invoices.list",
            lambda: self._v1.invoices.list_async(
                {"status": "paid", "created": _created(window), "limit": PER_PAGE, "expand": ["data.payments"]}
            ),
        )
        async for page in pages:
            yield [_invoice(one) for one in page]

    async def reversed_payments(self, window: Window) -> AsyncIterator[list[str]]:
        """The payment intents that were refunded or disputed in the window."""
        created = _created(window)
        refunds = self._pages(
            "refunds.list", lambda: self._v1.refunds.list_async({"created": created, "limit": PER_PAGE})
        )
        async for page in refunds:
            yield _intents_of(page)
        disputes = self._pages(
            "disputes.list", lambda: self._v1.disputes.list_async({"created": created, "limit": PER_PAGE})
        )
        async for disputed in disputes:
            yield _intents_of(disputed)

    async def one(self, payment_id: str) -> Listed | None:
        """A payment intent, Checkout session or invoice by its id, as it is now; None when there is no such thing."""
        try:
            if payment_id.startswith("cs_"):
                return _session(
                    await self._api.call(
                        "checkout.sessions.retrieve", lambda: self._v1.checkout.sessions.retrieve_async(payment_id)
                    )
                )
            if payment_id.startswith("in_"):
                return _invoice(
                    await self._api.call(
                        "invoices.retrieve",
                        lambda: self._v1.invoices.retrieve_async(payment_id, {"expand": ["payments"]}),
                    )
                )
            return _payment(
                await self._api.call(
                    "payment_intents.retrieve", lambda: self._v1.payment_intents.retrieve_async(payment_id)
                )
            )
        except ObjectMissing:
            return None

    async def invoice_of_payment(self, payment_intent_id: str) -> str | None:
        """The invoice a payment intent has paid, if it has."""
        found = await self._api.call(
            "invoice_payments.list",
            lambda: self._v1.invoice_payments.list_async(
                {"payment": {"type": "payment_intent", "payment_intent": payment_intent_id}, "limit": 1}
            ),
        )
        return _read(_InvoicePayment, found.data[0]).invoice if found.data else None

    async def net_reversed(self, listed: Listed) -> int:
        """What of a payment was refunded or disputed and has not come back, in its currency's smallest unit."""
        if listed.currency is None:
            return 0
        net = 0
        for intent_id in listed.payment_intent_ids:
            reversals = await self._api.reversals_of_payment(intent_id, listed.currency)
            net += reversals.reversed_minor - reversals.reinstated_minor
        return net

    async def _pages(
        self, operation: str, first_page: Callable[[], Awaitable[stripe.ListObject[L]]]
    ) -> AsyncIterator[Sequence[L]]:
        page = await self._api.call(operation, first_page)
        for _ in range(PAGES_MAX):
            yield page.data
            if not page.has_more:
                return
            page = await self._api.call(operation, page.next_page_async)
        raise PaymentsRefused(f"{operation} has more than {PAGES_MAX} pages")


def _created(window: Window) -> Any:
    return {"gte": int(window.since.timestamp()), "lt": int(window.until.timestamp()) + 1}


R = TypeVar("R", bound=BaseModel)


def _read(shape: type[R], answer: stripe.StripeObject) -> R:
    try:
        return shape.model_validate(answer.to_dict())
    except ValidationError as error:
        raise PaymentsUnavailable(f"an answer is no {shape.__name__.strip('_')}") from error


def _event(answer: stripe.Event) -> ListedEvent:
    plain = answer.to_dict()
    raw = json.dumps(plain, separators=(",", ":"), default=str).encode()  # the SDK reads decimals as such
    about = plain.get("data", {}).get("object", {})
    intent = about.get("payment_intent")
    return ListedEvent(_read(StripeEvent, answer), raw, intent if isinstance(intent, str) else None)


def _payment(answer: stripe.PaymentIntent) -> Listed:
    intent = _read(_Intent, answer)
    return Listed(
        kind="payment",
        payment_id=intent.id,
        paid_minor=intent.amount_received,
        currency=intent.currency,
        reference=intent.metadata.get(PURCHASE_METADATA),
        customer_id=intent.customer,
        payment_intent_ids=(intent.id,),
        settled=intent.status == "succeeded",
    )


def _session(answer: Any) -> Listed | None:
    """None for a session that led to a payment intent, which is looked at in its stead."""
    session = _read(_Session, answer)
    if session.mode != "payment" or session.payment_status != "no_payment_required":
        return None
    return Listed(
        kind="session",
        payment_id=session.id,
        paid_minor=0,
        currency=session.currency,
        reference=session.client_reference_id,
        settled=session.status == "complete",
    )


def _invoice(answer: stripe.Invoice) -> Listed:
    invoice = _read(_Invoice, answer)
    intents = (one.payment.payment_intent for one in invoice.payments.data)
    return Listed(
        kind="invoice",
        payment_id=invoice.id,
        paid_minor=max(invoice.total, invoice.amount_paid) if invoice.status == "paid" else 0,
        currency=invoice.currency,
        customer_id=invoice.customer,
        payment_intent_ids=tuple(intent for intent in intents if intent is not None),
        settled=invoice.status == "paid",
    )


def _intents_of(page: Sequence[stripe.StripeObject]) -> list[str]:
    return [intent for one in page if (intent := one.to_dict().get("payment_intent")) is not None]

"""Our calls to Stripe about invoices that accounts issue: a link that sells once, and the refund of a surplus."""

from pydantic import BaseModel, ConfigDict, ValidationError

from billing.invoice_payments.ports import PaymentLink
from billing.invoice_payments.rules import Bill, Surplus
from billing.purchases.ports import PaymentsUnavailable
from billing.stripe.answers import INVOICE_METADATA
from billing.stripe.client import StripeApi

NAME_CHARACTERS_MAX = 200
_CLOSED = {
    "en": "This invoice is paid or not payable any more.",
    "fr": "Cette facture est payée ou n’est plus à payer.",
}


class _Link(BaseModel):
    """A payment link (docs.stripe.com/api/payment-link/object)."""

    model_config = ConfigDict(extra="ignore")

    id: str
    url: str


class InvoiceApi:
    """Stripe as invoices use it. Implements `billing.invoice_payments.ports.InvoiceVendor`."""

    def __init__(self, api: StripeApi) -> None:
        self._api = api
        self._v1 = api.sdk.v1

    async def make_link(self, bill: Bill) -> PaymentLink:
        """See `InvoiceVendor.make_link`. All parameters come from the bill's row: the same key, the same request.

        Cards only: what arrives days later would leave a link that sells once closed and the invoice open.
        """
        metadata = {INVOICE_METADATA: bill.reference}
        name = " ".join(f"{bill.number} · {bill.title}".split())[:NAME_CHARACTERS_MAX]
        answer = await self._api.call(
            "payment_links.create",
            lambda: self._v1.payment_links.create_async(
                {
                    "line_items": [
                        {
                            "quantity": 1,
                            "price_data": {
                                "currency": bill.currency,
                                "unit_amount": bill.amount_minor,
                                "product_data": {"name": name},
                            },
                        }
                    ],
                    "restrictions": {"completed_sessions": {"limit": 1}},
                    "payment_method_types": ["card"],
                    "inactive_message": _CLOSED.get(bill.language, _CLOSED["en"]),
                    "metadata": metadata,
                    "payment_intent_data": {"metadata": metadata},
                },
                {"idempotency_key": f"invoice_link:{bill.reference}:{bill.link_attempt}"},
            ),
        )
        try:
            link = _Link.model_validate(answer.to_dict())
        except ValidationError as error:
            raise PaymentsUnavailable("the answer is not a payment link") from error
        return PaymentLink(link.id, link.url)

    async def close_link(self, bill: Bill) -> None:
        """See `InvoiceVendor.close_link`. Stripe closes a link that has sold by itself; this is for void ones too."""
        link_id = bill.stripe_link_id
        if link_id is None:
            raise AssertionError("only a bill with a link is closed")
        await self._api.call(
            "payment_links.update",
            lambda: self._v1.payment_links.update_async(
                link_id, {"active": False}, {"idempotency_key": f"invoice_link_closed:{bill.reference}:{link_id}"}
            ),
        )

    async def pay_back(self, surplus: Surplus) -> str:
        """See `InvoiceVendor.pay_back`."""
        answer = await self._api.call(
            "refunds.create",
            lambda: self._v1.refunds.create_async(
                {
                    "payment_intent": surplus.payment_intent_id,
                    "reason": "duplicate",
                    "metadata": {INVOICE_METADATA: surplus.reference},
                },
                {"idempotency_key": f"surplus_refund:{surplus.payment_intent_id}:{surplus.refund_attempt}"},
            ),
        )
        return str(answer.id)

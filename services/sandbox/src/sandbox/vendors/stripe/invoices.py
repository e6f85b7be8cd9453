"""Invoices: drafted from lines, finalized, paid, failed, voided, with the customer's credit balance."""

import time

from sandbox.vendors.stripe.cards import DECLINED, Cards, Verdict, decline_of, verdict_on
from sandbox.vendors.stripe.coupons import taken_off
from sandbox.vendors.stripe.customers import Customers
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.events import Events
from sandbox.vendors.stripe.form import Params, text
from sandbox.vendors.stripe.invoice_objects import Draft, invoice_object, line_object, payment_object
from sandbox.vendors.stripe.payments import Payments
from sandbox.vendors.stripe.store import HIDDEN, INCLUDABLE, StripeObject, StripeStore, shown

_RETRY_SECONDS = 3 * 86_400


class Invoices:
    """Makes invoices and collects them. A credit below zero is kept in the customer's balance for the next."""

    def __init__(
        self, store: StripeStore, events: Events, customers: Customers, cards: Cards, payments: Payments
    ) -> None:
        self._store = store
        self._events = events
        self._customers = customers
        self._cards = cards
        self._payments = payments

    def issue(self, draft: Draft) -> StripeObject:
        """A finalized invoice, open or, when nothing is due, paid; says `invoice.created`, `invoice.finalized`…"""
        customer = self._store.get("customer", draft.customer)
        invoice = self._store.add(invoice_object(draft, customer))
        self._fill(invoice, draft)
        self._events.emit("invoice.created", invoice)
        self._settle_balance(invoice, customer)
        self._number(invoice, customer)
        if invoice["amount_due"] > 0:
            self._open_payment(invoice)
        self._events.emit("invoice.finalized", invoice)
        if invoice["amount_due"] == 0:
            self._paid(invoice)
        return invoice

    def issue_paid(self, draft: Draft, intent: StripeObject | None) -> StripeObject:
        """The invoice of a purchase that an intent, if any was needed, has paid already."""
        customer = self._store.get("customer", draft.customer)
        invoice = self._store.add(invoice_object(draft, customer))
        self._fill(invoice, draft)
        self._events.emit("invoice.created", invoice)
        self._number(invoice, customer)
        if intent is not None:
            payment = self._store.add(payment_object(invoice, intent))
            invoice[HIDDEN][INCLUDABLE]["payments"]["data"].append(payment)
        self._events.emit("invoice.finalized", invoice)
        self._paid(invoice)
        return invoice

    def collect(
        self, invoice: StripeObject, method: StripeObject | None, verdict: Verdict | None = None, *, off_session: bool
    ) -> Verdict:
        """Tries to have an open invoice paid; the verdict is the payment method's unless it is ordered.

        Says what the payment says and `invoice.paid`, `invoice.payment_succeeded`, or `invoice.payment_failed` and
        maybe `invoice.payment_action_required`.
        """
        if invoice["status"] == "paid":
            return Verdict.PAID
        ordered = verdict or (verdict_on(method, off_session=off_session) if method else Verdict.FAILED)
        intent = self._intent_of(invoice)
        charged = method or self._cards.from_number(None, invoice["customer_email"])
        invoice["attempt_count"] += 1
        invoice["attempted"] = True
        match ordered:
            case Verdict.PAID:
                self._payments.succeed(intent, charged, invoice["customer_email"])
                self._paid(invoice)
            case Verdict.FAILED:
                why = decline_of(charged) if verdict is None else DECLINED
                self._payments.decline(intent, charged, invoice["customer_email"], why)
                self._failed(invoice)
            case Verdict.REQUIRES_ACTION:
                self._payments.ask_customer(intent, charged)
                self._failed(invoice)
                self._events.emit("invoice.payment_action_required", invoice)
        return ordered

    def note(self, invoice: StripeObject, *, passed: bool) -> None:
        """The payment that an open invoice waited for ended elsewhere."""
        if passed:
            self._paid(invoice)
        else:
            self._failed(invoice)

    def open_one(self, invoice_id: str) -> StripeObject:
        """An invoice that can still be paid.

        Raises:
            StripeError: 400, it is paid or void; 404.
        """
        invoice = self._store.get("invoice", invoice_id)
        if invoice["status"] == "paid":
            raise StripeError(400, "Invoice is already paid", code="invoice_already_paid")
        if invoice["status"] != "open":
            raise StripeError(400, f"This invoice is {invoice['status']}.", code="invoice_not_editable")
        return invoice

    def method_for(self, invoice: StripeObject, params: Params) -> StripeObject | None:
        """The payment method of a request to pay, or the one that would be charged by itself."""
        asked = text(params, "payment_method")
        if asked:
            return self._cards.owned(asked, invoice["customer"])
        details = (invoice["parent"] or {}).get("subscription_details")
        subscription = self._store.get("subscription", details["subscription"]) if details else None
        preferred = subscription["default_payment_method"] if subscription else None
        return self._customers.payment_method(invoice["customer"], preferred)

    def declined(self, invoice: StripeObject) -> StripeError:
        """The 402 of a payment that failed."""
        intent = self._intent_of(invoice)
        why = intent["last_payment_error"] or {"code": "invoice_payment_intent_requires_action"}
        message = why.get("message", "This payment requires additional user action before it can be completed.")
        details = {**why, "payment_intent": shown(intent)}
        return StripeError(402, message, kind="card_error", code=why["code"], details=details)

    def give_up(self, invoice_id: str, status: str) -> StripeObject:
        """Voids an open invoice, cancelling its payment, or marks it uncollectible; says so.

        Raises:
            StripeError: 400, it is not open; 404.
        """
        invoice = self.open_one(invoice_id)
        at = {"void": "voided_at", "uncollectible": "marked_uncollectible_at"}[status]
        invoice.update(status=status, next_payment_attempt=None)
        invoice["status_transitions"][at] = int(time.time())
        if status == "void":
            intent = self._intent_of(invoice)
            intent.update(status="canceled", cancellation_reason="void_invoice", canceled_at=int(time.time()))
            self._events.emit("payment_intent.canceled", intent)
        self._events.emit("invoice.voided" if status == "void" else "invoice.marked_uncollectible", invoice)
        return invoice

    def _number(self, invoice: StripeObject, customer: StripeObject) -> None:
        now = int(time.time())
        number = customer["next_invoice_sequence"]
        customer["next_invoice_sequence"] += 1
        invoice.update(status="open", effective_at=now, number=f"{customer['invoice_prefix']}-{number:04d}")
        invoice["auto_advance"] = True
        invoice["status_transitions"]["finalized_at"] = now

    def _fill(self, invoice: StripeObject, draft: Draft) -> None:
        subscription = draft.subscription["id"] if draft.subscription else None
        offs = taken_off(draft.coupon, [0 if line.proration else line.amount for line in draft.lines])
        discount = draft.discount["id"] if draft.discount else None
        for line, off in zip(draft.lines, offs, strict=True):
            part = {"amount": off, "discount": discount} if discount and off else None
            invoice["lines"]["data"].append(line_object(line, invoice, subscription, part))
        invoice["subtotal"] = invoice["subtotal_excluding_tax"] = sum(line.amount for line in draft.lines)
        invoice["total"] = invoice["total_excluding_tax"] = invoice["subtotal"] - sum(offs)
        invoice["amount_due"] = invoice["amount_remaining"] = max(invoice["total"], 0)
        if discount:
            invoice["discounts"] = [discount]
            invoice["total_discount_amounts"] = [{"amount": sum(offs), "discount": discount}]

    def _settle_balance(self, invoice: StripeObject, customer: StripeObject) -> None:
        """A negative balance is credit of the customer (docs.stripe.com/billing/customer/balance)."""
        owed = invoice["total"] + customer["balance"]
        ending = min(owed, 0)
        invoice.update(starting_balance=customer["balance"], ending_balance=ending)
        invoice["amount_due"] = invoice["amount_remaining"] = max(owed, 0)
        if customer["balance"] != ending:
            with self._events.changing("customer.updated", customer):
                customer["balance"] = ending

    def _open_payment(self, invoice: StripeObject) -> None:
        data = {"description": "Subscription creation" if invoice["parent"] else None}
        intent = self._payments.open_intent(invoice["amount_due"], invoice["currency"], invoice["customer"], data)
        payment = self._store.add(payment_object(invoice, intent))
        invoice[HIDDEN][INCLUDABLE]["payments"]["data"].append(payment)

    def _intent_of(self, invoice: StripeObject) -> StripeObject:
        (payment,) = invoice[HIDDEN][INCLUDABLE]["payments"]["data"]
        return self._store.get("payment_intent", payment["payment"]["payment_intent"])

    def _paid(self, invoice: StripeObject) -> None:
        now = int(time.time())
        due = invoice["amount_due"]
        invoice.update(status="paid", amount_paid=due, amount_remaining=0, attempted=True, next_payment_attempt=None)
        invoice["auto_advance"] = False
        invoice["status_transitions"]["paid_at"] = now
        for payment in invoice[HIDDEN][INCLUDABLE]["payments"]["data"]:
            payment.update(status="paid", amount_paid=due)
            payment["status_transitions"]["paid_at"] = now
        self._store.get("customer", invoice["customer"])["delinquent"] = False
        self._events.emit("invoice.paid", invoice)
        self._events.emit("invoice.payment_succeeded", invoice)

    def _failed(self, invoice: StripeObject) -> None:
        invoice["next_payment_attempt"] = int(time.time()) + _RETRY_SECONDS
        self._store.get("customer", invoice["customer"])["delinquent"] = True
        self._events.emit("invoice.payment_failed", invoice)

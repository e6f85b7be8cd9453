"""What paying a Checkout session does: payment, subscription, saved card, order without a price, bank transfer."""

from dataclasses import dataclass

from sandbox.vendors.stripe.cards import TRANSFER_FAILED, Cards, Decline, Verdict, decline_of, verdict_on
from sandbox.vendors.stripe.coupons import Coupons
from sandbox.vendors.stripe.customers import Customers
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.events import Events
from sandbox.vendors.stripe.invoice_objects import Draft, Line
from sandbox.vendors.stripe.invoices import Invoices
from sandbox.vendors.stripe.payments import Payments
from sandbox.vendors.stripe.session_objects import details_of
from sandbox.vendors.stripe.setup_intents import SetupIntents
from sandbox.vendors.stripe.store import HIDDEN, StripeObject, StripeStore
from sandbox.vendors.stripe.subscriptions import Subscriptions

DEFAULT_EMAIL = "customer@example.com"


@dataclass(frozen=True, slots=True)
class Payer:
    """What the customer entered; `name` and `card` may be missing, `bank_transfer` replaces the card."""

    email: str | None = None
    name: str | None = None
    card: str | None = None
    bank_transfer: bool = False


@dataclass(frozen=True, slots=True)
class Collectors:
    """The parts that paying sets in motion."""

    customers: Customers
    cards: Cards
    coupons: Coupons
    payments: Payments
    setup_intents: SetupIntents
    subscriptions: Subscriptions
    invoices: Invoices


class Completion:
    """Completes open sessions."""

    def __init__(self, store: StripeStore, events: Events, parts: Collectors) -> None:
        self._store = store
        self._events = events
        self._parts = parts

    def used_up(self, session: StripeObject) -> bool:
        """Whether the payment link of a session was switched off or has had all its sales."""
        return session["payment_link"] is not None and link_is_closed(
            self._store.get("payment_link", session["payment_link"])
        )

    def pay(self, session: StripeObject, items: list[StripeObject], payer: Payer) -> Decline | None:
        """Completes an open session, or tells why the card was declined and leaves it open."""
        self._identify(session, payer)
        email = session["customer_details"]["email"]
        method = self._method(session, payer, email)
        if method is not None and verdict_on(method, off_session=False) is Verdict.FAILED:
            why = decline_of(method)
            if session["mode"] == "payment":
                self._parts.payments.decline(self._intent(session), method, email, why)
            return why
        self._ensure_customer(session)
        match session["mode"]:
            case "subscription":
                self._subscribe(session, items, method)
            case "setup":
                self._set_up(session, method)
            case _:
                self._charge(session, items, method, awaits_bank=payer.bank_transfer)
        session.update(status="complete", url=None)
        self._count(session)
        self._events.emit("checkout.session.completed", session)
        return None

    def settle(self, session: StripeObject, *, arrived: bool) -> None:
        """A bank transfer arrives or fails; says `checkout.session.async_payment_succeeded` or `…_failed`.

        Raises:
            StripeError: 400, no transfer is awaited.
        """
        intent = session[HIDDEN]["intent"]
        if intent is None or intent["status"] != "processing":
            raise StripeError(400, "This Checkout Session awaits no bank transfer.")
        method = self._store.get("payment_method", intent["payment_method"])
        email = session["customer_details"]["email"]
        if arrived:
            self._parts.payments.succeed(intent, method, email)
            session["payment_status"] = "paid"
            self._events.emit("checkout.session.async_payment_succeeded", session)
        else:
            self._parts.payments.decline(intent, method, email, TRANSFER_FAILED)
            self._events.emit("checkout.session.async_payment_failed", session)

    def _identify(self, session: StripeObject, payer: Payer) -> None:
        details = session["customer_details"] or details_of(None)
        details["email"] = details["email"] or payer.email or DEFAULT_EMAIL
        details["name"] = details["name"] or payer.name
        session["customer_details"] = details

    def _method(self, session: StripeObject, payer: Payer, email: str) -> StripeObject | None:
        if session["amount_total"] == 0 and session["mode"] == "payment":
            return None
        if payer.bank_transfer:
            if not takes_bank_transfer(session):
                raise StripeError(400, "This Checkout Session takes no bank transfer.", param="action")
            return self._parts.cards.bank_transfer(email)
        return self._parts.cards.from_number(payer.card, email)

    def _ensure_customer(self, session: StripeObject) -> None:
        invoiced = (session["invoice_creation"] or {}).get("enabled", False)
        needed = session["mode"] == "subscription" or session["customer_creation"] == "always" or invoiced
        if session["customer"] is None and needed:
            details = session["customer_details"]
            made = self._parts.customers.create({"email": details["email"], "name": details["name"]})
            session["customer"] = made["id"]

    def _intent(self, session: StripeObject) -> StripeObject:
        hidden = session[HIDDEN]
        if hidden["intent"] is None:
            hidden["intent"] = self._parts.payments.open_intent(
                session["amount_total"],
                session["currency"],
                session["customer"],
                hidden["payment_intent_data"],
            )
        intent: StripeObject = hidden["intent"]
        return intent

    def _charge(
        self, session: StripeObject, items: list[StripeObject], method: StripeObject | None, *, awaits_bank: bool
    ) -> None:
        if method is None:
            session["payment_status"] = "no_payment_required"
        else:
            intent = self._intent(session)
            intent["customer"], session["payment_intent"] = session["customer"], intent["id"]
            email = session["customer_details"]["email"]
            if awaits_bank:
                intent["payment_method_types"] = ["customer_balance"]
                self._parts.payments.await_bank(intent, method, email)
                return
            if session["customer"] and intent["setup_future_usage"]:
                self._parts.cards.attach(method, session["customer"])
            self._parts.payments.succeed(intent, method, email)
            session["payment_status"] = "paid"
        if session["invoice_creation"]["enabled"]:
            self._invoice(session, items)

    def _invoice(self, session: StripeObject, items: list[StripeObject]) -> None:
        at = session["created"]
        lines = [Line(one["amount_total"], one["description"], one["price"], one["quantity"], at, at) for one in items]
        draft = Draft(session["customer"], session["currency"], lines, "manual", (at, at))
        session["invoice"] = self._parts.invoices.issue_paid(draft, session[HIDDEN]["intent"])["id"]

    def _subscribe(self, session: StripeObject, items: list[StripeObject], method: StripeObject | None) -> None:
        hidden = session[HIDDEN]
        if method:
            self._parts.cards.attach(method, session["customer"])
        subscription = self._parts.subscriptions.start(
            session["customer"], items, method, hidden["subscription_data"], hidden["discount"]
        )
        session.update(subscription=subscription["id"], invoice=subscription["latest_invoice"])
        session["payment_status"] = "paid" if session["amount_total"] else "no_payment_required"

    def _set_up(self, session: StripeObject, method: StripeObject | None) -> None:
        intent = self._parts.setup_intents.create({"customer": session["customer"], "metadata": session["metadata"]})
        if method:
            self._parts.setup_intents.finish(intent, method)
        session["setup_intent"] = intent["id"]

    def _count(self, session: StripeObject) -> None:
        if session[HIDDEN]["discount"]:
            self._parts.coupons.redeem(session[HIDDEN]["discount"])
        if session["payment_link"]:
            restrictions = self._store.get("payment_link", session["payment_link"])["restrictions"]
            if restrictions:
                restrictions["completed_sessions"]["count"] += 1


def link_is_closed(link: StripeObject) -> bool:
    """Whether a payment link is off or has had all its sales."""
    sales = (link["restrictions"] or {}).get("completed_sessions")
    return not link["active"] or (sales is not None and sales["count"] >= sales["limit"])


def takes_bank_transfer(session: StripeObject) -> bool:
    """Whether the page offers a bank transfer: one-off payments that do not insist on cards."""
    payable = session["mode"] == "payment" and bool(session["amount_total"])
    return payable and any(kind != "card" for kind in session["payment_method_types"])

"""Checkout sessions: made from line items, offered on a page, declined or expired. Paying is in `completion`."""

import time

from sandbox.vendors.stripe.cards import Decline
from sandbox.vendors.stripe.catalogue import Catalogue
from sandbox.vendors.stripe.completion import Completion, Payer
from sandbox.vendors.stripe.coupons import Coupons
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.events import Events
from sandbox.vendors.stripe.form import Params, listing, mapping, one_of, required, text
from sandbox.vendors.stripe.session_objects import add_up, check_items, details_of, session_object
from sandbox.vendors.stripe.store import HIDDEN, INCLUDABLE, StripeObject, StripeStore, listed

_MODES = ("payment", "subscription", "setup")


class Checkout:
    """Owns the sessions' lives from opening to the moment they are paid or expire."""

    def __init__(
        self,
        store: StripeStore,
        events: Events,
        catalogue: Catalogue,
        coupons: Coupons,
        completion: Completion,
        public_url: str,
    ) -> None:
        self._store = store
        self._events = events
        self._catalogue = catalogue
        self._coupons = coupons
        self._completion = completion
        self._public_url = public_url

    def create(self, params: Params) -> StripeObject:
        """An open session with its payment page.

        Raises:
            StripeError: 400, a missing or odd field; 404, no such price or customer.
        """
        required(params, "success_url")
        return self.open(params, [self._catalogue.line_item(item) for item in listing(params, "line_items")])

    def open(self, params: Params, items: list[StripeObject], link: StripeObject | None = None) -> StripeObject:
        """A session for line items, by itself or from a payment link.

        Raises:
            StripeError: as `create`.
        """
        mode = one_of(params, "mode", _MODES, "payment")
        check_items(items, mode)
        if text(mapping(params, "subscription_data"), "trial_period_days"):
            raise StripeError(400, "The sandbox has no trials.", param="subscription_data[trial_period_days]")
        customer, email = text(params, "customer"), text(params, "customer_email")
        if customer:
            if email:
                raise StripeError(400, "You may only specify one of these parameters: customer, customer_email.")
            email = self._store.get("customer", customer, "customer")["email"]
        discount = self._coupons.asked_for(params)
        session = session_object(params, mode, items[0]["currency"] if items else None, customer)
        session["customer_details"] = details_of(email) if email else None
        session["url"] = f"{self._public_url}/stripe/pay/{session['id']}"
        session["payment_link"] = link["id"] if link else None
        session[HIDDEN] = {
            "payment_intent_data": mapping(params, "payment_intent_data"),
            "subscription_data": mapping(params, "subscription_data"),
            "discount": None,
            "intent": None,
            INCLUDABLE: {"line_items": listed(items, f"/v1/checkout/sessions/{session['id']}/line_items")},
        }
        self._take_discount(session, discount)
        return self._store.add(session)

    def get(self, session_id: str) -> StripeObject:
        """A session as it is now: one past its time has expired.

        Raises:
            StripeError: 404.
        """
        session = self._store.get("checkout.session", session_id, "session")
        if session["status"] == "open" and session["expires_at"] <= time.time():
            self._close_as_expired(session)
        return session

    def page(self, params: Params) -> StripeObject:
        """A list of sessions as they are now, also by `customer_details[email]`."""
        for session in self._store.all("checkout.session"):
            self.get(session["id"])
        filters = ("customer", "payment_intent", "payment_link", "status", "subscription")
        return self._store.page("checkout.session", "/v1/checkout/sessions", params, filters)

    def expire(self, session_id: str) -> StripeObject:
        """Expires an open session.

        Raises:
            StripeError: 400, it is not open; 404.
        """
        session = self.get(session_id)
        if session["status"] != "open":
            message = f'Only Checkout Sessions with a status in ["open"] can be expired, not {session["status"]}.'
            raise StripeError(400, message)
        self._close_as_expired(session)
        return session

    def line_items(self, session: StripeObject) -> list[StripeObject]:
        """What is bought."""
        items: list[StripeObject] = session[HIDDEN][INCLUDABLE]["line_items"]["data"]
        return items

    def apply_code(self, session: StripeObject, code: str) -> None:
        """The customer types a promotion code.

        Raises:
            StripeError: 400, codes are not taken here or this one is not valid.
        """
        if not session["allow_promotion_codes"] or session["status"] != "open":
            raise StripeError(400, "Promotion codes are not allowed here.", param="promotion_code")
        self._take_discount(session, self._coupons.typed(code))

    def pay(self, session: StripeObject, payer: Payer) -> Decline | None:
        """The customer pays; says every event Stripe would. Nothing happens unless the session is open.

        A decline leaves it open. A session of a payment link that has been used up expires.
        """
        if session["status"] != "open":
            return None
        if self._completion.used_up(session):
            self._close_as_expired(session)
            return None
        return self._completion.pay(session, self.line_items(session), payer)

    def _take_discount(self, session: StripeObject, discount: StripeObject | None) -> None:
        coupon = self._coupons.coupon(discount) if discount else None
        add_up(session, self.line_items(session), coupon)
        session["discounts"] = [discount] if discount else []
        session[HIDDEN]["discount"] = discount

    def _close_as_expired(self, session: StripeObject) -> None:
        session.update(status="expired", url=None)
        self._events.emit("checkout.session.expired", session)

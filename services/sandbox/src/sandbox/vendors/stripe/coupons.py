"""Coupons, promotion codes and discounts: made, looked up, and taken off amounts."""

import time
from collections.abc import Sequence

from sandbox.tokens import stripe_id
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.events import Events
from sandbox.vendors.stripe.form import Params, listing, mapping, merged, one_of, required, text, truth, whole
from sandbox.vendors.stripe.store import StripeObject, StripeStore


class Coupons:
    """Makes coupons and promotion codes and counts their redemptions."""

    def __init__(self, store: StripeStore, events: Events) -> None:
        self._store = store
        self._events = events

    def create(self, params: Params) -> StripeObject:
        """A coupon; says `coupon.created`.

        Raises:
            StripeError: 400, not exactly one of `percent_off` and `amount_off`, or an odd value.
        """
        percent, amount = text(params, "percent_off"), whole(params, "amount_off")
        if (percent is None) == (amount is None):
            raise StripeError(400, "You must pass either percent_off or amount_off.", param="percent_off")
        currency = required(params, "currency").lower() if amount is not None else None
        coupon: StripeObject = {
            "id": text(params, "id") or stripe_id("x", 8)[2:],
            "object": "coupon",
            "amount_off": amount,
            "created": int(time.time()),
            "currency": currency,
            "duration": one_of(params, "duration", ("once", "repeating", "forever"), "once"),
            "duration_in_months": whole(params, "duration_in_months"),
            "livemode": False,
            "max_redemptions": whole(params, "max_redemptions"),
            "metadata": mapping(params, "metadata"),
            "name": text(params, "name"),
            "percent_off": _percent(percent) if percent is not None else None,
            "redeem_by": whole(params, "redeem_by"),
            "times_redeemed": 0,
            "valid": True,
        }
        if any(one["id"] == coupon["id"] for one in self._store.all("coupon")):
            raise StripeError(400, "Coupon already exists.", code="resource_already_exists", param="id")
        self._store.add(coupon)
        self._events.emit("coupon.created", coupon)
        return coupon

    def delete(self, coupon_id: str) -> StripeObject:
        """A coupon nobody can redeem any more; says `coupon.deleted`.

        Raises:
            StripeError: 404.
        """
        coupon = self._store.get("coupon", coupon_id)
        coupon["valid"] = False
        self._store.remove("coupon", coupon_id)
        self._events.emit("coupon.deleted", coupon)
        return {"id": coupon_id, "object": "coupon", "deleted": True}

    def create_code(self, params: Params) -> StripeObject:
        """A promotion code for a coupon; says `promotion_code.created`.

        Raises:
            StripeError: 400, a missing field or a code in use; 404, no such coupon.
        """
        promotion = mapping(params, "promotion")
        coupon = self._store.get("coupon", required(promotion, "coupon"), "promotion[coupon]")
        code = text(params, "code") or stripe_id("x", 8)[2:].upper()
        if any(one["active"] and one["code"] == code for one in self._store.all("promotion_code")):
            raise StripeError(400, "An active promotion code with this code already exists.", param="code")
        made = self._store.add(
            {
                "id": stripe_id("promo"),
                "object": "promotion_code",
                "active": truth(params, "active", True),
                "code": code,
                "created": int(time.time()),
                "customer": text(params, "customer"),
                "expires_at": whole(params, "expires_at"),
                "livemode": False,
                "max_redemptions": whole(params, "max_redemptions"),
                "metadata": mapping(params, "metadata"),
                "promotion": {"coupon": coupon["id"], "type": "coupon"},
                "restrictions": {
                    "first_time_transaction": False,
                    "minimum_amount": None,
                    "minimum_amount_currency": None,
                },
                "times_redeemed": 0,
            }
        )
        self._events.emit("promotion_code.created", made)
        return made

    def update_code(self, code_id: str, params: Params) -> StripeObject:
        """Switches a promotion code on or off; says `promotion_code.updated`.

        Raises:
            StripeError: 404.
        """
        code = self._store.get("promotion_code", code_id)
        with self._events.changing("promotion_code.updated", code):
            code["active"] = truth(params, "active", code["active"])
            code["metadata"] = merged(code["metadata"], params)
        return code

    def asked_for(self, params: Params) -> StripeObject | None:
        """What `discounts[0]` names, as `{coupon, promotion_code}` ids; None without.

        Raises:
            StripeError: 400, more than one, or not redeemable; 404.
        """
        asked = listing(params, "discounts")
        if not asked:
            return None
        if len(asked) > 1 or not isinstance(asked[0], dict):
            raise StripeError(400, "You may only specify one discount.", param="discounts")
        coupon_id, code_id = text(asked[0], "coupon"), text(asked[0], "promotion_code")
        code = self._store.get("promotion_code", code_id, "discounts[0][promotion_code]") if code_id else None
        return self._redeemable(coupon_id or (code["promotion"]["coupon"] if code else ""), code)

    def typed(self, code: str) -> StripeObject:
        """What a customer's typed code stands for, as `{coupon, promotion_code}` ids.

        Raises:
            StripeError: 400, no such code.
        """
        for one in self._store.all("promotion_code"):
            if one["code"].lower() == code.strip().lower() and one["active"]:
                return self._redeemable(one["promotion"]["coupon"], one)
        raise StripeError(400, "This code is invalid.", code="promotion_code_invalid", param="promotion_code")

    def redeem(self, discount: StripeObject) -> StripeObject:
        """Counts a redemption; answers the coupon."""
        coupon = self._store.get("coupon", discount["coupon"])
        if discount["promotion_code"]:
            self._store.get("promotion_code", discount["promotion_code"])["times_redeemed"] += 1
        coupon["times_redeemed"] += 1
        return coupon

    def coupon(self, discount: StripeObject) -> StripeObject:
        """The coupon of a discount."""
        return self._store.get("coupon", discount["coupon"])

    def _redeemable(self, coupon_id: str, code: StripeObject | None) -> StripeObject:
        coupon = self._store.get("coupon", coupon_id, "discounts[0][coupon]")
        now = time.time()
        for one, ends in ((coupon, coupon["redeem_by"]), (code, code["expires_at"] if code else None)):
            used_up = (
                one is not None
                and one["max_redemptions"] not in (None, 0)
                and (one["times_redeemed"] >= one["max_redemptions"])
            )
            if used_up or (ends is not None and ends <= now):
                raise StripeError(400, "Coupon expired: " + coupon_id, code="coupon_expired", param="discounts")
        if code is not None and not code["active"]:
            raise StripeError(400, "This promotion code is not active.", param="discounts")
        return {"coupon": coupon_id, "promotion_code": code["id"] if code else None}


def taken_off(coupon: StripeObject | None, amounts: Sequence[int]) -> list[int]:
    """How much a coupon takes off each amount; credits (below zero) are left alone."""
    if coupon is None:
        return [0] * len(amounts)
    if coupon["percent_off"] is not None:
        return [round(max(amount, 0) * coupon["percent_off"] / 100) for amount in amounts]
    left, made = int(coupon["amount_off"]), []
    for amount in amounts:
        part = min(left, max(amount, 0))
        left -= part
        made.append(part)
    return made


def _percent(value: str) -> float:
    try:
        percent = float(value)
    except ValueError:
        percent = -1
    if not 0 < percent <= 100:
        raise StripeError(400, "Invalid percent_off: must be above 0 and at most 100.", param="percent_off")
    return percent

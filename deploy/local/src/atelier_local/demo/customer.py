"""Owns the first chapters: a new customer signs up and buys credits."""

import secrets
import uuid
from collections.abc import Iterator
from typing import Any

from atelier_local.demo.cast import Cast
from atelier_local.demo.checks import DemoFailed, expect, wait_for

GREETING_CREDITS = 10
_PACK = "pack-50"
_PACK_CREDITS = 50
_EVENT_SECONDS_MAX = 15.0
_MAIL_SECONDS_MAX = 15.0


def sign_up(cast: Cast) -> str:
    """A new user gets the greeting credits; answers where in the account's events we are."""
    screen = cast.screen
    screen.heading("A new customer", "Everything here goes over the public REST API, as a browser would.")
    with screen.step("signing up") as step:
        session = cast.studio.sign_up(cast.email, secrets.token_urlsafe(16))
        step.say(f"signed up as {cast.email}, plan {session['account']['plan']}")
    with screen.step("waiting for the greeting credits") as step:
        at, event = _told(cast, "balance.changed", after="0")
        told = event["available_credits"]
        expect(told == GREETING_CREDITS, f"a new user has {told} credits instead of {GREETING_CREDITS}")
        cast.balance_credits = GREETING_CREDITS
        cast.check_balance()
        step.say(f"{GREETING_CREDITS} greeting credits are on the account (told by SSE, same in GET /v1/credits)")
    if cast.has("smtp"):
        with screen.step("waiting for the welcome mail") as step:
            step.say(f"one mail came: “{_only_mail(cast, 'welcome')['subject']}”")
    return at


def buy_credits(cast: Cast, after: str) -> None:
    """The pack of 50 credits through Stripe Checkout; the credits come with the signed webhook."""
    screen = cast.screen
    screen.heading("50 credits through Stripe Checkout", "The sandbox plays Stripe: its page, its signed webhooks.")
    if not cast.has("stripe"):
        screen.note("left out: Stripe is real here, and only a person can pay on its page", "warm")
        return
    with screen.step("looking for the pack") as step:
        packs = {pack["id"]: pack for pack in cast.studio.get("/v1/products")["items"]}
        expect(_PACK in packs, f"{_PACK} is not on sale")
        price = _price(packs[_PACK])
        step.say(f"{packs[_PACK]['name']} cost {price}")
    with screen.step("opening a Checkout session") as step:
        answer = cast.studio.post("/v1/checkout", {"product_id": _PACK}, str(uuid.uuid4()), 201)
        checkout = answer.json()
        step.say(f"Checkout session opened for {checkout['purchase_id']}")
    mark = cast.backstage.last_call()
    with screen.step("paying on Stripe's page") as step:
        back_to = cast.backstage.pay(checkout["url"])
        expect("checkout=success" in back_to, f"the customer is sent to {back_to}")
        step.say(f"paid {price}; the page sends the customer back to the studio")
    with screen.step("waiting for Stripe's webhook and the credits") as step:
        _, event = _told(cast, "purchase.completed", after)
        expect(event["purchase_id"] == checkout["purchase_id"], "another purchase than ours was completed")
        expect(event["credits"] == _PACK_CREDITS, f"the purchase brought {event['credits']} credits")
        cast.balance_credits += _PACK_CREDITS
        told, own = event["available_credits"], cast.balance_credits
        expect(told == own, f"after the purchase {told} credits are available instead of {own}")
        cast.check_balance()
        step.say(f"purchase.completed by SSE: {_PACK_CREDITS} credits more, {own} available")
    screen.note(f"webhooks delivered: {', '.join(_webhooks(cast, mark))}")
    status = cast.studio.get(f"/v1/purchases/{checkout['purchase_id']}")["status"]
    expect(status == "paid", f"the purchase is {status!r} instead of paid")
    if cast.has("smtp"):
        with screen.step("waiting for the receipt by mail") as step:
            step.say(f"one mail came: “{_only_mail(cast, checkout['purchase_id'])['subject']}”")


def _told(cast: Cast, event_type: str, after: str) -> tuple[str, dict[str, Any]]:
    for event in cast.studio.events("/v1/events", after, _EVENT_SECONDS_MAX):
        if event.type == event_type:
            return event.id, event.json()
    raise DemoFailed(f"the stream ended without {event_type}")


def _only_mail(cast: Cast, about: str) -> dict[str, Any]:
    def arrived() -> list[dict[str, Any]] | None:
        return [mail for mail in cast.backstage.mails(cast.email) if about in _searched(mail)] or None

    mails = wait_for(f"a mail about {about}", arrived, _MAIL_SECONDS_MAX)
    expect(len(mails) == 1, f"{len(mails)} mails about {about} came instead of one")
    cast.mails_due += 1
    return mails[0]


def _searched(mail: dict[str, Any]) -> str:
    return f"{mail['subject']} {mail['text']}".lower()


def _webhooks(cast: Cast, mark: int) -> Iterator[str]:
    calls = cast.backstage.calls("webhook", after=mark)
    refused = [call["operation"] for call in calls if call["status"] not in (200, None)]
    expect(not refused, f"webhooks were refused: {', '.join(refused)}")
    expect("checkout.session.completed" in {call["operation"] for call in calls}, "no webhook told of the payment")
    for call in calls:
        yield f"{call['operation']} → {call['status'] or 'under way'} in {call['duration_ms']:.0f} ms"


def _price(product: dict[str, Any]) -> str:
    return f"{product['amount_minor'] / 100:.2f} {product['currency'].upper()}"

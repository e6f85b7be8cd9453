"""Our calls to Stripe, over the wire."""

import asyncio
import time

import pytest

from billing.purchases.ports import PaymentsRefused, PaymentsUnavailable
from billing.stripe import client
from billing.stripe.answers import ObjectMissing
from billing.stripe.client import API_VERSION, StripeApi

from .shop import Shop


async def test_pins_the_api_version_and_derives_the_key_from_the_purchase(shop: Shop) -> None:
    opened = (await shop.order()).json()
    (sent,) = (await shop.vendor.get("/sandbox/requests", params={"operation": "checkout.create"})).json()
    assert sent["headers"]["stripe-version"] == API_VERSION
    assert sent["headers"]["idempotency-key"] == f"checkout:{opened['purchase_id']}:1"


async def test_an_unknown_object_is_told_apart_from_an_outage(shop: Shop) -> None:
    with pytest.raises(ObjectMissing):
        await shop.parts.api.session("cs_test_unknown")
    await shop.fault("checkout.get", {"status": 503}, times=None)
    with pytest.raises(PaymentsUnavailable):
        await shop.parts.api.session("cs_test_unknown")


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_what_stripe_will_never_accept_is_not_asked_again(shop: Shop, status: int) -> None:
    await shop.fault("checkout.get", {"status": status}, times=None)
    with pytest.raises(PaymentsRefused):
        await shop.parts.api.session("cs_test_unknown")
    sent = (await shop.vendor.get("/sandbox/requests", params={"operation": "checkout.get"})).json()
    assert len(sent) == 1


async def test_retries_are_bounded(shop: Shop) -> None:
    await shop.fault("checkout.get", {"status": 500}, times=None)
    with pytest.raises(PaymentsUnavailable):
        await shop.parts.api.session("cs_test_unknown")
    sent = (await shop.vendor.get("/sandbox/requests", params={"operation": "checkout.get"})).json()
    assert len(sent) == client.TRIES_MAX


async def test_does_what_stripe_says_about_retrying(shop: Shop) -> None:
    await shop.fault("checkout.get", {"status": 500, "headers": {"stripe-should-retry": "false"}}, times=None)
    with pytest.raises(PaymentsUnavailable):
        await shop.parts.api.session("cs_test_unknown")
    sent = (await shop.vendor.get("/sandbox/requests", params={"operation": "checkout.get"})).json()
    assert len(sent) == 1


@pytest.mark.parametrize("fault", [{"delay_seconds": 30}, {"drip_seconds": 30}])
async def test_a_vendor_that_hangs_or_drips_does_not_hold_us(shop: Shop, fault: dict[str, float]) -> None:
    await shop.fault("checkout.get", fault, times=None)
    await shop.order()
    session_id = await shop.value("SELECT stripe_session_id FROM purchases")
    api = StripeApi("sk_test_x", shop.settings.stripe_api_base, call_seconds_max=0.5)
    started = time.monotonic()
    with pytest.raises(PaymentsUnavailable):
        await api.session(session_id)
    assert time.monotonic() - started < 2
    await api.close()


async def test_does_not_block_the_event_loop_while_stripe_thinks(shop: Shop) -> None:
    await shop.fault("checkout.get", {"delay_seconds": 0.3})
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    with pytest.raises(ObjectMissing):
        await shop.parts.api.session("cs_test_unknown")
    ticking.cancel()
    assert ticks > 10


def test_is_deaf_to_proxies_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    api = StripeApi("sk_test_x", "https://api.stripe.com")
    assert api._transport._client._mounts == {}

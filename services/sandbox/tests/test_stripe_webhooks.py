"""Stripe's webhooks as a receiver sees them: signed, retried, and faulty on request."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
import stripe

from sandbox.client import SandboxClient
from sandbox.server import SandboxServer
from sandbox.settings import SandboxSettings
from sandbox.vendors.stripe import events

SECRET = "whsec_for_these_tests"


@dataclass
class Receiver:
    """A little HTTP server that notes what is posted to it and answers with the statuses it was given."""

    statuses: list[int] = field(default_factory=list)
    deliveries: list[tuple[bytes, str]] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
                body = await reader.readexactly(int(headers["content-length"]))
                status = self.statuses.pop(0) if self.statuses else 200
                self.deliveries.append((body, headers["stripe-signature"]))
                self.arrived.set()
                writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n".encode())
                await writer.drain()
        except asyncio.IncompleteReadError:
            writer.close()

    def types(self) -> list[str]:
        return [self.event(number)["type"] for number in range(len(self.deliveries))]

    def event(self, number: int) -> Any:
        body, signature = self.deliveries[number]
        return stripe.Webhook.construct_event(body, signature, SECRET)

    async def until(self, done: Callable[["Receiver"], bool]) -> None:
        async with asyncio.timeout(5):
            while not done(self):
                self.arrived.clear()
                await self.arrived.wait()


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    listener = await asyncio.start_server(made.handle, "127.0.0.1", 0)
    made.port = listener.sockets[0].getsockname()[1]
    yield made
    listener.close()


@pytest_asyncio.fixture
async def control(receiver: Receiver) -> AsyncIterator[SandboxClient]:
    settings = SandboxSettings(
        http_port=0,
        smtp_port=0,
        latency_scale=0,
        stripe_webhook_url=f"http://127.0.0.1:{receiver.port}/webhooks/stripe",
        stripe_webhook_secret=SECRET,
        webhook_retry_base_seconds=0.05,
    )
    async with SandboxServer(settings) as server, SandboxClient(server.public_url) as client:
        yield client


async def _post(http: httpx2.AsyncClient, path: str, data: dict[str, str]) -> Any:
    answer = await http.post(f"/stripe/v1/{path}", data=data, headers={"Authorization": "Bearer sk"})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _buy(http: httpx2.AsyncClient) -> None:
    data = {
        "line_items[0][price_data][currency]": "eur",
        "line_items[0][price_data][unit_amount]": "500",
        "line_items[0][price_data][product_data][name]": "50 credits",
        "success_url": "https://studio.test/thanks",
    }
    session = await _post(http, "checkout/sessions", data)
    assert (await http.post(session["url"])).status_code == 303


async def _pending(http: httpx2.AsyncClient) -> list[str]:
    answer = await http.get(
        "/stripe/v1/events", params={"delivery_success": "false"}, headers={"Authorization": "Bearer sk"}
    )
    return [event["type"] for event in answer.json()["data"]]


async def test_payment_is_told_by_signed_events(control: SandboxClient, receiver: Receiver) -> None:
    await _buy(control.http)
    await receiver.until(lambda seen: len(seen.deliveries) == 3)
    assert set(receiver.types()) == {
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    }
    event = next(
        receiver.event(number) for number, kind in enumerate(receiver.types()) if kind == "checkout.session.completed"
    )
    assert event.data.object.payment_status == "paid"
    assert "_hidden" not in str(event)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(*receiver.deliveries[0], "whsec_other")


async def test_retries_until_answered_and_counts_as_pending(control: SandboxClient, receiver: Receiver) -> None:
    receiver.statuses = [500, 503, 302]
    await _post(control.http, "customers", {"email": "a@example.com"})
    assert await _pending(control.http) == ["customer.created"]
    await receiver.until(lambda seen: len(seen.deliveries) == 4)
    assert len({receiver.event(number)["id"] for number in range(4)}) == 1
    await asyncio.sleep(0.1)
    assert await _pending(control.http) == []
    statuses = [record["status"] for record in await control.requests("webhook", "customer.created")]
    assert statuses == [500, 503, 302, 200]


async def test_dropped_event_never_comes_and_stays_pending(control: SandboxClient, receiver: Receiver) -> None:
    await control.fault("webhook", "checkout.session.completed", {"drop": True})
    await _buy(control.http)
    await receiver.until(lambda seen: len(seen.deliveries) == 2)
    await asyncio.sleep(0.1)
    assert "checkout.session.completed" not in receiver.types()
    assert await _pending(control.http) == ["checkout.session.completed"]


async def test_duplicated_event_comes_several_times(control: SandboxClient, receiver: Receiver) -> None:
    await control.fault("webhook", "customer.created", {"duplicate": 3})
    await _post(control.http, "customers", {})
    await receiver.until(lambda seen: len(seen.deliveries) == 4)
    assert len({receiver.event(number)["id"] for number in range(4)}) == 1


async def test_reordered_event_comes_after_the_next(control: SandboxClient, receiver: Receiver) -> None:
    await control.fault("webhook", "charge.succeeded", {"reorder": True})
    await _buy(control.http)
    await receiver.until(lambda seen: len(seen.deliveries) == 3)
    assert receiver.types()[-1] == "charge.succeeded"


async def test_delayed_event_comes_late(control: SandboxClient, receiver: Receiver) -> None:
    await control.fault("webhook", None, {"delay_seconds": 0.3})
    await _post(control.http, "customers", {})
    await asyncio.sleep(0.1)
    assert receiver.deliveries == []
    await receiver.until(lambda seen: len(seen.deliveries) == 1)


async def test_subscription_is_told_by_signed_events_through_its_life(
    control: SandboxClient, receiver: Receiver
) -> None:
    data = {
        "mode": "subscription",
        "line_items[0][price_data][currency]": "eur",
        "line_items[0][price_data][unit_amount]": "900",
        "line_items[0][price_data][recurring][interval]": "month",
        "line_items[0][price_data][product_data][name]": "Pro",
        "success_url": "https://studio.test/thanks",
    }
    session = await _post(control.http, "checkout/sessions", data)
    await control.http.post(session["url"])
    await receiver.until(lambda seen: "checkout.session.completed" in seen.types())
    completed = receiver.event(receiver.types().index("checkout.session.completed")).data.object
    await control.order_stripe(f"subscriptions/{completed.subscription}/renew", outcome="failed")
    await control.order_stripe(f"subscriptions/{completed.subscription}/give_up", status="canceled")
    await receiver.until(lambda seen: "customer.subscription.deleted" in seen.types())
    assert {
        "customer.subscription.created",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice.payment_failed",
        "customer.subscription.updated",
    } <= set(receiver.types())
    assert "_hidden" not in str(receiver.deliveries)


async def test_every_event_type_that_is_told_can_be_given_a_fault(control: SandboxClient) -> None:
    known = (await control.http.get("/sandbox/operations")).json()["webhook"]
    source = Path(events.__file__).parent
    emitted = {
        found
        for file in source.glob("*.py")
        for found in re.findall(r'(?:emit|changing)\(\s*"([a-z_.]+)"', file.read_text())
    }
    assert len(emitted) > 30
    assert emitted <= set(known)

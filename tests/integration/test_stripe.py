"""A payment grants once, however often and in whatever order Stripe tells of it; a forgery grants nothing."""

import asyncio
import hashlib
import hmac
import json
import time
from typing import Any

import httpx2
import pytest

from atelier_local.stack import Stack
from sandbox.client import SandboxClient

from .conftest import query
from .studio import Customer, until


class Forger:
    """Posts webhooks of its own making."""

    def __init__(self, stack: Stack) -> None:
        self.url = f"{stack.urls['billing']}/webhooks/stripe"
        self.secret = stack.environment["STRIPE_WEBHOOK_SECRETS"].split(",")[0]

    def signature(self, body: bytes, *, at: float | None = None, secret: str | None = None) -> str:
        moment = int(at if at is not None else time.time())
        digest = hmac.new((secret or self.secret).encode(), f"{moment}.".encode() + body, hashlib.sha256)
        return f"t={moment},v1={digest.hexdigest()}"

    async def post(self, body: bytes, signature: str | None) -> int:
        headers = {} if signature is None else {"Stripe-Signature": signature}
        async with httpx2.AsyncClient(timeout=20, trust_env=False) as http:
            return (await http.post(self.url, content=body, headers=headers)).status_code


async def _events(sandbox: SandboxClient, stack: Stack, event_type: str) -> list[dict[str, Any]]:
    answer = await sandbox.http.get(
        "/stripe/v1/events",
        params={"type": event_type, "limit": 20},
        headers={"Authorization": f"Bearer {stack.environment['STRIPE_API_KEY']}"},
    )
    answer.raise_for_status()
    return list(answer.json()["data"])


async def _all_handled(stack: Stack) -> bool:
    return not await query(stack, "billing", "SELECT FROM stripe_events WHERE handled_at IS NULL")


async def test_one_event_delivered_fifty_times_at_once_grants_once(
    stack: Stack, customer: Customer, sandbox: SandboxClient
) -> None:
    await customer.buy_and_wait()
    forger = Forger(stack)
    for event_type in ("checkout.session.completed", "payment_intent.succeeded"):
        body = json.dumps((await _events(sandbox, stack, event_type))[0]).encode()
        statuses = await asyncio.gather(*(forger.post(body, forger.signature(body)) for _ in range(50)))
        assert statuses == [200] * 50
    await until(lambda: _all_handled(stack), what="the end of all that was told")
    assert await customer.has_credits(60)


async def test_two_events_about_one_payment_grant_once(
    stack: Stack, customer: Customer, sandbox: SandboxClient
) -> None:
    await sandbox.fault("webhook", "checkout.session.completed", {"duplicate": 3})
    await sandbox.fault("webhook", "payment_intent.succeeded", {"reorder": True})
    purchase = await customer.buy()
    await until(lambda: customer.has_credits(60), what="the purchase")
    await asyncio.sleep(1)
    assert await customer.has_credits(60)
    answer = await customer.http.get(f"/v1/purchases/{purchase}")
    assert answer.json()["status"] == "paid"


async def test_a_payment_is_granted_though_one_of_its_webhooks_is_lost(
    customer: Customer, sandbox: SandboxClient
) -> None:
    await sandbox.fault("webhook", "checkout.session.completed", {"drop": True})
    await customer.buy_and_wait()


@pytest.mark.parametrize("forgery", ["other secret", "tampered", "stale", "future", "missing", "empty", "garbage"])
async def test_a_forged_webhook_is_refused_and_leaves_no_row(
    stack: Stack, sandbox: SandboxClient, customer: Customer, forgery: str
) -> None:
    forger = Forger(stack)
    session = {"id": "cs_forged", "object": "checkout.session", "payment_status": "paid"}
    event = {"id": f"evt_{forgery.replace(' ', '')}", "object": "event", "type": "checkout.session.completed"}
    body = json.dumps({**event, "created": int(time.time()), "livemode": False, "data": {"object": session}}).encode()
    signature = {
        "other secret": forger.signature(body, secret="whsec_" + "x" * 32),
        "tampered": forger.signature(body),
        "stale": forger.signature(body, at=time.time() - 3600),
        "future": forger.signature(body, at=time.time() + 3600),
        "missing": None,
        "empty": "",
        "garbage": "t=abc,v1=\u00e9".encode("latin1").decode("latin1").replace("\u00e9", "zz"),
    }[forgery]
    before = await query(stack, "billing", "SELECT count(*) AS rows FROM stripe_events")
    status = await forger.post(body.replace(b"cs_forged", b"cs_changed") if forgery == "tampered" else body, signature)
    assert status == 400
    assert await query(stack, "billing", "SELECT count(*) AS rows FROM stripe_events") == before

"""A subscription from the first page to the last: plan, limits, credits, renewals, a failed payment, the end."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from atelier_local.stack import Stack
from sandbox.client import SandboxClient

from .conftest import query
from .studio import Customer, until

PRO_PER_MINUTE = 61_000
"""Unlike the other plans', so that the limit an answer names tells the plan."""


@pytest.fixture
async def pro_limits(stack: Stack) -> AsyncIterator[None]:
    """Plans are data: the pro plan gets a rate of its own."""
    await _set_pro_rate(stack, PRO_PER_MINUTE)
    yield
    await _set_pro_rate(stack, 60_000)


async def _set_pro_rate(stack: Stack, per_minute: int) -> None:
    connection = await asyncpg.connect(stack.database_url("gateway"))
    try:
        await connection.execute("UPDATE plans SET submissions_per_minute = $1 WHERE plan = 'pro'", per_minute)
    finally:
        await connection.close()


async def _subscribe(customer: Customer, plan: str = "pro", interval: str = "month") -> None:
    body = {"plan": plan, "interval": interval}
    opened = await customer.http.post("/v1/subscription/checkout", json=body, headers={"Idempotency-Key": "first"})
    assert opened.status_code == 201, opened.text
    again = await customer.http.post("/v1/subscription/checkout", json=body, headers={"Idempotency-Key": "first"})
    assert again.json() == opened.json()
    paid = await customer.http.post(
        opened.json()["url"], data={"email": customer.email}, headers={"Authorization": ""}, follow_redirects=False
    )
    assert paid.status_code == 303, paid.text


async def _subscription(customer: Customer) -> dict[str, Any]:
    answer = await customer.http.get("/v1/subscription")
    answer.raise_for_status()
    return dict(answer.json())


async def _becomes(customer: Customer, **expected: Any) -> None:
    async def so() -> bool:
        found = await _subscription(customer)
        return all(found[name] == value for name, value in expected.items())

    await until(so, seconds=20, what=f"a subscription with {expected}")


async def _rate(customer: Customer) -> int:
    """Submissions a minute, as the answer to one says."""
    answer = await customer.submit()
    assert answer.status_code == 202, answer.text
    found = re.search(r"q=(\d+)", answer.headers["RateLimit-Policy"])
    assert found is not None
    return int(found.group(1))


async def _stripe_id(stack: Stack, customer: Customer) -> str:
    found = await query(
        stack,
        "billing",
        "SELECT stripe_subscription_id FROM subscriptions ORDER BY created_at DESC LIMIT 1",
    )
    assert (await _subscription(customer))["id"] is not None
    return str(found[0]["stripe_subscription_id"])


async def test_a_subscription_from_the_first_page_to_its_end(
    stack: Stack, customer: Customer, sandbox: SandboxClient, pro_limits: None
) -> None:
    offered = (await customer.http.get("/v1/plans")).json()["items"]
    assert [plan["id"] for plan in offered] == ["free", "pro", "enterprise"]
    made = await customer.http.post("/v1/keys", json={"name": "server", "scopes": ["jobs:write"]})
    key = {"Authorization": f"Bearer {made.json()['secret']}"}
    assert await _rate(customer) == 60_000

    await _subscribe(customer)
    await _becomes(customer, plan="pro", status="active", next_plan="pro")
    await until(lambda: _total_at_least(customer, 300), what="the first month's credits")

    async def limits_follow() -> bool:
        return await _rate(customer) == PRO_PER_MINUTE

    await until(limits_follow, seconds=10, what="the limits of the plan for a token of before")
    assert (await customer.http.get("/v1/me")).json()["account"]["plan"] == "pro"
    by_key = await customer.http.post("/v1/jobs/rehearsal", json={"title": "by key"}, headers=key)
    assert f"q={PRO_PER_MINUTE};" in by_key.headers["RateLimit-Policy"]
    await until(lambda: _weights(stack, customer, {1, 4}), what="the plan's share of the workers")

    subscription_id = await _stripe_id(stack, customer)
    before = (await customer.credits())["available"]
    await sandbox.order_stripe(f"subscriptions/{subscription_id}/renew", outcome="paid")
    await until(lambda: _total_at_least(customer, before + 250), what="the next month's credits")

    await sandbox.order_stripe(f"subscriptions/{subscription_id}/renew", outcome="failed")
    await _becomes(customer, plan="pro", status="past_due")
    assert (await _subscription(customer))["grace_until"] is not None
    await until(lambda: sandbox.inbox(to=customer.email, subject="did not go through"), what="the mail about it")
    invoice = await query(
        stack, "billing", "SELECT stripe_invoice_id FROM subscription_invoices WHERE failure_told_at IS NOT NULL"
    )
    await sandbox.order_stripe(f"invoices/{invoice[-1]['stripe_invoice_id']}/retry", outcome="paid")
    await _becomes(customer, plan="pro", status="active", grace_until=None)

    portal = await customer.http.post("/v1/billing/portal", json={})
    assert portal.status_code == 201, portal.text
    cancelled = await sandbox.http.post(
        portal.json()["url"], data={"action": "cancel", "subscription": subscription_id}
    )
    assert cancelled.status_code == 303
    await _becomes(customer, plan="pro", cancel_at_period_end=True, next_plan="free")
    await sandbox.order_stripe(f"subscriptions/{subscription_id}/renew")
    await _becomes(customer, plan="free", status="canceled", cancel_at_period_end=False)

    async def limits_are_back() -> bool:
        return await _rate(customer) == 60_000

    await until(limits_are_back, seconds=10, what="the limits of the free plan")


async def test_lost_and_doubled_webhooks_change_nothing(
    stack: Stack, customer: Customer, sandbox: SandboxClient
) -> None:
    await sandbox.fault("webhook", "checkout.session.completed", {"drop": True})
    await sandbox.fault("webhook", "invoice.paid", {"duplicate": 3})
    await sandbox.fault("webhook", "customer.subscription.created", {"reorder": True})
    await _subscribe(customer, "enterprise", "year")
    await _becomes(customer, plan="enterprise", interval="year", status="active")
    await until(lambda: customer.has_credits(5010), what="the month's credits")
    await asyncio.sleep(1)  # what is doubled and late comes now
    assert await customer.has_credits(5010)
    changed = await customer.http.post("/v1/subscription/change", json={"plan": "pro", "interval": "year"})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["plan"], changed.json()["next_plan"]) == ("enterprise", "pro")


async def _total_at_least(customer: Customer, credits: int) -> bool:
    return bool((await customer.credits())["available"] >= credits)


async def _weights(stack: Stack, customer: Customer, expected: set[int]) -> bool:
    account_id = await _account(stack, customer)
    rows = await query(stack, "generation", "SELECT DISTINCT weight FROM runs WHERE account_id = $1", account_id)
    return {row["weight"] for row in rows} == expected


async def _account(stack: Stack, customer: Customer) -> Any:
    rows = await query(stack, "gateway", "SELECT account_id FROM users WHERE email = $1", customer.email)
    return rows[0]["account_id"]

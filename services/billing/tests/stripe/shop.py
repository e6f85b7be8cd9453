"""A whole shop for tests: billing's HTTP on a socket, its inbox worker, and the vendor's sandbox over the wire."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx2
from pydantic import SecretStr
from sqlalchemy import text
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from billing.settings import BillingSettings
from billing.stripe.assembly import BODY_LIMITS, build_stripe
from common.db.database import Database
from common.http.app import create_app
from common.http.client import tls_context
from common.http.identity import IDENTITY_HEADER, Caller, require_identity, sign_identity
from common.http.server import EmbeddedServer
from common.ids import new_id

SECRET = "whsec_current"
OTHER_SECRET = "whsec_being_rotated"
IDENTITY_SECRETS = (SecretStr("identity-secret-for-tests-0123456789abcdef"),)
PUBLIC_URL = "https://atelier.example"
SHOP_ORIGIN = "https://shop.example"
WAIT_SECONDS_MAX = 30.0


class Socket:
    """An address that outlives the application behind it: each test plugs its own in."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None
        self.server = EmbeddedServer(self, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.server.port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while True:
                kind = (await receive())["type"]
                await send({"type": f"{kind}.complete"})
                if kind == "lifespan.shutdown":
                    return
        await (self.app or PlainTextResponse("nobody is here", 503))(scope, receive, send)


class Shop:
    """What a test does: order, pay, deliver events, look into the database."""

    def __init__(self, database: Database, url: str, vendor_url: str, settings: BillingSettings) -> None:
        self.database = database
        self.settings = settings
        self.url = url
        self.vendor_url = vendor_url
        self.account_id = new_id()
        self.http = httpx2.AsyncClient(base_url=url, timeout=20, trust_env=False, verify=tls_context())
        self.vendor = httpx2.AsyncClient(
            base_url=vendor_url,
            timeout=20,
            trust_env=False,
            verify=tls_context(),
            headers={"authorization": "Bearer sk_test_x"},
        )
        self.parts = build_stripe(settings, database, require_identity(settings.identity_secrets))
        self.app = create_app(
            service="billing",
            settings=settings,
            routers=self.parts.routers,
            readiness={},
            title="billing",
            version="1",
            body_limits=BODY_LIMITS,
        )

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        """The inbox worker runs inside the block; when it ends by an error, so does the block."""
        stopping = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.parts.inbox.run(stopping))
            yield
            stopping.set()
            self.parts.inbox.wake()

    def identity(self, account_id: UUID | None = None) -> dict[str, str]:
        """The header with which the gateway vouches for a caller."""
        caller = Caller(account_id or self.account_id, new_id(), "free")
        return {IDENTITY_HEADER: sign_identity(self.settings.identity_secrets, caller)}

    async def order(self, body: dict[str, Any] | None = None, key: str | None = None) -> httpx2.Response:
        """`POST /v1/checkout`."""
        headers = self.identity() | ({"idempotency-key": key} if key else {}) | {"content-type": "application/json"}
        content = json.dumps({"product_id": "pack-50"} if body is None else body)
        return await self.http.post("/v1/checkout", content=content, headers=headers)

    async def pay(self, checkout_url: str) -> None:
        """The buyer pays on the vendor's page."""
        answer = await self.vendor.post(checkout_url)
        assert answer.status_code == 303, answer.text

    async def fault(self, operation: str | None, fault: dict[str, Any], **rule: Any) -> None:
        """Ask the vendor for a fault."""
        vendor = rule.pop("vendor", "stripe")
        body = {"vendor": vendor, "operation": operation, "fault": fault, **rule}
        answer = await self.vendor.post("/sandbox/faults", json=body)
        assert answer.status_code == 201, answer.text

    async def heal(self) -> None:
        """No more faults."""
        await self.vendor.delete("/sandbox/faults")

    async def silence(self) -> None:
        """The vendor delivers nothing by itself: the test does."""
        await self.fault(None, {"drop": True}, vendor="webhook", times=None)

    async def vendor_event(self, event_type: str) -> dict[str, Any]:
        """The newest event of a type as the vendor has it."""
        answer = await self.vendor.get("/stripe/v1/events", params={"type": event_type})
        found: dict[str, Any] = answer.json()["data"][0]
        return found

    async def deliver(
        self, event: dict[str, Any] | bytes, *, signature: str | None = None, headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        """One delivery of an event, signed as the vendor does unless another signature is given."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        signed = {"stripe-signature": sign(body) if signature is None else signature}
        return await self.http.post("/webhooks/stripe", content=body, headers=signed | (headers or {}))

    async def rows(self, statement: str, **parameters: Any) -> list[Any]:
        """What a query finds."""
        async with self.database.autocommit() as connection:
            return list((await connection.execute(text(statement), parameters)).all())

    async def value(self, statement: str, **parameters: Any) -> Any:
        """The one value a query finds."""
        return (await self.rows(statement, **parameters))[0][0]

    async def available(self) -> int:
        """Credits of the account."""
        rows = await self.rows(
            "SELECT available_credits FROM balances WHERE account_id = :account_id", account_id=self.account_id
        )
        return rows[0][0] if rows else 0

    async def completed(self) -> list[dict[str, Any]]:
        """The `purchase.completed` events told."""
        rows = await self.rows("SELECT body FROM outbox WHERE type = 'purchase.completed'")
        return [json.loads(row.body) for row in rows]

    async def eventually(self, statement: str, expected: Any) -> None:
        """Wait until a query's one value is as expected."""
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while (found := await self.value(statement)) != expected:  # noqa: ASYNC110 - it waits for a database
                await asyncio.sleep(0.02)
        assert found == expected

    async def all_handled(self) -> None:
        """Wait until no event waits."""
        await self.eventually("SELECT count(*) FROM stripe_events WHERE handled_at IS NULL", 0)

    async def assert_ledger_is_sound(self) -> None:
        """No invariant of the ledger is broken."""
        assert await self.rows("SELECT * FROM ledger_audit()") == []


def sign(body: bytes, secret: str = SECRET, at: float | None = None, scheme: str = "v1") -> str:
    """A `Stripe-Signature` header."""
    timestamp = int(time.time() if at is None else at)
    signed = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},{scheme}={signed}"

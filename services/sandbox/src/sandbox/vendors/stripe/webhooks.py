"""Delivers events to the one configured endpoint: signed, retried, and faulty on request."""

import asyncio
import hashlib
import hmac
import json
import logging
import time
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from sandbox.faults.kinds import DelayFault, DropFault, DuplicateFault, ReorderFault
from sandbox.faults.registry import FaultRegistry
from sandbox.journal.record import Journal
from sandbox.operations import Vendor

if TYPE_CHECKING:
    from httpx2 import AsyncClient

_log = logging.getLogger("sandbox.stripe")

_UNDER_WAY_MAX = 2_000
_AT_ONCE_MAX = 16
_REORDER_SECONDS_MAX = 2.0
_AFTER_NEXT_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """Where webhooks go and how stubborn their delivery is."""

    url: str | None
    secret: str
    retry_base_seconds: float
    retry_max_seconds: float
    attempts_max: int
    timeout_seconds: float
    types: tuple[str, ...] = ("*",)

    def wants(self, event_type: str) -> bool:
        """Whether events of this type are sent there."""
        return self.url is not None and any(fnmatchcase(event_type, pattern) for pattern in self.types)


def sign(body: str, secret: str, timestamp: int) -> str:
    """The `Stripe-Signature` header: HMAC-SHA256 over `timestamp.body` (docs.stripe.com/webhooks)."""
    signed = hmac.new(secret.encode(), f"{timestamp}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={signed}"


class WebhookDispatcher:
    """One background task for each event under way; only a bounded number is being sent at any moment."""

    def __init__(self, target: WebhookTarget, faults: FaultRegistry, journal: Journal) -> None:
        self._target = target
        self._faults = faults
        self._journal = journal
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(_AT_ONCE_MAX)
        self._next_event = asyncio.Event()
        self._shared_client: AsyncClient | None = None

    def wanted(self, event_type: str) -> bool:
        """Whether there is an endpoint to deliver events of this type to."""
        return self._target.wants(event_type)

    def dispatch(self, event: dict[str, Any]) -> None:
        """Starts delivering an event; with too many under way it stays pending."""
        self._next_event.set()
        self._next_event = asyncio.Event()
        if len(self._tasks) >= _UNDER_WAY_MAX:
            _log.warning("webhook_given_up event=%s reason=too_many_under_way", event["id"])
            return
        taken = self._faults.take(Vendor.WEBHOOK, event["type"])
        task = asyncio.create_task(self._deliver(event, taken, self._next_event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def clear(self) -> None:
        """Gives up every delivery under way."""
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        """Gives up and waits until all has stopped."""
        tasks = list(self._tasks)
        self.clear()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._shared_client is not None:
            await self._shared_client.aclose()

    async def _deliver(self, event: dict[str, Any], taken: tuple[str, Any] | None, next_event: asyncio.Event) -> None:
        fault_id, fault = taken or (None, None)
        copies = 1
        match fault:
            case DropFault():
                return
            case DuplicateFault():
                copies += fault.duplicate
            case DelayFault():
                await asyncio.sleep(fault.delay_seconds)
            case ReorderFault():
                await _after(next_event)
        body = json.dumps({**event, "pending_webhooks": 1}, indent=2)
        await asyncio.gather(*(self._persist(event, body, fault_id) for _ in range(copies)))

    async def _persist(self, event: dict[str, Any], body: str, fault_id: str | None) -> None:
        target = self._target
        for attempt in range(target.attempts_max):
            if await self._send(event, body, fault_id):
                event["pending_webhooks"] = 0
                return
            await asyncio.sleep(min(target.retry_base_seconds * 2**attempt, target.retry_max_seconds))
        _log.warning("webhook_given_up event=%s reason=attempts", event["id"])

    async def _send(self, event: dict[str, Any], body: str, fault_id: str | None) -> bool:
        import httpx2

        url = self._target.url or ""
        headers = {
            "content-type": "application/json; charset=utf-8",
            "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "stripe-signature": sign(body, self._target.secret, int(time.time())),
        }
        async with self._slots:
            record = self._journal.begin(Vendor.WEBHOOK, event["type"], "POST", url)
            record.body = {"id": event["id"], "type": event["type"]}
            record.fault_id = fault_id
            started = time.perf_counter()
            try:
                async with asyncio.timeout(self._target.timeout_seconds):
                    answer = await self._client().post(url, content=body, headers=headers)
            except (httpx2.HTTPError, TimeoutError) as error:
                _log.info("webhook_failed event=%s error=%s", event["id"], type(error).__name__)
                return False
            finally:
                record.duration_ms = round((time.perf_counter() - started) * 1000, 3)
            record.status = answer.status_code
            return answer.is_success

    def _client(self) -> "AsyncClient":
        import httpx2

        if self._shared_client is None:
            self._shared_client = httpx2.AsyncClient(
                timeout=self._target.timeout_seconds, trust_env=False, follow_redirects=False
            )
        return self._shared_client


async def _after(next_event: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(_REORDER_SECONDS_MAX):
            await next_event.wait()
    except TimeoutError:
        return
    await asyncio.sleep(_AFTER_NEXT_SECONDS)

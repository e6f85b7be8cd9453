"""Owns talking to billing about orders, with an identity that the gateway makes up for each buyer."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import httpx2
import structlog
from pydantic import BaseModel, SecretStr, ValidationError

from common.errors import AppError, Conflict, DependencyUnavailable, IdempotencyMismatch, NotFound, ValidationFailed
from common.http.identity import IDENTITY_HEADER, Caller, sign_identity
from common.ids import to_text
from common.order_tokens import ORDER_PREFIX

log = structlog.get_logger(__name__)

TAKE_SECONDS_MAX = 12.0
"""Billing waits up to 8 s for Stripe."""
READ_SECONDS_MAX = 5.0
RETRY_AFTER_SECONDS = 2
PLAN = "order"
"""What tells billing that the caller is the buyer of an order; no account has this plan."""


class BilledOrder(BaseModel):
    """An order as billing keeps it."""

    id: str
    job_id: str
    kind: str
    title: str
    price_minor: int
    currency: str
    status: Literal["open", "expired", "paid", "delivered", "refund_due", "refunded", "refund_failed"]
    refunded_minor: int = 0
    checkout_url: str | None
    checkout_expires_at: datetime | None
    created_at: datetime
    paid_at: datetime | None
    ended_at: datetime | None


class _Problem(BaseModel):
    code: str = ""
    detail: str | None = None
    errors: list[Any] = []


class BillingDesk:
    """Asks billing, who owns orders and their money."""

    def __init__(self, billing_url: str, http: httpx2.AsyncClient, identity_secrets: tuple[SecretStr, ...]) -> None:
        self._url = f"{billing_url}/v1/orders"
        self._http = http
        self._secrets = identity_secrets

    async def take(self, order_id: UUID, order: Mapping[str, Any], idempotency_key: str | None) -> BilledOrder:
        """Have a valid, priced order taken under this id; under a used key the answer is the order it made first.

        Raises:
            ValidationFailed: this kind of work is not sold without an account.
            IdempotencyMismatch: the key was used for another order.
            Conflict: the order under this key is over.
            DependencyUnavailable: billing or Stripe does not answer.
        """
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        return await self._ask("POST", self._url, order_id, TAKE_SECONDS_MAX, headers, dict(order))

    async def state(self, order_id: UUID) -> BilledOrder:
        """How an order stands.

        Raises:
            NotFound: there is none.
            DependencyUnavailable: billing does not answer.
        """
        return await self._ask("GET", f"{self._url}/{to_text(ORDER_PREFIX, order_id)}", order_id, READ_SECONDS_MAX)

    async def _ask(
        self,
        method: str,
        url: str,
        order_id: UUID,
        seconds_max: float,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> BilledOrder:
        buyer = Caller(order_id, order_id, PLAN)
        sent = {**(headers or {}), IDENTITY_HEADER: sign_identity(self._secrets, buyer)}
        try:
            async with asyncio.timeout(seconds_max):
                answer = await self._http.request(method, url, headers=sent, json=body, timeout=seconds_max)
            if answer.is_success:
                return BilledOrder.model_validate_json(answer.content)
            problem = _Problem.model_validate_json(answer.content)
        except (httpx2.HTTPError, ValidationError, TimeoutError) as error:
            log.warning("orders_not_asked", method=method, error=repr(error)[:200])
            raise DependencyUnavailable(retry_after_seconds=RETRY_AFTER_SECONDS) from error
        raise _refusal(problem)


def _refusal(problem: _Problem) -> AppError:
    """What billing refuses, the buyer is told; anything else is a part that does not respond."""
    match problem.code:
        case "VALIDATION_FAILED":
            return ValidationFailed(problem.errors, problem.detail)
        case "IDEMPOTENCY_KEY_REUSED":
            return IdempotencyMismatch(problem.detail)
        case "CONFLICT":
            return Conflict(problem.detail)
        case "NOT_FOUND":
            return NotFound()
        case _:
            log.warning("orders_not_answered", code=problem.code, detail=(problem.detail or "")[:200])
            return DependencyUnavailable(retry_after_seconds=RETRY_AFTER_SECONDS)

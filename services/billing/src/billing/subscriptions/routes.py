"""HTTP of subscriptions: begin one, look at it, change, cancel and resume it, and the way to the customer portal."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from billing.catalogue.rules import Interval
from billing.purchases.routes import IdempotencyKey
from billing.purchases.rules import RETURN_URL_LENGTH_MAX
from billing.subscriptions import storage
from billing.subscriptions.changing import ChangeRequest, SubscriptionOffice
from billing.subscriptions.checkout import SubscribeRequest, SubscriptionDesk
from billing.subscriptions.rules import LIVE, SUBSCRIPTION_PREFIX, Standing
from common.db.database import Database
from common.http.identity import Caller
from common.http.problems import problem_responses
from common.ids import to_text

PlanId = Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9][a-z0-9_-]*$")]


class SubscribeBody(BaseModel):
    """Which plan, and where Stripe sends the buyer afterwards (a page of ours where it is left out)."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"plan": "pro", "interval": "month"}})

    plan: PlanId
    interval: Interval
    success_url: str | None = Field(None, max_length=RETURN_URL_LENGTH_MAX)
    cancel_url: str | None = Field(None, max_length=RETURN_URL_LENGTH_MAX)


class SubscriptionCheckout(BaseModel):
    """Send the buyer to `url` before `expires_at`. The plan is there when the payment is: `GET /v1/subscription`."""

    order_id: str
    url: str
    expires_at: datetime


class ChangeBody(BaseModel):
    """The plan wanted instead, or the present one to take back a change that is to come."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"plan": "enterprise", "interval": "month"}}
    )

    plan: PlanId
    interval: Interval


class SubscriptionView(BaseModel):
    """The plan that counts for the account now, and what becomes of it.

    `plan` is what was paid for; `next_plan` is what the next renewal is for: another one after a downgrade, `free`
    after a cancellation. While a payment is owed (`past_due`) the plan stays until `grace_until`. Without any
    subscription all but `plan` is null.
    """

    id: str | None
    plan: str
    status: str | None
    interval: Interval | None
    period_end: datetime | None
    cancel_at_period_end: bool
    next_plan: str | None
    next_interval: Interval | None
    grace_until: datetime | None


class PortalBody(BaseModel):
    """Where the portal leads back to; a page of ours where it is left out."""

    model_config = ConfigDict(extra="forbid")

    return_url: str | None = Field(None, max_length=RETURN_URL_LENGTH_MAX)


class PortalOpened(BaseModel):
    """Send the customer to `url` within some minutes."""

    url: str


def build_router(
    database: Database,
    desk: SubscriptionDesk,
    office: SubscriptionOffice,
    identify: Callable[..., Awaitable[Caller]],
    public_url: str,
) -> APIRouter:
    """The routes; `identify` is the dependency that tells whose request it is."""
    router = APIRouter(tags=["subscriptions"], responses=problem_responses("UNAUTHORIZED"))
    Who = Annotated[Caller, Depends(identify)]  # noqa: N806 - a type
    of_one = problem_responses("NOT_FOUND", "DEPENDENCY_UNAVAILABLE")

    @router.post(
        "/v1/subscription/checkout",
        operation_id="open_subscription_checkout",
        status_code=201,
        responses=problem_responses(
            "CONFLICT", "VALIDATION_FAILED", "IDEMPOTENCY_KEY_REUSED", "DEPENDENCY_UNAVAILABLE"
        ),
    )
    async def subscribe(
        body: SubscribeBody, caller: Who, idempotency_key: IdempotencyKey = None
    ) -> SubscriptionCheckout:
        """Subscribe to a plan: answers with the address of Stripe's payment page."""
        order = await desk.open(
            SubscribeRequest(
                caller.account_id, body.plan, body.interval, body.success_url, body.cancel_url, idempotency_key
            )
        )
        if order.checkout_url is None or order.checkout_expires_at is None:
            raise AssertionError("an open order has a page")
        return SubscriptionCheckout(
            order_id=order.reference, url=order.checkout_url, expires_at=order.checkout_expires_at
        )

    @router.get("/v1/subscription", operation_id="get_subscription")
    async def get_subscription(caller: Who) -> SubscriptionView:
        """The plan that counts for the caller's account, and its subscription."""
        async with database.autocommit() as connection:
            return _view(await storage.standing_of(connection, caller.account_id))

    @router.post(
        "/v1/subscription/change",
        operation_id="change_subscription",
        responses=of_one | problem_responses("CONFLICT", "VALIDATION_FAILED", "IDEMPOTENCY_KEY_REUSED"),
    )
    async def change(body: ChangeBody, caller: Who, idempotency_key: IdempotencyKey = None) -> SubscriptionView:
        """Change the plan: a better one counts and is paid at once, a lesser or shorter one from the next renewal on.

        An upgrade gives the difference of the plans' credits for what is left of the month. From a year to a month,
        and to a lesser plan, one changes with the next renewal: until then all stays as it was paid for.
        """
        return _view(await office.change(ChangeRequest(caller.account_id, body.plan, body.interval, idempotency_key)))

    @router.post("/v1/subscription/cancel", operation_id="cancel_subscription", responses=of_one)
    async def cancel(caller: Who) -> SubscriptionView:
        """Let the subscription end with its period; until then everything stays as it is."""
        return _view(await office.cancel(caller.account_id))

    @router.post("/v1/subscription/resume", operation_id="resume_subscription", responses=of_one)
    async def resume(caller: Who) -> SubscriptionView:
        """Take a cancellation back, while the period runs."""
        return _view(await office.resume(caller.account_id))

    @router.post(
        "/v1/billing/portal",
        operation_id="open_billing_portal",
        status_code=201,
        responses=of_one | problem_responses("VALIDATION_FAILED"),
    )
    async def portal(body: PortalBody, caller: Who) -> PortalOpened:
        """Stripe's customer portal: cards, invoices, cancellation."""
        desk.check_addresses(return_url=body.return_url)
        return PortalOpened(url=await office.portal(caller.account_id, body.return_url or f"{public_url}/"))

    return router


def _view(standing: Standing) -> SubscriptionView:
    return SubscriptionView(
        id=to_text(SUBSCRIPTION_PREFIX, standing.subscription_id) if standing.subscription_id is not None else None,
        plan=standing.plan,
        status=standing.status,
        interval=standing.interval,
        period_end=standing.period_ends_at,
        cancel_at_period_end=standing.status in LIVE and standing.next_interval is None,
        next_plan=standing.next_plan,
        next_interval=standing.next_interval,
        grace_until=standing.grace_ends_at,
    )

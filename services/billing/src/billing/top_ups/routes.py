"""HTTP of automatic top-ups: look at the rule, change it, save a card for it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from billing.top_ups.rule_desk import RuleDesk, RuleView, Wish
from billing.top_ups.rules import CEILING_MINOR_MAX, THRESHOLD_MAX
from common.http.identity import Caller
from common.http.problems import problem_responses

PATH = "/v1/credits/auto-top-up"


class AutoTopUpBody(BaseModel):
    """The whole rule; `monthly_ceiling_minor`, by calendar month (UTC), in the smallest unit of the pack's currency."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "example": {
                "enabled": True,
                "threshold_credits": 20,
                "product_id": "pack-200",
                "monthly_ceiling_minor": 5400,
            }
        },
    )

    enabled: bool
    threshold_credits: int = Field(ge=1, le=THRESHOLD_MAX)
    product_id: str = Field(max_length=64, pattern=r"^[a-z0-9][a-z0-9_-]*$")
    monthly_ceiling_minor: int = Field(ge=1, le=CEILING_MINOR_MAX)


class StoredCard(BaseModel):
    """The card that is charged."""

    brand: str
    last4: str


class AutoTopUp(BaseModel):
    """The rule as it is; without one it is off and the rest is null.

    `paused_until` is set while nothing is tried after a decline, `disabled_reason` when declines switched it off.
    """

    enabled: bool
    threshold_credits: int | None
    product_id: str | None
    monthly_ceiling_minor: int | None
    spent_this_month_minor: int
    card: StoredCard | None
    paused_until: datetime | None
    disabled_reason: str | None


class CardPageOpened(BaseModel):
    """Send the person to `url` before `expires_at`; a card saved there is taken by the next change of the rule."""

    url: str
    expires_at: datetime


def build_router(desk: RuleDesk, identify: Callable[..., Awaitable[Caller]]) -> APIRouter:
    """The routes; `identify` is the dependency that tells whose request it is."""
    router = APIRouter(tags=["credits"], responses=problem_responses("UNAUTHORIZED"))

    @router.get(PATH, operation_id="get_auto_top_up")
    async def get_auto_top_up(caller: Annotated[Caller, Depends(identify)]) -> AutoTopUp:
        """Whether credits are bought by themselves, when, and for how much at most."""
        return _shown(await desk.view(caller.account_id))

    @router.put(
        PATH,
        operation_id="set_auto_top_up",
        responses=problem_responses("CONFLICT", "VALIDATION_FAILED", "DEPENDENCY_UNAVAILABLE"),
    )
    async def set_auto_top_up(body: AutoTopUpBody, caller: Annotated[Caller, Depends(identify)]) -> AutoTopUp:
        """Replace the rule. Switching it on needs a card on file (409 without one)."""
        wish = Wish(body.enabled, body.threshold_credits, body.product_id, body.monthly_ceiling_minor)
        return _shown(await desk.change(caller.account_id, wish))

    @router.post(
        f"{PATH}/card",
        operation_id="open_card_page",
        status_code=201,
        responses=problem_responses("DEPENDENCY_UNAVAILABLE"),
    )
    async def open_card_page(caller: Annotated[Caller, Depends(identify)]) -> CardPageOpened:
        """Save a card for automatic top-ups: answers with the address of Stripe's page."""
        page = await desk.open_card_page(caller.account_id)
        return CardPageOpened(url=page.url, expires_at=page.expires_at)

    return router


def _shown(view: RuleView) -> AutoTopUp:
    rule = view.rule
    card = StoredCard(brand=rule.card_brand, last4=rule.card_last4 or "") if rule and rule.card_brand else None
    return AutoTopUp(
        enabled=rule is not None and rule.enabled,
        threshold_credits=rule.threshold_credits if rule else None,
        product_id=rule.product_id if rule else None,
        monthly_ceiling_minor=rule.monthly_ceiling_minor if rule else None,
        spent_this_month_minor=view.spent_this_month_minor,
        card=card,
        paused_until=rule.next_try_at if rule and rule.enabled and rule.declines else None,
        disabled_reason=rule.disabled_reason if rule else None,
    )

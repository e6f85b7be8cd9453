"""Our calls to Stripe about subscription schedules: another price, of another interval, from the next renewal on.

A price of the same interval can be exchanged for the next renewal without one; one of another interval would begin its
period at once (docs.stripe.com/billing/subscriptions/subscription-schedules).
"""

import stripe

from billing.stripe.client import StripeApi
from billing.stripe.subscription_answers import Scheduled, read_schedule, read_scheduled
from billing.subscriptions.periods import Interval


class ScheduleApi:
    """Stripe as changes at the end of a period use it."""

    def __init__(self, api: StripeApi) -> None:
        self._api = api

    async def plan_next(self, stripe_subscription_id: str, stripe_price_id: str, interval: Interval, key: str) -> None:
        """From the next renewal on the subscription is of this price; whatever was planned before is forgotten.

        Repeated under its key it goes on where it was interrupted: a schedule that is there is used.
        """
        known = await self._scheduled(stripe_subscription_id)
        if known.schedule is None:
            schedule = read_schedule(
                await self._api.call(
                    "subscription_schedules.create",
                    lambda: self._api.sdk.v1.subscription_schedules.create_async(
                        {"from_subscription": stripe_subscription_id}, {"idempotency_key": f"{key}:schedule"}
                    ),
                )
            )
        else:
            schedule = known.schedule
        now: stripe.params.SubscriptionScheduleUpdateParamsPhase = {
            "items": [{"price": known.price_id, "quantity": known.quantity}],
            "start_date": schedule.phase_starts_at,
            "end_date": known.period_ends_at,
            "proration_behavior": "none",
        }
        then: stripe.params.SubscriptionScheduleUpdateParamsPhase = {
            "items": [{"price": stripe_price_id, "quantity": known.quantity}],
            "duration": {"interval": interval, "interval_count": 1},
            "proration_behavior": "none",
        }
        for phase in (now, then):  # what a phase does not name is taken from the subscription when it begins
            if known.payment_method_id is not None:
                phase["default_payment_method"] = known.payment_method_id
            if known.discount_ids:
                phase["discounts"] = [{"discount": discount} for discount in known.discount_ids]
        parameters: stripe.params.SubscriptionScheduleUpdateParams = {
            "end_behavior": "release",
            "proration_behavior": "none",
            "phases": [now, then],
        }
        await self._api.call(
            "subscription_schedules.update",
            lambda: self._api.sdk.v1.subscription_schedules.update_async(
                schedule.schedule_id,
                parameters,
                {"idempotency_key": f"{key}:phases:{schedule.schedule_id}:{known.period_ends_at}"},
            ),
        )

    async def forget_plans(self, stripe_subscription_id: str, key: str) -> None:
        """The subscription goes on as it is. While a schedule has hold of it Stripe lets nobody cancel it."""
        schedule = (await self._scheduled(stripe_subscription_id)).schedule
        if schedule is None:
            return
        await self._api.call(
            "subscription_schedules.release",
            lambda: self._api.sdk.v1.subscription_schedules.release_async(
                schedule.schedule_id, {}, {"idempotency_key": f"{key}:release:{schedule.schedule_id}"}
            ),
        )

    async def subscription_of(self, schedule_id: str) -> str | None:
        """The subscription a schedule has hold of, or had."""
        answer = await self._api.call(
            "subscription_schedules.retrieve",
            lambda: self._api.sdk.v1.subscription_schedules.retrieve_async(schedule_id),
        )
        return read_schedule(answer).subscription_id

    async def _scheduled(self, stripe_subscription_id: str) -> Scheduled:
        return read_scheduled(
            await self._api.call(
                "subscriptions.retrieve",
                lambda: self._api.sdk.v1.subscriptions.retrieve_async(stripe_subscription_id, {"expand": ["schedule"]}),
            )
        )

"""Which facts move credits."""

from collections.abc import Sequence
from typing import Literal

from billing.ledger.greeting import greet_accounts, greet_identities
from billing.ledger.holds import place_holds, place_holds_at_once
from billing.ledger.settlements import settle_outcomes
from common.bus.handlers import Handlers, Received
from common.db.unit_of_work import UnitOfWork
from common.events.accounts import UserRegistered, UserVerified
from common.events.jobs import JobSubmitted
from common.events.runs import RunCancelled, RunCompleted, RunFailed


def register(
    handlers: Handlers,
    sign_up_credits: int,
    *,
    grant_on: Literal["registration", "verification"] = "registration",
) -> None:
    """Subscribe the ledger. `sign_up_credits` greets each new customer; 0 greets with nothing."""

    at_registration = sign_up_credits if grant_on == "registration" else 0
    at_verification = sign_up_credits if grant_on == "verification" else 0

    async def greet_registered(batch: Sequence[Received[UserRegistered]], uow: UnitOfWork) -> None:
        if at_registration:
            await greet_accounts(uow, [received.event for received in batch], at_registration)

    async def greet_verified(batch: Sequence[Received[UserVerified]], uow: UnitOfWork) -> None:
        if at_verification:
            await greet_identities(uow, [received.event for received in batch], at_verification)

    handlers.on_batch(UserRegistered, greet_registered)
    handlers.on_batch(UserVerified, greet_verified)
    handlers.on_batch(JobSubmitted, place_holds, at_once=place_holds_at_once)
    handlers.on_batch(RunCompleted, settle_outcomes)
    handlers.on_batch(RunFailed, settle_outcomes)
    handlers.on_batch(RunCancelled, settle_outcomes)

"""Which facts move credits."""

from collections.abc import Sequence

from billing.ledger.grants import Grant, post_grants
from billing.ledger.holds import place_holds
from billing.ledger.settlements import settle_outcomes
from common.bus.handlers import Handlers, Received
from common.db.unit_of_work import UnitOfWork
from common.events.accounts import UserRegistered
from common.events.jobs import JobSubmitted
from common.events.runs import RunCancelled, RunCompleted, RunFailed


def register(handlers: Handlers, sign_up_credits: int) -> None:
    """Subscribe the ledger. `sign_up_credits` greets each new account; 0 greets with nothing."""

    async def welcome(batch: Sequence[Received[UserRegistered]], uow: UnitOfWork) -> None:
        if sign_up_credits:
            await post_grants(
                uow,
                [
                    Grant(
                        account_id=received.event.account_id,
                        credits=sign_up_credits,
                        source="promotion",
                        reference=f"sign-up:{received.event.user_id}",
                        memo="credits for a new account",
                    )
                    for received in batch
                ],
            )

    handlers.on_batch(UserRegistered, welcome)
    handlers.on_batch(JobSubmitted, place_holds)
    handlers.on_batch(RunCompleted, settle_outcomes)
    handlers.on_batch(RunFailed, settle_outcomes)
    handlers.on_batch(RunCancelled, settle_outcomes)

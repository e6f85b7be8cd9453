"""Use case: forget what the buyer of an order typed, once billing says that the order ended long ago.

The run stays, with its result: that is what was sold. What led to it goes: the input, what steps remembered of it, a
sentence that may quote it, and results kept for a repeat.
"""

from sqlalchemy import text

from common.db.unit_of_work import UnitOfWork
from common.events.orders import OrderBuyerForgotten
from generation.kept.storage import forget

_RUN = text(
    "UPDATE runs SET input = '{}', error_detail = NULL WHERE job_id = :job_id AND account_id = :account_id RETURNING 1"
)
_STEPS = text("UPDATE steps SET result = '{}' WHERE job_id = :job_id AND result <> '{}'")


async def forget_input(event: OrderBuyerForgotten, uow: UnitOfWork) -> None:
    """Erase it; nothing where the order never had a run. The account is the order's own."""
    parameters = {"job_id": event.job_id, "account_id": event.account_id}
    if await uow.first(_RUN, parameters) is None:
        return
    await uow.execute(_STEPS, {"job_id": event.job_id})
    await forget(uow, event.account_id)

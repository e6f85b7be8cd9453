"""Which facts tell of costs."""

from collections.abc import Sequence

from billing.costs.rules import RunOutcome, cost_of
from billing.costs.storage import book_costs, book_late_costs
from common.bus.handlers import Handlers, Received
from common.db.unit_of_work import UnitOfWork
from common.events.runs import RunCancelled, RunCompleted, RunCostSettled, RunFailed


def register(handlers: Handlers) -> None:
    """Book costs beside what the ledger does about the same outcomes, in the same transaction."""
    handlers.beside((RunCompleted, RunFailed, RunCancelled), book_outcomes)
    handlers.on_batch(RunCostSettled, book_found)


async def book_outcomes(batch: Sequence[Received[RunOutcome]], uow: UnitOfWork) -> None:
    """Write what each run of a batch cost, once for each job."""
    costs = [cost for received in batch if (cost := cost_of(received.event)) is not None]
    if costs:
        await book_costs(uow, costs)


async def book_found(batch: Sequence[Received[RunCostSettled]], uow: UnitOfWork) -> None:
    """Write what was found out later, once for each purchase."""
    await book_late_costs(uow, [received.event for received in batch])

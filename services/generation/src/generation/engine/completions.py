"""Completes runs: those that come to their end at the same time share one transaction, as in a group commit."""

from collections.abc import Sequence
from typing import Any

from common.batching import Batcher
from common.db.database import Database, is_transient
from common.telemetry.tracing import traceparent
from generation.runs.lease import ClaimedRun, LeaseLost
from generation.runs.outcome import Completion, complete

BATCH_MAX = 32
WAITING_MAX = 1024


class Completions:
    """Writes the good endings of a worker's runs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._batcher: Batcher[Completion, Exception | None] = Batcher(
            self._write, batch_max=BATCH_MAX, waiting_max=WAITING_MAX
        )

    async def write(self, run: ClaimedRun, result: dict[str, Any], charge_credits: int) -> None:
        """The work is done and stored; `charge_credits` of what is held pays for it. Safe to ask for again.

        Raises:
            LeaseLost: another worker has the run, or it is over.
            ValueError: the charge is more than was held, or the result is nothing that JSON can say.
        """
        error = await self._batcher.submit(Completion(run, result, charge_credits, traceparent()))
        if error is not None:
            raise error

    async def _write(self, batch: Sequence[Completion]) -> Sequence[Exception | None]:
        """What came of each. What the database refuses of one does not keep the others from their end."""
        try:
            done = await self._database.transact(complete, batch)
        except Exception as error:  # noqa: BLE001 - whatever it is, those concerned are told
            if len(batch) == 1 or is_transient(error):
                return [error] * len(batch)
            return [(await self._write([completion]))[0] for completion in batch]
        return [
            None if completion.run.job_id in done else LeaseLost(f"run {completion.run.job_id}") for completion in batch
        ]

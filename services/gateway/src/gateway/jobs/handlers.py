"""Which facts change the read model of jobs."""

from functools import partial

from common.bus.handlers import Handlers
from common.events.credits import BalanceChanged, CreditsCaptured, CreditsHeld, CreditsRefused, CreditsReleased
from common.events.runs import RunCancelled, RunCompleted, RunFailed, RunProgressed, RunQueued, RunStarted
from gateway.jobs import projection
from gateway.jobs.limit_notes import LimitNotes


def register(handlers: Handlers, notes: LimitNotes) -> None:
    """Subscribe the read model, and tell the limits of what came to its end."""
    handlers.on(BalanceChanged, partial(projection.note_balance, notes))
    handlers.on_batch(CreditsHeld, projection.note_held)
    handlers.on_batch(CreditsRefused, partial(projection.note_refused, notes))
    handlers.on_batch(RunQueued, projection.note_queued)
    handlers.on_batch(RunStarted, projection.note_started)
    handlers.on_batch(RunProgressed, projection.note_progress)
    handlers.on(RunCompleted, partial(projection.note_completed, notes))
    handlers.on(RunFailed, partial(projection.note_failed, notes))
    handlers.on(RunCancelled, partial(projection.note_cancelled, notes))
    handlers.on_batch(CreditsCaptured, projection.note_captured)
    handlers.on_batch(CreditsReleased, projection.note_released)

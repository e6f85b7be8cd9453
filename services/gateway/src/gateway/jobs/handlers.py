"""Which facts change the read model of jobs."""

from common.bus.handlers import Handlers
from common.events.artefacts import ArtefactsExpired
from common.events.credits import BalanceChanged, CreditsCaptured, CreditsHeld, CreditsRefused, CreditsReleased
from common.events.runs import RunCancelled, RunCompleted, RunFailed, RunProgressed, RunQueued, RunStarted
from gateway.jobs.deleted_files import note_deleted_files
from gateway.jobs.limit_notes import LimitNotes
from gateway.jobs.news import Fact
from gateway.jobs.projection import Projection

FACTS: tuple[type[Fact], ...] = (
    BalanceChanged,
    CreditsHeld,
    CreditsRefused,
    CreditsCaptured,
    CreditsReleased,
    RunQueued,
    RunStarted,
    RunProgressed,
    RunCompleted,
    RunFailed,
    RunCancelled,
)


def register(handlers: Handlers, notes: LimitNotes) -> None:
    """Subscribe the read model, with one handler for all types so that a mixed batch is one statement."""
    projection = Projection(notes)
    apply, at_once = projection.apply, projection.apply_at_once
    for event_type in FACTS:
        handlers.on_batch(event_type, apply, at_once=at_once)
    handlers.on(ArtefactsExpired, note_deleted_files)

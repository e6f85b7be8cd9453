"""Which facts answer a deletion."""

from common.bus.handlers import Handlers
from common.db.unit_of_work import UnitOfWork
from common.events.deletion import ArtefactsDeleted, RecipientErased
from gateway.deletion.storage import store_answer


def register(handlers: Handlers) -> None:
    """Subscribe the record of answers."""

    async def artefacts_deleted(event: ArtefactsDeleted, uow: UnitOfWork) -> None:
        counts = event.model_dump(include={"deleted_count", "missing_count", "refused_count"})
        await store_answer(uow.connection, event.deletion_id, "generation", counts)

    async def recipient_erased(event: RecipientErased, uow: UnitOfWork) -> None:
        counts = event.model_dump(include={"events_count", "mails_count"})
        await store_answer(uow.connection, event.deletion_id, "notifier", counts)

    handlers.on(ArtefactsDeleted, artefacts_deleted)
    handlers.on(RecipientErased, recipient_erased)

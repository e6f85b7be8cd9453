"""Facts about the deletion of an account: asked for by its user, answered by everybody who keeps something of it."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from common.events.envelope import Event


class AccountDeletionRequested(Event):
    """A user had the account deleted; nobody can act for it any more. Said by the gateway on `accounts`."""

    type: ClassVar[str] = "account.deletion_requested"
    topic: ClassVar[str] = "accounts"

    account_id: UUID
    user_id: UUID
    deletion_id: UUID


class ArtefactsDeleted(Event):
    """The vendor has answered for every artefact of the account. Said by generation on `runs`.

    `missing_count` were not there any more; `refused_count` were asked for again and again without success.
    """

    type: ClassVar[str] = "artefacts.deleted"
    topic: ClassVar[str] = "runs"

    account_id: UUID
    deletion_id: UUID
    deleted_count: int = Field(ge=0)
    missing_count: int = Field(ge=0)
    refused_count: int = Field(ge=0)


class RecipientErased(Event):
    """Address, log and mails of the account are gone. Said by the notifier on `deliveries`."""

    type: ClassVar[str] = "recipient.erased"
    topic: ClassVar[str] = "deliveries"

    account_id: UUID
    deletion_id: UUID
    events_count: int = Field(ge=0)
    mails_count: int = Field(ge=0)

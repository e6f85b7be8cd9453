"""Facts about files that are not kept for ever. Said by generation on the stream `runs`."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from common.events.envelope import Event, Payload

JOBS_TOLD_MAX = 10


class ExpiringJob(Payload):
    """A job whose files are about to go."""

    job_id: UUID
    kind: str


class ArtefactsExpiryAnnounced(Event):
    """Files of `job_count` jobs of an account will be deleted on a day (UTC); `jobs` are the first of them."""

    type: ClassVar[str] = "artefacts.expiry_announced"
    topic: ClassVar[str] = "runs"

    account_id: UUID
    expire_on: date
    job_count: int = Field(ge=1)
    jobs: tuple[ExpiringJob, ...] = Field(max_length=JOBS_TOLD_MAX)


class ArtefactsExpired(Event):
    """The files of a job were kept as long as its owner's plan says, and are deleted."""

    type: ClassVar[str] = "artefacts.expired"
    topic: ClassVar[str] = "runs"

    account_id: UUID
    job_id: UUID
    kind: str

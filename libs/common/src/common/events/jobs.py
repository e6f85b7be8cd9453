"""Facts about jobs as the public submits them. Said by the gateway on the stream `jobs`."""

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from common.events.envelope import Event, Payload

OnProviderDown = Literal["fallback", "wait", "cancel"]
"""What a job does when the first provider of its chain is down: ask the next, wait a while for it, or end."""
PROVIDER_WAIT_SECONDS_MAX = 24 * 60 * 60


class JobSpec(Payload):
    """All that is needed to hold credits for a job and to run it.

    It travels inside `job.submitted` and again inside `credits.held`, so that generation learns of work only
    once it is paid for, and a paid order enters the same way without a gateway.
    """

    job_id: UUID
    kind: str
    job_class: str
    price_credits: int = Field(ge=0)
    input: dict[str, Any]
    plan: str = "free"
    weight: int = Field(default=1, ge=1)
    locale: str = "en"
    deadline_at: datetime
    on_provider_down: OnProviderDown = "fallback"
    provider_wait_seconds: int = Field(default=0, ge=0, le=PROVIDER_WAIT_SECONDS_MAX)


class JobSubmitted(Event):
    """A job was accepted and is durable; nothing is held for it yet."""

    type: ClassVar[str] = "job.submitted"
    topic: ClassVar[str] = "jobs"

    account_id: UUID
    job: JobSpec


class JobCancelRequested(Event):
    """Its owner wants the job stopped."""

    type: ClassVar[str] = "job.cancel_requested"
    topic: ClassVar[str] = "jobs"

    account_id: UUID
    job_id: UUID

"""Owns the form in which a submission waits for the database: all that `accept` needs, as fields of a stream entry."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

from common.db.outbox_record import OutboxRecord
from common.events.jobs import JobSubmitted
from gateway.jobs.reading import canonical
from gateway.jobs.submission import HeldJob, Submission
from gateway.plans.limits import PlanLimits


class Unreadable(ValueError):
    """The entry is no held submission."""


def job_field(account: str, job: str) -> str:
    """Where a held job is found in the index, by its hexadecimal ids."""
    return f"{account}:{job}"


class HeldKind(NamedTuple):
    """What of its kind a job keeps."""

    name: str
    job_class: str


@dataclass(frozen=True, slots=True)
class HeldEntry:
    """An entry of the stream. The names of what is beside it can be told whether or not its body can be read."""

    entry_id: bytes
    fields: Mapping[bytes, bytes]

    @property
    def job_field(self) -> str:
        """Where the job is found in the index."""
        return job_field(self._text("account"), self._text("job"))

    @property
    def size(self) -> int:
        """Bytes of the body, which is what is counted."""
        return len(self.fields.get(b"body", b""))

    def submission(self) -> Submission:
        """The submission as it was taken. Its limits were passed then, so of them only the plan is left.

        Raises:
            Unreadable: the entry is no held submission.
        """
        try:
            event = JobSubmitted.from_json(self.fields[b"body"])
            request_hash = bytes.fromhex(self._text("hash"))
        except (KeyError, ValueError) as error:
            raise Unreadable(str(error)[:300]) from error
        trace = self._text("traceparent") or None
        job = event.job
        return Submission(
            job_id=job.job_id,
            account_id=event.account_id,
            kind=HeldKind(job.kind, job.job_class),
            limits=PlanLimits(job.plan, 0, 0, 0, job.weight),
            price_credits=job.price_credits,
            input_text=canonical(job.input),
            idempotency_key=self._text("key") or None,
            request_hash=request_hash,
            created_at=event.occurred_at,
            deadline_at=job.deadline_at,
            traceparent=trace,
            record=OutboxRecord.of(event, trace),
        )

    def _text(self, name: str) -> str:
        return self.fields.get(name.encode(), b"").decode("ascii", "replace")


def fields_of(submission: Submission) -> dict[str, str]:
    """The fields of a submission's entry."""
    return {
        "account": submission.account_id.hex,
        "job": submission.job_id.hex,
        "key": submission.idempotency_key or "",
        "hash": submission.request_hash.hex(),
        "traceparent": submission.traceparent or "",
        "body": submission.record.body,
    }


def under_id(submission: Submission, job_id: UUID) -> Submission:
    """The same submission under the id that its idempotency key was given before."""
    return _with_job(replace(submission, job_id=job_id))


def as_of(submission: Submission, moment: datetime) -> Submission:
    """The submission with the whole time it had when it was taken: that it was held is not its owner's fault."""
    return _with_job(replace(submission, deadline_at=moment + (submission.deadline_at - submission.created_at)))


def _with_job(submission: Submission) -> Submission:
    event = JobSubmitted.from_json(submission.record.body)
    job = event.job.model_copy(update={"job_id": submission.job_id, "deadline_at": submission.deadline_at})
    renewed = event.model_copy(update={"job": job})
    return replace(submission, record=OutboxRecord.of(renewed, submission.traceparent))


class Summary(NamedTuple):
    """What is told of a held job before it is in the database."""

    job: str
    kind: str
    job_class: str
    price_credits: int
    created_at: str
    request_hash: str

    @classmethod
    def of(cls, submission: Submission) -> Self:
        """The summary of a submission."""
        return cls(
            submission.job_id.hex,
            submission.kind.name,
            submission.kind.job_class,
            submission.price_credits,
            submission.created_at.isoformat(),
            submission.request_hash.hex(),
        )

    def to_json(self) -> str:
        """As it is kept in the index."""
        return json.dumps(self)

    @staticmethod
    def read(text: bytes) -> HeldJob:
        """The job of a summary."""
        summary = Summary(*json.loads(text))
        return HeldJob(
            UUID(summary.job),
            summary.kind,
            summary.job_class,
            summary.price_credits,
            datetime.fromisoformat(summary.created_at),
            bytes.fromhex(summary.request_hash),
        )

"""A job's status and the order in which it can change.

`submitted → queued → running → succeeded | failed | cancelled | rejected`. Events arrive on several streams in any
order, so each status has a rank and a job only ever moves to a higher one; the first outcome stays.
"""

from enum import StrEnum


class JobStatus(StrEnum):
    """What the public is told."""

    SUBMITTED = "submitted"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


RANKS = {
    JobStatus.SUBMITTED: 0,
    JobStatus.QUEUED: 1,
    JobStatus.RUNNING: 2,
    JobStatus.SUCCEEDED: 3,
    JobStatus.FAILED: 3,
    JobStatus.CANCELLED: 3,
    JobStatus.REJECTED: 3,
}
RANK_FINAL = 3

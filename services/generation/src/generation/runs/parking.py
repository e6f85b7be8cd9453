"""Use case: a run waits for its provider to come back, without a worker and without having failed.

It keeps its place and its credits, and can be cancelled like anything that waits.
"""

from sqlalchemy import text

from common.db.unit_of_work import UnitOfWork
from common.events.runs import RunProgressed
from generation.runs.lease import ClaimedRun, ensure_held

PAUSE_SECONDS = 15.0
PAUSE_SECONDS_MAX = 300.0

_PARK = text(
    """
    UPDATE runs SET state = 'queued', lease_owner = NULL, lease_until = NULL, provider_wait_until = until,
                    not_before = least(until, now() + make_interval(secs => :pause_seconds))
    FROM (
        SELECT coalesce(provider_wait_until, now() + make_interval(secs => provider_wait_seconds)) AS until
        FROM runs WHERE job_id = :job_id
    ) AS waiting
    WHERE job_id = :job_id AND (provider_wait_until IS NULL OR provider_wait_until > now())
    RETURNING job_id
    """
)


async def park(uow: UnitOfWork, run: ClaimedRun, word: RunProgressed, retry_after_seconds: float | None) -> bool:
    """Put the run back for a while and tell `word`; False when its time for waiting, counted from the first, is over.

    Args:
        retry_after_seconds: when the provider said it may go again; asked later and later, but not after the time.

    Raises:
        LeaseLost: the run is not this worker's any more.
    """
    await ensure_held(uow, run, "park")
    pause_seconds = min(max(PAUSE_SECONDS * 2 ** min(run.token - 1, 10), retry_after_seconds or 0.0), PAUSE_SECONDS_MAX)
    if await uow.first(_PARK, {"job_id": run.job_id, "pause_seconds": pause_seconds}) is None:
        return False
    uow.emit(word)
    return True

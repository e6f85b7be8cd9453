"""The durable record of purchases from providers: written before the call, so that nothing is bought twice."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import text

from common.db.database import Database, is_transient
from common.ids import new_id
from generation.providers.ports import AttemptOutcome, OpenAttempt
from generation.runs.lease import ClaimedRun, LeaseLost, stale_writes

_BEGIN = text(
    """
    INSERT INTO attempts (attempt_id, job_id, step, capability, provider, model, branch)
    SELECT :attempt_id, job_id, :step, :capability, :provider, :model, :branch FROM runs
    WHERE job_id = :job_id AND attempt = :token AND state = 'running'
    RETURNING attempt_id
    """
)
_REMEMBER = text("UPDATE attempts SET external_id = :external_id WHERE attempt_id = :attempt_id")
_FINISH = text(
    """
    UPDATE attempts SET outcome = :outcome, error_code = :error_code, cost_microusd = :cost_microusd,
                        request_id = :request_id, input_tokens = :input_tokens, output_tokens = :output_tokens,
                        finished_at = now()
    WHERE attempt_id = :attempt_id AND outcome IS NULL
    """
)
_OPEN = text(
    """
    SELECT attempt_id, provider, model, external_id, started_at FROM attempts
    WHERE job_id = :job_id AND step = :step AND capability = :capability
      AND (outcome IS NULL OR (outcome = 'ok' AND external_id IS NOT NULL))
      AND NOT attempt_id = ANY(CAST(:used AS uuid[]))
    ORDER BY started_at, attempt_id
    """
)
_SPENT = text(
    """
    SELECT coalesce(sum(cost_microusd), 0)::bigint FROM attempts
    WHERE provider = :provider AND finished_at >= :since AND cost_microusd > 0
    """
)

log = structlog.get_logger(__name__)


async def spent_microusd(database: Database, provider: str, since: datetime) -> int | None:
    """What the purchases from a provider that ended since then have cost; None while the database is away."""
    try:
        async with database.autocommit() as connection:
            found = await connection.execute(_SPENT, {"provider": provider, "since": since})
            return int(found.scalar_one())
    except Exception as error:
        if not is_transient(error):
            raise
        log.warning("spent_not_read", provider=provider, error=repr(error)[:200])
        return None


class StepAttempts:
    """The purchases of one step of one run; implements `AttemptLog`.

    Args:
        first: provider and model of choice; a purchase from others is recorded as one in their place.
        used: the purchases that this execution of the step has had already; it is added to.
    """

    def __init__(
        self,
        database: Database,
        run: ClaimedRun,
        step: str,
        *,
        first: tuple[str, str] | None = None,
        used: set[str] | None = None,
    ) -> None:
        self._database = database
        self._run = run
        self._step = step
        self._first = first
        self._used = set() if used is None else used
        self._known: dict[str, tuple[str, str]] = {}
        self.delivered: tuple[str, str] | None = None
        """Provider and model of the purchase that delivered, once one has."""

    async def begin(self, capability: str, provider: str, model: str) -> str:
        """Record that a purchase is about to be made.

        Raises:
            LeaseLost: another worker has the run, so nothing may be bought here.
        """
        attempt_id = new_id()
        async with self._database.autocommit() as connection:
            parameters = {
                "attempt_id": attempt_id,
                "step": self._step,
                "capability": capability,
                "provider": provider,
                "model": model,
                "branch": self._branch(provider, model),
                "job_id": self._run.job_id,
                "token": self._run.token,
            }
            if (await connection.execute(_BEGIN, parameters)).first() is None:
                stale_writes.labels("purchase").inc()
                raise LeaseLost(f"run {self._run.job_id} attempt {self._run.token}")
        self._known[str(attempt_id)] = (provider, model)
        self._used.add(str(attempt_id))
        return str(attempt_id)

    def _branch(self, provider: str, model: str) -> str:
        if self._first not in {None, (provider, model)}:
            return "fallback"
        return "waited" if self._run.has_waited else "first"

    async def remember(self, attempt_id: str, external_id: str) -> None:
        """Record under which id the vendor knows the purchase."""
        async with self._database.autocommit() as connection:
            await connection.execute(_REMEMBER, {"attempt_id": UUID(attempt_id), "external_id": external_id})

    async def finish(
        self,
        attempt_id: str,
        outcome: AttemptOutcome,
        *,
        error_code: str | None = None,
        cost_microusd: int | None = None,
        request_id: str | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
    ) -> None:
        """Record how the purchase ended. The first outcome stays."""
        self._used.add(attempt_id)
        if outcome is AttemptOutcome.OK:
            self.delivered = self._known[attempt_id]
        async with self._database.autocommit() as connection:
            parameters = {
                "attempt_id": UUID(attempt_id),
                "outcome": outcome.value,
                "error_code": error_code,
                "cost_microusd": cost_microusd,
                "request_id": request_id,
                "input_tokens": input_tokens,
                "output_tokens": output_tokens,
            }
            await connection.execute(_FINISH, parameters)

    async def open_attempts(self, capability: str) -> Sequence[OpenAttempt]:
        """Purchases of this step that a crash left without an outcome, or delivered and not made use of, oldest first.

        The latter were delivered, and their worker was lost before the step was remembered: they are fetched again.
        """
        async with self._database.autocommit() as connection:
            parameters = {
                "job_id": self._run.job_id,
                "step": self._step,
                "capability": capability,
                "used": [UUID(attempt_id) for attempt_id in self._used],
            }
            rows = (await connection.execute(_OPEN, parameters)).all()
        found = [OpenAttempt(str(row[0]), *row[1:]) for row in rows]
        self._known.update({attempt.attempt_id: (attempt.provider, attempt.model) for attempt in found})
        return found

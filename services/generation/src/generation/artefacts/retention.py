"""Keeps files as long as plans say: owners are warned, then the files are handed to those who have them deleted."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime
from uuid import UUID

import structlog

from common.clock import now
from common.db.database import Database
from common.db.recurring import repeat
from common.db.unit_of_work import UnitOfWork
from common.events.artefacts import JOBS_TOLD_MAX, ArtefactsExpired, ArtefactsExpiryAnnounced, ExpiringJob
from generation.artefacts import retention_storage
from generation.artefacts.retention_rules import Files, Holding, Look, expires_on, look_at

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 60.0
RUNS_MAX = 1000
BATCHES_MAX = 20


class ArtefactRetention:
    """May run in several processes; one of them looks at a time."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = now) -> None:
        self._database = database
        self._clock = clock

    async def run(self) -> None:
        """Look for ever; run it as a task of the process."""
        await repeat(self.sweep, PAUSE_SECONDS, skipped="artefact_retention_skipped")

    async def sweep(self) -> None:
        """One pass over what is due, in transactions of `RUNS_MAX` runs; what is left is for the next."""
        for _ in range(BATCHES_MAX):
            if await self._database.transact(self._look) < RUNS_MAX:
                break

    async def _look(self, uow: UnitOfWork) -> int:
        if not await retention_storage.may_look(uow):
            return 0
        moment = self._clock()
        holdings = await retention_storage.lock_due(uow, moment, limit=RUNS_MAX)
        looks = [(holding, look_at(holding, moment)) for holding in holdings]
        if not looks:
            return 0
        await retention_storage.write(uow, looks)
        for holding, look in looks:
            await _follow(uow, holding, look)
        _warn(uow, looks)
        return len(looks)


async def _follow(uow: UnitOfWork, holding: Holding, look: Look) -> None:
    """What else a look leads to, besides its own row and the warning."""
    others = set(holding.makers) - {holding.job_id}
    if others and look.files in (Files.KEPT, Files.WARNED) and holding.finished_at is not None:
        day = max(expires_on(holding), look.expire_on or date.min)
        await retention_storage.keep_for_others(uow, holding.account_id, others, day)
    if look.files is Files.LEAVING and holding.files is not Files.LEAVING:
        await retention_storage.let_go(uow, holding)
    if look.files is Files.GONE:
        await retention_storage.forget_answers(uow, holding.job_id)
        if holding.shown:
            uow.emit(ArtefactsExpired(account_id=holding.account_id, job_id=holding.job_id, kind=holding.kind))


def _warn(uow: UnitOfWork, looks: Sequence[tuple[Holding, Look]]) -> None:
    """One word for each account and day, whatever number of jobs it is about."""
    expiring: defaultdict[tuple[UUID, date], list[Holding]] = defaultdict(list)
    for holding, look in looks:
        if look.files is Files.WARNED and look.expire_on is not None:
            expiring[holding.account_id, look.expire_on].append(holding)
    for (account_id, day), jobs in expiring.items():
        named = tuple(ExpiringJob(job_id=one.job_id, kind=one.kind) for one in jobs[:JOBS_TOLD_MAX])
        uow.emit(ArtefactsExpiryAnnounced(account_id=account_id, expire_on=day, job_count=len(jobs), jobs=named))
    if expiring:
        log.info("artefacts_expiring_told", accounts=len({account_id for account_id, _ in expiring}))

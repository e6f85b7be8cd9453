"""Puts together what the gateway needs to go on while a part is away."""

import httpx2
from redis.asyncio import Redis

from common.db.database import Database
from common.http.passthrough import Passthrough
from common.redis_client import connect_redis
from common.runtime import Process
from gateway.degraded.credit_reads import SECONDS_MAX, CreditReads
from gateway.degraded.guarded_database import GuardedDatabase
from gateway.degraded.held_stream import HeldStream
from gateway.degraded.holding import Holding
from gateway.degraded.job_reads import JobReads
from gateway.degraded.last_known import LastKnown
from gateway.degraded.outages import Outage, Outages
from gateway.degraded.replaying import Replayer
from gateway.jobs.limits import Limits
from gateway.settings import GatewaySettings

MEBIBYTE = 1024 * 1024
_DATABASE_TEXT = (
    "New work is accepted and begins when this is over; jobs are shown as last known;"
    " accounts and keys cannot be changed."
)
_REDIS_TEXT = "Work goes on and may begin later; fewer submissions a minute are taken, and news arrive late."
_BILLING_TEXT = (
    "New work is accepted and begins when this is over; credits are shown as last known; nothing can be bought."
)


class DegradedModes:
    """The parts, and the tasks that keep them going. Probes have connections of their own: one each."""

    def __init__(self, settings: GatewaySettings, redis: Redis, http: httpx2.AsyncClient) -> None:
        url = settings.database_url_for("gateway")
        self._settings = settings
        self._http = http
        self._billing_ready = f"{settings.billing_url}/readyz"
        self._probe_database = Database(url, application="gateway-probe", pool_size=1)
        self._probe_redis: Redis = connect_redis(settings.redis_url.get_secret_value())
        self.outages = Outages(
            database=Outage("database", self._probe_database.check, _DATABASE_TEXT),
            redis=Outage("redis", self._ping_redis, _REDIS_TEXT),
            billing=Outage("billing", self._ask_billing, _BILLING_TEXT),
        )
        self.database = GuardedDatabase(
            url, application="gateway", outage=self.outages.database, pool_size=settings.pool_size
        )
        self.limits = Limits(redis, self.database)
        self.stream = HeldStream(redis, entries_max=settings.held_submissions_max)
        self.last_known = LastKnown(redis, bytes_max=settings.last_known_mebibytes_max * MEBIBYTE)
        self.holding = Holding(self.stream, self.last_known, self.limits)
        self.job_reads = JobReads(self.database, self.stream, self.last_known, self.outages)
        self.replayer = Replayer(self.database, self.stream, self.outages.database)

    def credit_reads(self, http: httpx2.AsyncClient) -> CreditReads:
        """Reading credits by this client."""
        secrets = self._settings.identity_secrets
        billing = Passthrough(self._settings.billing_url, http, secrets, total_seconds=SECONDS_MAX)
        return CreditReads(billing, self.last_known, self.outages)

    def spawn(self, process: Process) -> None:
        """Start the tasks."""
        for outage in (self.outages.database, self.outages.redis, self.outages.billing):
            process.spawn(f"probe-{outage.name}", outage.run)
        process.spawn("held-submissions", self.replayer.run)
        process.spawn("last-known", self.last_known.run)

    async def aclose(self) -> None:
        """Close connections."""
        await self._probe_redis.aclose()
        await self._probe_database.close()
        await self.database.close()

    async def _ping_redis(self) -> None:
        await self._probe_redis.ping()

    async def _ask_billing(self) -> None:
        answer = await self._http.get(self._billing_ready)
        answer.raise_for_status()

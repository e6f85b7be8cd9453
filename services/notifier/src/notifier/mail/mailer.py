"""Sends what is due: claims mails under a lease, hands them to the mail server, writes down how it went."""

import asyncio

import structlog
from jinja2 import TemplateError
from opentelemetry.trace import SpanKind
from opentelemetry.util.types import AttributeValue
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from common.clock import now
from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.deliveries import DeliverySent
from common.telemetry.tracing import span, traceparent
from notifier.mail import metrics, storage
from notifier.mail.attachments import Attachments
from notifier.mail.rendering import Renderer
from notifier.mail.rules import GIVE_UP_AFTER, backoff_seconds
from notifier.mail.smtp import (
    MailDelayedError,
    MailRefusedError,
    ServerAwayError,
    SmtpAddress,
    SmtpConnection,
)
from notifier.mail.storage import Delivery

log = structlog.get_logger(__name__)

LEASE_SECONDS = 120.0  # a file may take 15 s (twice, behind another's), connecting 30 s and the mail itself another 30
SERVER_AWAY_PAUSE_SECONDS_MAX = 30.0
POLL_SECONDS = 1.0
REST_SECONDS_MAX = 0.1
"""Between two mails a sender rests as long as the first took, up to this: nobody watches a mail come."""
FORGET_SECONDS = 300.0
FORGET_BATCH_MAX = 5000
KEEP_DAYS = 90


class Mailer:
    """One or more senders over one queue in Postgres. Each sender keeps one connection to the mail server."""

    def __init__(self, database: Database, renderer: Renderer, address: SmtpAddress, attachments: Attachments) -> None:
        self._database = database
        self._renderer = renderer
        self._address = address
        self._attachments = attachments
        self._senders: dict[asyncio.Event, asyncio.Lock] = {}
        self._draining = False

    def connect(self) -> SmtpConnection:
        """A connection for one sender; it opens with the first mail."""
        return SmtpConnection(self._address, self._renderer.sender.domain)

    def wake(self) -> None:
        """Something may be due now. Without this word the senders look every second."""
        for event in self._senders:
            event.set()

    async def drain(self) -> None:
        """Take no more mails, and let those under way reach the server."""
        self._draining = True
        self.wake()
        for busy in list(self._senders.values()):
            async with busy:
                pass

    async def run_sender(self) -> None:
        """Send until drained or cancelled."""
        connection = self.connect()
        wake, busy, loop = asyncio.Event(), asyncio.Lock(), asyncio.get_running_loop()
        self._senders[wake] = busy
        try:
            while not self._draining:
                wake.clear()
                began = loop.time()
                try:
                    async with busy:
                        more = await self.send_next(connection)
                except (DBAPIError, PoolTimeoutError, TimeoutError, OSError) as error:
                    log.warning("mailer_database_unavailable", error=repr(error)[:200])
                    more = False
                if more:
                    await asyncio.sleep(min(loop.time() - began, REST_SECONDS_MAX))
                else:
                    await connection.close_if_idle()
                    await _wait(wake)
        finally:
            del self._senders[wake]
            await connection.close()

    async def run_retention(self) -> None:
        """Forget what was sent long ago; ends only by cancellation."""
        while True:
            await asyncio.sleep(FORGET_SECONDS)
            try:
                await storage.forget(self._database, days=KEEP_DAYS, limit=FORGET_BATCH_MAX)
            except (DBAPIError, PoolTimeoutError, TimeoutError, OSError) as error:
                log.warning("mail_retention_skipped", error=repr(error)[:200])

    async def send_next(self, connection: SmtpConnection) -> bool:
        """Try the mail that has been due longest; says whether it is worth looking again at once."""
        delivery = await self._database.transact(_claim)
        if delivery is None:
            return False
        attributes: dict[str, AttributeValue] = {
            "server.address": self._address.host,
            "server.port": self._address.port,
            "messaging.message.id": str(delivery.delivery_id),
            "atelier.mail.template": delivery.template,
        }
        try:
            with span("smtp send", kind=SpanKind.CLIENT, parent=delivery.traceparent, attributes=attributes):
                async with self._attachments.of(delivery) as attachment:
                    await connection.send(self._renderer.render(delivery, now(), attachment))
                cause = traceparent() or delivery.traceparent
        except (MailRefusedError, TemplateError, ValueError) as error:
            await self._give_up(delivery, error)
        except MailDelayedError as error:
            await self._delay(delivery, error)
            return not isinstance(error, ServerAwayError)
        else:
            metrics.deliveries.labels(delivery.template, "sent").inc()
            metrics.delay.observe((now() - delivery.created_at).total_seconds())
            await self._database.transact(self._sent, delivery, cause)
        return True

    async def _sent(self, uow: UnitOfWork, delivery: Delivery, cause: str | None) -> None:
        if not await storage.mark_sent(uow, delivery, self._renderer.message_id(delivery.delivery_id)):
            log.warning("mail_lease_lost", delivery_id=str(delivery.delivery_id))
            return
        event = DeliverySent(
            account_id=delivery.account_id,
            delivery_id=delivery.delivery_id,
            template=delivery.template,
            job_id=delivery.job_id,
        )
        uow.emit(event, cause)

    async def _give_up(self, delivery: Delivery, error: Exception) -> None:
        metrics.deliveries.labels(delivery.template, "failed").inc()
        log.error(
            "mail_failed",
            delivery_id=str(delivery.delivery_id),
            template=delivery.template,
            error=repr(error)[:300],
        )
        await self._database.transact(storage.mark_failed, delivery, repr(error)[:300])

    async def _delay(self, delivery: Delivery, error: MailDelayedError) -> None:
        if now() - delivery.created_at > GIVE_UP_AFTER:
            await self._give_up(delivery, error)
            return
        metrics.deliveries.labels(delivery.template, "delayed").inc()
        pause = backoff_seconds(delivery.attempts)
        if isinstance(error, ServerAwayError):  # it says nothing about this mail
            pause = min(pause, SERVER_AWAY_PAUSE_SECONDS_MAX)
        log.warning("mail_delayed", delivery_id=str(delivery.delivery_id), pause_seconds=pause, error=str(error))
        await self._database.transact(storage.mark_retry, delivery, repr(error)[:300], pause)


async def _claim(uow: UnitOfWork) -> Delivery | None:
    return await storage.claim(uow, lease_seconds=LEASE_SECONDS)


async def _wait(wake: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(POLL_SECONDS):
            await wake.wait()
    except TimeoutError:
        return

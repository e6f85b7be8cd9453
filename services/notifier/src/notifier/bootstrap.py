"""The one place where the notifier's parts are put together."""

from dataclasses import dataclass

from fastapi import FastAPI
from redis.asyncio import Redis

from common.db.database import Database
from common.http.app import create_app
from common.http.outbound import GuardedFetcher
from common.redis_client import connect_redis
from notifier.feed.retention import FeedRetention
from notifier.feed.storage import LogReader
from notifier.handlers import Notifications
from notifier.mail.attachments import Attachments
from notifier.mail.mailer import Mailer
from notifier.mail.rendering import Renderer
from notifier.mail.smtp import parse_smtp_url
from notifier.settings import NotifierSettings
from notifier.streams.callers import require_caller
from notifier.streams.following import StreamLimits
from notifier.streams.hints import Hints
from notifier.streams.hub import Hub, HubLimits
from notifier.streams.places import Places
from notifier.streams.routes import STREAM_PATHS, StreamParts, build_router

SERVICE = "notifier"


@dataclass(frozen=True, slots=True)
class Notifier:
    """The parts of one process."""

    settings: NotifierSettings
    database: Database
    redis: Redis
    hub: Hub
    hints: Hints
    places: Places
    mailer: Mailer
    files: GuardedFetcher
    retention: FeedRetention
    notifications: Notifications
    app: FastAPI

    async def close(self) -> None:
        """Close the connections."""
        await self.files.aclose()
        await self.redis.aclose()
        await self.database.close()


def build(settings: NotifierSettings) -> Notifier:
    """All parts over these settings. Nothing connects before it is used.

    Raises:
        common.settings.SettingsError: there is no usable database address.
    """
    database = Database(settings.database_url_for(SERVICE), application=SERVICE, pool_size=settings.database_pool_size)
    redis = connect_redis(settings.redis_url.get_secret_value())
    log_reader = LogReader(database, reads_max=settings.database_pool_size // 3)
    hub = Hub(HubLimits(settings.streams_per_account_max, settings.streams_max))
    hints = Hints(hub, log_reader, redis)
    renderer = Renderer(settings.mail_from, settings.public_url, settings.job_path, settings.identity_secrets)
    files = GuardedFetcher(allow_hosts=settings.file_hosts, connections_max=1, user_agent="Atelier/1 (mail)")
    attachments = Attachments(files, settings.attachment_bytes_max)
    mailer = Mailer(database, renderer, parse_smtp_url(settings.smtp_url.get_secret_value()), attachments)
    return Notifier(
        settings=settings,
        database=database,
        redis=redis,
        hub=hub,
        hints=hints,
        places=Places(hub, redis),
        mailer=mailer,
        files=files,
        retention=FeedRetention(database, settings.log_keep_days),
        notifications=Notifications(hub=hub, hints=hints, mailer=mailer, keep_events=settings.log_keep_events),
        app=build_app(settings, database, hub, log_reader),
    )


def build_app(settings: NotifierSettings, database: Database, hub: Hub, log_reader: LogReader) -> FastAPI:
    """The HTTP application. Redis is only a doorbell here, so readiness asks the database alone."""
    parts = StreamParts(
        hub=hub,
        log_reader=log_reader,
        caller=require_caller(settings.identity_secrets, settings.access_token_secrets),
        limits=StreamLimits(
            heartbeat_seconds=settings.heartbeat_seconds,
            life_seconds=settings.stream_life_seconds,
            send_seconds_max=settings.stream_send_seconds_max,
        ),
    )
    return create_app(
        service=SERVICE,
        settings=settings,
        routers=[build_router(parts)],
        readiness={"database": database.check},
        title="Atelier notifier",
        version="1",
        stream_paths=STREAM_PATHS,
    )

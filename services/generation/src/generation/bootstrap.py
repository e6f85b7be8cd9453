"""The one place where generation's parts are put together."""

import os
from datetime import timedelta
from functools import partial

from fastapi import APIRouter
from redis.asyncio import Redis

from common.bus.consumer import ConsumerLimits
from common.bus.handlers import Handlers
from common.bus.runner import member_name, start_consumers, start_relay
from common.db.database import Database
from common.http.app import create_app
from common.http.identity import require_identity
from common.redis_client import connect_redis
from common.runtime import Process
from generation.artefacts import handlers as artefact_handlers
from generation.artefacts import routes as artefact_routes
from generation.artefacts.deleting import ArtefactDeleting
from generation.artefacts.links import ArtefactLinks
from generation.artefacts.retention import ArtefactRetention
from generation.assets import routes as asset_routes
from generation.assets.assembly import build_assets, build_input_images
from generation.assets.routes import BODY_BYTES_MAX
from generation.assets.routes import PATH as ASSETS_PATH
from generation.documents import handlers as document_handlers
from generation.documents import pay_pages
from generation.documents import routes as document_routes
from generation.documents.desk import DocumentSettings
from generation.doorbell import Doorbell
from generation.engine.executor import Executor
from generation.engine.late_costs import LateCostBooking
from generation.engine.run_folder import sweep_left_folders
from generation.engine.watchdog import Watchdog
from generation.engine.worker import listen
from generation.entitlements import handlers as entitlement_handlers
from generation.kept.purging import KeptResultsPurging
from generation.kinds.declare import declare_kinds
from generation.kinds.discovery import discover
from generation.local.pool import LocalPool, PoolLimits
from generation.providers.bootstrap import build_providers
from generation.providers.settings import ProviderSettings, StorageSettings
from generation.questionnaires import routes as questionnaire_routes
from generation.questionnaires.filling import Questionnaires
from generation.questionnaires.purging import DraftPurging
from generation.runs import handlers as run_handlers
from generation.runs.attempts import spent_microusd
from generation.settings import GenerationSettings
from generation.sweeper import Sweeper

VERSION = "0.1.0"
DRAIN_SHARE = 0.6
"""How much of the drain a worker gives the runs it has to come to their end before it hands them back."""


class Parts:
    """What every process of generation has: its database, its Redis, the doorbell, the relay."""

    def __init__(self, process: Process, settings: GenerationSettings) -> None:
        self.process = process
        self.settings = settings
        self.database = Database(
            settings.database_url_for("generation"), application=process.name, pool_size=settings.pool_size
        )
        self.redis: Redis = connect_redis(settings.redis_url.get_secret_value())
        self.doorbell = Doorbell(self.redis)
        self.pool = LocalPool(
            PoolLimits(
                processes_max=settings.local_processes,
                memory_bytes_max=settings.local_memory_mb * 1024 * 1024,
                idle_seconds=settings.local_idle_seconds,
            )
        )
        """Starts no process before there is work for one."""
        process.stack.push_async_callback(self.redis.aclose)
        process.stack.push_async_callback(self.database.close)
        process.stack.push_async_callback(self.pool.drain)

    async def start(self) -> None:
        """Start what all processes run."""
        await start_relay(self.process, "generation", self.database, self.redis)
        self.process.spawn("doorbell", self.doorbell.run)

    def sweeper(self) -> Sweeper:
        """A sweeper that knows how many slots there are in all."""
        slots = {name: count * self.settings.workers for name, count in self.settings.slots.items()}
        return Sweeper(self.database, self.redis, self.doorbell, slots)

    async def serve(self, port: int, *routers: APIRouter) -> None:
        """Health and metrics over HTTP, and the routes of the service."""
        app = create_app(
            service=self.process.name,
            settings=self.settings,
            routers=routers,
            readiness={"database": self.database.check, "redis": self._ping},
            title="Atelier generation",
            version=VERSION,
            body_limits={ASSETS_PATH: BODY_BYTES_MAX},
        )
        await self.process.serve(app, self.settings.host, port)

    async def _ping(self) -> None:
        await self.redis.ping()


async def start_service(process: Process, settings: GenerationSettings, *, sweep: bool) -> None:
    """The consumer: paid jobs become runs. With `sweep` the sweeper runs in the same process."""
    parts = Parts(process, settings)
    await parts.start()
    await _add_service(parts, sweep=sweep)
    await parts.serve(settings.port, *_routers(parts))
    await process.run_until_stopped()


async def start_sweeper(process: Process, settings: GenerationSettings) -> None:
    """The sweeper alone."""
    parts = Parts(process, settings)
    await parts.start()
    process.spawn("sweeper", parts.sweeper().run)
    process.spawn("kept-results", KeptResultsPurging(parts.database).run, critical=False)
    process.spawn("artefact-retention", ArtefactRetention(parts.database).run, critical=False)
    await parts.serve(settings.port)
    await process.run_until_stopped()


async def start_worker(process: Process, settings: GenerationSettings) -> None:
    """A worker: hears rings of its classes, claims runs, carries them out."""
    parts = Parts(process, settings)
    await parts.start()
    _add_worker(parts)
    await parts.serve(settings.worker_port)
    await process.run_until_stopped()


async def start_box(process: Process, settings: GenerationSettings) -> None:
    """Everything in one process, for a small box: service, sweeper and the one worker share connections and memory."""
    parts = Parts(process, settings)
    await parts.start()
    await _add_service(parts, sweep=True)
    _add_worker(parts)
    await parts.serve(settings.port, *_routers(parts))
    await process.run_until_stopped()


async def _add_service(parts: Parts, *, sweep: bool) -> None:
    process, sweeper = parts.process, parts.sweeper()
    kinds = discover(parts.settings.kind_modules)
    yearly_kinds = frozenset(kind.name for kind in kinds.values() if kind.once_a_paid_year)
    handlers = Handlers()
    run_handlers.register(handlers, parts.doorbell, lambda: sweeper.figures, yearly_kinds)
    artefact_handlers.register(handlers)
    entitlement_handlers.register(handlers)
    document_handlers.register(handlers)
    limits = ConsumerLimits(rest_seconds_max=0.05)
    start_consumers(process, "generation", parts.database, parts.redis, handlers, limits)
    await parts.database.transact(declare_kinds, list(kinds.values()))
    if sweep:
        process.spawn("sweeper", sweeper.run)
        process.spawn("kept-results", KeptResultsPurging(parts.database).run, critical=False)
        process.spawn("questionnaire-drafts", DraftPurging(parts.database).run, critical=False)
        process.spawn("artefact-retention", ArtefactRetention(parts.database).run, critical=False)


def _routers(parts: Parts) -> tuple[APIRouter, ...]:
    """What the service answers, and what takes customers' pictures in and lets them go."""
    database, storage = parts.database, StorageSettings()
    identify = require_identity(parts.settings.identity_secrets)
    assets = build_assets(parts.settings, storage, database, parts.pool, parts.process.stack)
    parts.process.spawn("asset-keeping", assets.keeping.run, critical=False)
    links = ArtefactLinks(database, assets.store, timedelta(seconds=storage.generation_link_seconds))
    return (
        asset_routes.build_router(database, assets.uploads, identify),
        artefact_routes.build_router(links, identify),
        questionnaire_routes.build_router(Questionnaires(database), identify),
        document_routes.build_router(database, DocumentSettings(parts.settings.public_url), links.fresh, identify),
        pay_pages.build_router(database),
    )


def _add_worker(parts: Parts) -> None:
    process, settings = parts.process, parts.settings
    sweep_left_folders()
    providers = build_providers(ProviderSettings(), parts.redis, partial(spent_microusd, parts.database), parts.pool)
    process.stack.push_async_callback(providers.aclose)
    executor = Executor(
        owner=f"{member_name()}:{os.getpid()}",
        database=parts.database,
        providers=providers,
        kinds=discover(settings.kind_modules),
        slots=settings.slots,
        lease_seconds=settings.lease_seconds,
        provider_seconds_max=settings.provider_seconds_max,
        memory_mb=settings.memory_mb,
        pool=parts.pool,
        documents=DocumentSettings(settings.public_url, settings.client_mails_a_day),
        input_images=build_input_images(settings, StorageSettings(), parts.database, parts.pool, process.stack),
    )
    process.before_stop(partial(executor.drain, settings.drain_seconds * DRAIN_SHARE), share=DRAIN_SHARE + 0.05)
    if providers.late_costs:
        process.spawn("late-costs", LateCostBooking(parts.database, providers.late_costs).run, critical=False)
    process.spawn("watchdog", Watchdog(settings.stuck_seconds).run)
    for job_class in settings.classes:
        process.spawn(f"rings-{job_class}", partial(listen, job_class, parts.redis, executor.answer))
    process.spawn("artefact-deletions", ArtefactDeleting(parts.database, providers.artefacts).run, critical=False)

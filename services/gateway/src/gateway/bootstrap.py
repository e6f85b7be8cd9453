"""The one place where the gateway's parts are put together."""

from datetime import timedelta
from functools import partial

from fastapi import APIRouter, FastAPI
from redis.asyncio import Redis

from common.bus.consumer import ConsumerLimits
from common.bus.handlers import Handlers
from common.bus.runner import start_consumers, start_relay
from common.db.database import Database
from common.events.kinds import KindDeclared
from common.http.app import create_app
from common.http.client import build_http_client
from common.http.passthrough import Passthrough
from common.redis_client import connect_redis
from common.runtime import Process
from gateway import passing_on
from gateway.authentication import Authenticator
from gateway.degraded.assembly import DegradedModes
from gateway.degraded.outages import either
from gateway.deletion import handlers as deletion_handlers
from gateway.deletion import routes as deletion_routes
from gateway.deletion.requesting import Deletions
from gateway.deletion.scrubbing import Scrubbing
from gateway.features.board import FeatureBoard
from gateway.jobs import handlers as job_handlers
from gateway.jobs import routes as job_routes
from gateway.jobs.admission import Admission
from gateway.jobs.credit_hint import CreditHint
from gateway.jobs.figures import Figures
from gateway.jobs.limit_notes import LimitNotes
from gateway.jobs.networks import Networks
from gateway.jobs.places import Places
from gateway.jobs.receipts import JobLedger
from gateway.jobs.verdicts import Verdicts
from gateway.keys import routes as key_routes
from gateway.keys.manage import Keys
from gateway.kinds import routes as kind_routes
from gateway.kinds.catalogue import KindCatalogue, store_declaration
from gateway.openapi import describe_kinds
from gateway.orders import handlers as order_handlers
from gateway.orders import routes as order_routes
from gateway.orders.billing_desk import BillingDesk
from gateway.orders.early_news import EarlyNews
from gateway.pages import routes as page_routes
from gateway.plans.limits import Plans
from gateway.quotes import routes as quote_routes
from gateway.requests.limits import RequestLimits
from gateway.requests.rule_book import RuleBook
from gateway.sessions import routes as session_routes
from gateway.sessions.attempt_rules import AttemptRule, AttemptRules
from gateway.sessions.attempts import AttemptLimits
from gateway.sessions.issuing import SessionIssuer
from gateway.sessions.sign_in import SignIn
from gateway.settings import GatewaySettings
from gateway.status import routes as status_routes
from gateway.status.board import StatusBoard, alive
from gateway.status.queues import GENERATION, QueueWatch
from gateway.status.rules import Finding
from gateway.status.services import listening
from gateway.status.switched import modes_of
from gateway.subscriptions import handlers as subscription_handlers
from gateway.users import credential_routes, export_routes
from gateway.users import routes as user_routes
from gateway.users.email_change import EmailChange
from gateway.users.export import Export
from gateway.users.password_change import PasswordChange
from gateway.users.password_check import PasswordCheck
from gateway.users.password_reset import PasswordReset
from gateway.users.passwords import Passwords
from gateway.users.profiles import Profiles
from gateway.users.registration import Registration
from gateway.users.verification import Verification

VERSION = "0.1.0"
UPLOAD_CONNECTIONS_MAX = 64
"""To generation; a slow sender holds one of them, so they are not the ones all else goes by."""


class Parts:
    """Everything the gateway is made of. Nothing is connected before it is used."""

    def __init__(self, settings: GatewaySettings) -> None:
        self.settings = settings
        self.redis: Redis = connect_redis(settings.redis_url.get_secret_value())
        self.http = build_http_client(connections_max=200)
        self.uploads_http = build_http_client(connections_max=UPLOAD_CONNECTIONS_MAX)
        self.degraded = DegradedModes(settings, self.redis, self.http)
        self.database: Database = self.degraded.database
        self.passwords = Passwords()
        sign_ups = AttemptRule(per_minute=settings.sign_ups_per_minute, per_hour=settings.sign_ups_per_hour)
        purchases = settings.purchase_rule
        self.attempts = AttemptLimits(
            self.database, AttemptRules(sign_up=sign_ups, purchase=purchases, order=purchases)
        )
        self.issuer = SessionIssuer(
            settings.access_token_secrets,
            access_lifetime=timedelta(minutes=settings.access_token_minutes),
            refresh_lifetime=timedelta(days=settings.refresh_token_days),
        )
        self.sign_in = SignIn(self.database, self.passwords, self.attempts, self.issuer)
        self.authenticator = Authenticator(self.database, self.redis, settings.access_token_secrets)
        self.limits = self.degraded.limits
        self.notes = LimitNotes(self.limits)
        self.verdicts = Verdicts(self.redis)
        self.figures = Figures(self.redis)
        self.places = Places(self.redis)
        self.features = FeatureBoard(self.database, self.redis)
        self.plans = Plans(self.database, self.features.limits_factor)
        self.request_rules = RuleBook(self.database, self.features.limits_factor, settings.request_rules)
        self.request_limits = RequestLimits(self.redis, self.request_rules.of)
        self.catalogue = KindCatalogue(self.database)
        self.admission = Admission(
            self.database,
            self.limits,
            self.verdicts,
            self.degraded.holding,
            self.degraded.outages,
            verdict_seconds_max=settings.verdict_seconds_max,
        )

        self.status = StatusBoard()
        """Whoever works in a reduced way says so here."""

    async def aclose(self) -> None:
        """Close connections and threads."""
        self.passwords.close()
        await self.http.aclose()
        await self.uploads_http.aclose()
        await self.redis.aclose()
        await self.degraded.aclose()

    async def ping_redis(self) -> None:
        """Readiness of Redis."""
        await self.redis.ping()


def build_app(parts: Parts) -> FastAPI:
    """The HTTP application."""
    settings = parts.settings
    app = create_app(
        service="gateway",
        settings=settings,
        routers=[
            _job_router(parts),
            *_identity_routers(parts),
            _quote_router(parts),
            kind_routes.build_router(parts.catalogue, parts.features),
            _status_router(parts),
            passing_on.build_router(
                Passthrough(settings.billing_url, parts.http, settings.identity_secrets),
                Passthrough(settings.notifier_url, parts.http, settings.identity_secrets),
                Passthrough(settings.generation_url, parts.uploads_http, settings.identity_secrets),
                parts.degraded.credit_reads(parts.http),
            ),
            _order_router(parts),
            page_routes.build_router(development=not settings.production),
        ],
        readiness={
            "database_or_redis": partial(either, parts.database.check, parts.ping_redis),
            "kinds": parts.catalogue.check,
        },
        title="Atelier",
        version=VERSION,
        stream_paths=("/v1/events", "/v1/jobs/{job_id}/events"),
        body_limits={passing_on.UPLOADS_PATH: passing_on.UPLOAD_BYTES_MAX},
    )
    app.state.authenticator = parts.authenticator
    app.state.request_limits = parts.request_limits
    app.state.attempts = parts.attempts
    app.state.features = parts.features
    app.state.trusted_proxies = settings.trusted_proxies
    describe_kinds(app, parts.catalogue)
    return app


async def start(process: Process, settings: GatewaySettings) -> None:
    """Run the gateway until it is told to stop."""
    parts = Parts(settings)
    process.stack.push_async_callback(parts.aclose)
    await start_relay(process, "gateway", parts.database, parts.redis)
    handlers = Handlers()
    handlers.on(KindDeclared, store_declaration)
    job_handlers.register(handlers, parts.notes)
    order_handlers.register(handlers)
    deletion_handlers.register(handlers)
    subscription_handlers.register(handlers, parts.authenticator.changed_plans)
    limits = ConsumerLimits(pace_seconds=0.1, busy_pace_seconds=0.4)
    start_consumers(process, "gateway", parts.database, parts.redis, handlers, limits, together=True)
    parts.degraded.spawn(process)
    process.spawn("features", parts.features.run)
    process.spawn("plans", parts.plans.run)
    process.spawn("request-limits", parts.request_rules.run)
    process.spawn("kinds", parts.catalogue.run)
    process.spawn("verdicts", parts.verdicts.run)
    process.spawn("figures", parts.figures.run)
    process.spawn("places", parts.places.run)
    process.spawn("limit-notes", parts.notes.run)
    process.spawn("key-revocations", parts.authenticator.run_revocations)
    process.spawn("key-last-used", parts.authenticator.run_last_used)
    process.spawn("changed-plans", parts.authenticator.changed_plans.run)
    process.spawn("closed-accounts", parts.authenticator.closed_accounts.run)
    process.spawn("early-news", EarlyNews(parts.database).run)
    process.spawn("deletion-scrubbing", Scrubbing(parts.database).run)
    process.spawn("refresh-token-purge", parts.sign_in.run_purge, critical=False)
    process.spawn("attempts-purge", parts.attempts.run_purge, critical=False)
    app = build_app(parts)
    await process.serve(app, settings.host, settings.port)
    app.state.failing_tasks = parts.degraded.outages.excusing(app.state.failing_tasks)
    await process.run_until_stopped()


def _identity_routers(parts: Parts) -> list[APIRouter]:
    registration = Registration(parts.database, parts.passwords, parts.attempts, parts.issuer)
    proxies, secrets = parts.settings.trusted_proxies, parts.settings.identity_secrets
    check = PasswordCheck(parts.database, parts.passwords, parts.attempts)
    credentials = credential_routes.Credentials(
        verification=Verification(parts.database, parts.attempts, secrets),
        password_reset=PasswordReset(parts.database, parts.passwords, parts.attempts, secrets),
        password_change=PasswordChange(parts.database, parts.passwords, check, parts.issuer),
        email_change=EmailChange(parts.database, check, parts.attempts, secrets),
    )
    return [
        credential_routes.build_router(credentials, trusted_proxies=proxies),
        user_routes.build_router(
            registration,
            Profiles(parts.database),
            trusted_proxies=proxies,
            admit_sign_up=parts.features.admit_sign_up,
        ),
        session_routes.build_router(parts.sign_in, trusted_proxies=proxies),
        deletion_routes.build_router(
            Deletions(
                parts.database,
                check,
                parts.authenticator.revocations,
                parts.authenticator.closed_accounts,
                parts.degraded.last_known.forget,
            )
        ),
        export_routes.build_router(Export(parts.database, parts.settings.public_url)),
        key_routes.build_router(Keys(parts.database, parts.authenticator.revocations)),
    ]


def _job_router(parts: Parts) -> APIRouter:
    settings = parts.settings
    return job_routes.build_router(
        job_routes.JobParts(
            database=parts.database,
            reads=parts.degraded.job_reads,
            admission=parts.admission,
            catalogue=parts.catalogue,
            features=parts.features,
            plans=parts.plans,
            figures=parts.figures,
            places=parts.places,
            credit_hint=CreditHint(settings.billing_url, parts.http, settings.identity_secrets, parts.limits),
            ledger=JobLedger(settings.billing_url, parts.http, settings.identity_secrets),
            networks=Networks(settings.trusted_proxies),
            quote_secrets=settings.identity_secrets,
        )
    )


def _quote_router(parts: Parts) -> APIRouter:
    return quote_routes.build_router(
        catalogue=parts.catalogue,
        figures=parts.figures,
        features=parts.features,
        secrets=parts.settings.identity_secrets,
    )


def _order_router(parts: Parts) -> APIRouter:
    settings = parts.settings
    return order_routes.build_router(
        order_routes.OrderParts(
            desk=BillingDesk(settings.billing_url, parts.http, settings.identity_secrets),
            catalogue=parts.catalogue,
            features=parts.features,
            reads=parts.degraded.job_reads,
            generation=Passthrough(settings.generation_url, parts.http, settings.identity_secrets),
            public_url=settings.public_url,
            link_secrets=settings.identity_secrets,
        )
    )


def _status_router(parts: Parts) -> APIRouter:
    async def api() -> Finding:
        return Finding("ok")  # whoever reads this was answered

    board, redis = parts.status, parts.redis
    queues = QueueWatch(redis, parts.catalogue, parts.figures)
    board.add("api", api)
    board.add("database", alive(parts.database.check))
    board.add("redis", alive(parts.ping_redis))
    board.add("billing", listening(redis, "billing", ("jobs", "runs")))
    board.add(GENERATION, queues.check)
    board.add("notifications", listening(redis, "notifier", ("runs",)))
    board.add_modes(lambda: modes_of(parts.features.current))
    board.add_modes(parts.degraded.outages.modes)
    return status_routes.build_router(board, queues, parts.features)

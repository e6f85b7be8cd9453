"""The one place where billing's parts are put together."""

from functools import partial

from redis.asyncio import Redis

from billing.costs import handlers as cost_handlers
from billing.invoice_payments import handlers as invoice_handlers
from billing.ledger import handlers as ledger_handlers
from billing.ledger import routes as ledger_routes
from billing.ledger.audit import run_audit
from billing.ledger.expiry import run_expiry
from billing.ledger.lot_expiry import run_lot_expiry
from billing.reconciliation.assembly import build_reconciler
from billing.reconciliation.schedule import run_schedule
from billing.settings import BillingSettings
from billing.statements import routes as statement_routes
from billing.stripe.assembly import BODY_LIMITS, build_stripe
from billing.subscriptions import handlers as subscription_handlers
from billing.top_ups import handlers as top_up_handlers
from billing.top_ups.assembly import build_top_ups
from common.bus.consumer import ConsumerLimits
from common.bus.handlers import Handlers
from common.bus.runner import start_consumers, start_relay
from common.db.database import Database
from common.features import FeatureReader
from common.http.app import create_app
from common.http.identity import require_identity
from common.redis_client import connect_redis
from common.runtime import Process

VERSION = "0.1.0"


async def start(process: Process, settings: BillingSettings) -> None:
    """Run billing until it is told to stop."""
    database = Database(settings.database_url_for("billing"), application="billing", pool_size=settings.pool_size)
    process.stack.push_async_callback(database.close)
    redis: Redis = connect_redis(settings.redis_url.get_secret_value())
    process.stack.push_async_callback(redis.aclose)
    features = FeatureReader(redis)
    identify = require_identity(settings.identity_secrets)
    stripe = build_stripe(settings, database, identify)
    process.stack.push_async_callback(stripe.api.close)
    top_ups = build_top_ups(settings, database, stripe.api, identify, lambda: features.current.read_only is not None)
    reconciler = build_reconciler(settings, database, stripe.api, stripe.inbox.wake)

    await start_relay(process, "billing", database, redis)
    handlers = Handlers()
    ledger_handlers.register(handlers, settings.sign_up_credits, grant_on=settings.greets_on)
    cost_handlers.register(handlers)
    top_up_handlers.register(handlers)
    subscription_handlers.register(handlers)
    invoice_handlers.register(handlers)
    outcomes = ConsumerLimits(pace_seconds=0.05, busy_pace_seconds=0.25)
    start_consumers(process, "billing", database, redis, handlers, by_topic={"runs": outcomes})
    process.spawn("stripe-inbox", partial(stripe.inbox.run, process.stopping))
    process.spawn("orders", partial(stripe.orders.run, process.stopping))
    process.spawn("invoice-payments", partial(stripe.invoices.run, process.stopping))
    process.spawn("catalogue-sync", stripe.catalogue.run)
    process.spawn("subscription-clock", stripe.clock.run)
    process.spawn("subscription-closing", stripe.closing.run)
    process.spawn("features", features.run)
    process.spawn("top-ups", partial(top_ups.worker.run, process.stopping))
    process.spawn("reconciliation", partial(run_schedule, database, reconciler))
    process.spawn("ledger-audit", partial(run_audit, database))
    process.spawn("hold-expiry", partial(run_expiry, database))
    process.spawn("lot-expiry", partial(run_lot_expiry, database))

    async def ping_redis() -> None:
        await redis.ping()

    app = create_app(
        service="billing",
        settings=settings,
        routers=[
            ledger_routes.build_router(database, identify),
            statement_routes.build_router(database, identify),
            *stripe.routers,
            top_ups.router,
        ],
        readiness={"database": database.check, "redis": ping_redis},
        title="Atelier billing",
        version=VERSION,
        body_limits=BODY_LIMITS,
    )
    await process.serve(app, settings.host, settings.port)
    await process.run_until_stopped()

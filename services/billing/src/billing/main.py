"""Billing's processes."""

from billing.bootstrap import start
from billing.catalogue.command import sync_catalogue
from billing.reconciliation.command import reconcile
from billing.settings import BillingSettings
from common.db.upgrade import upgrade
from common.runtime import run_process
from common.settings import load_settings


def run(role: str) -> None:
    """Run a process until it is told to stop.

    `migrate` brings the database up to date instead, `reconcile` compares Stripe with the ledger once,
    `sync-catalogue` brings packs, plans and prices to Stripe at once.

    Raises:
        ValueError: there is no such role.
    """
    settings = load_settings(BillingSettings)
    if role == "migrate":
        upgrade("billing", settings.database_url_for("billing"))
    elif role == "reconcile":
        reconcile(settings)
    elif role == "sync-catalogue":
        sync_catalogue(settings)
    elif role == "all":
        run_process("billing", settings, lambda process: start(process, settings))
    else:
        raise ValueError(f"billing has no role {role}")

"""Alembic's entry: billing's metadata and the shared careful runner."""

import billing.adjustments.tables
import billing.catalogue.tables
import billing.costs.tables
import billing.invoice_payments.tables
import billing.ledger.tables
import billing.orders.tables
import billing.purchases.tables
import billing.reconciliation.tables
import billing.stripe.tables
import billing.subscriptions.tables
import billing.top_ups.tables  # noqa: F401 - each import adds its tables to the metadata
from billing.tables import metadata
from common.db.migrate import run_environment

run_environment(metadata)

"""What is shown of reconciliation; every process shows the last run, whichever process it ran in."""

from prometheus_client import Counter, Gauge

drift = Gauge(
    "stripe_ledger_drift",
    "Payments about which Stripe and the ledger disagreed at the end of the last run; anything but 0 pages somebody.",
)
last_complete = Gauge(
    "stripe_reconciliation_last_complete_timestamp_seconds",
    "When the last run that looked at everything ended; older than two days pages somebody.",
)
runs = Counter("stripe_reconciliation_runs_total", "Runs of this process by how they ended.", ("status",))

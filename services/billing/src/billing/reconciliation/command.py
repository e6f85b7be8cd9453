"""`python -m billing reconcile`: one run by hand, its report on standard output, its verdict as exit status."""

import asyncio
import sys
from functools import partial

from billing.reconciliation.assembly import build_reconciler
from billing.reconciliation.rules import Difference, Report
from billing.settings import BillingSettings
from billing.stripe.client import StripeApi
from billing.stripe.inbox import Inbox
from common.db.database import Database
from common.runtime import Process, run_process

EXIT_DIFFERS = 1
EXIT_UNFINISHED = 3
DIFFERENCES_SHOWN_MAX = 50


def reconcile(settings: BillingSettings) -> None:
    """Run, print, and end the process: 0 when everything agrees, 1 when payments differ, 3 when it is not known.

    Works beside a running billing and without one: it looks after the inbox itself, whose events are shared by lease.

    Raises:
        SystemExit: with that status.
    """
    settings = settings.model_copy(update={"log_level": "warning"})  # the report says the rest
    reports: list[Report | None] = []

    async def main(process: Process) -> None:
        reports.append(await _reconcile(process, settings))

    run_process("billing", settings, main)
    report = reports[0] if reports else None
    sys.stdout.write(describe(report))
    sys.stdout.flush()
    if report is None or report.error is not None:
        raise SystemExit(EXIT_UNFINISHED)
    if report.counts.differences:
        raise SystemExit(EXIT_DIFFERS)


async def _reconcile(process: Process, settings: BillingSettings) -> Report | None:
    database = Database(settings.database_url_for("billing"), application="billing-reconcile", pool_size=6)
    process.stack.push_async_callback(database.close)
    api = StripeApi(settings.stripe_api_key.get_secret_value(), settings.stripe_api_base)
    process.stack.push_async_callback(api.close)
    inbox = Inbox(database, api)
    handled = asyncio.Event()
    process.spawn("stripe-inbox", partial(inbox.run, handled), critical=False)
    report = await build_reconciler(settings, database, api, inbox.wake).run("operator")
    handled.set()
    inbox.wake()
    return report


def describe(report: Report | None) -> str:
    """The report for people, ending in a line break."""
    if report is None:
        return "reconcile: another run is under way; ask again in a few minutes\n"
    counts, window = report.counts, report.window
    lines = [
        f"reconcile: {report.status}",
        f"window      {window.since:%Y-%m-%d %H:%M} to {window.until:%Y-%m-%d %H:%M} UTC",
        f"events      {counts.events_listed} listed, {counts.events_fed} had never arrived",
        f"payments    {counts.payments_compared} compared, {counts.payments_repaired} repaired, "
        f"{counts.payments_foreign} not ours",
        f"differences {counts.differences}",
    ]
    if report.error is not None:
        lines.append(f"broken off  {report.error}")
    lines += [_line(one) for one in report.differences[:DIFFERENCES_SHOWN_MAX]]
    if counts.differences > DIFFERENCES_SHOWN_MAX:
        lines.append(
            f"  and {counts.differences - DIFFERENCES_SHOWN_MAX} more: reconciliation_differences, {report.run_id}"
        )
    return "\n".join(lines) + "\n"


def _line(one: Difference) -> str:
    due = "" if one.due_credits is None else f"; credits {one.due_credits} due, {one.booked_credits} booked"
    return (
        f"  {one.payment_id} {one.reason}: paid {one.stripe_paid_minor} at Stripe, {one.booked_paid_minor} booked; "
        f"reversed {one.stripe_reversed_minor} at Stripe, {one.booked_reversed_minor} booked{due} ({one.currency})"
    )

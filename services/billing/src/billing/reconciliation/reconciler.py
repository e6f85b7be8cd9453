"""Use case: one run of reconciliation. Feed what was missed, compare every payment, report what still differs."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from billing.purchases.ports import PaymentsRefused, PaymentsUnavailable
from billing.reconciliation import storage
from billing.reconciliation.books import BOOKS, Book
from billing.reconciliation.feeding import Feeder
from billing.reconciliation.metrics import runs
from billing.reconciliation.rules import (
    Booked,
    Counts,
    Difference,
    Kind,
    Listed,
    PaidAtStripe,
    Report,
    Trigger,
    Window,
    compare,
    window_of,
)
from billing.stripe.handling import HANDLED_TYPES
from billing.stripe.listing import StripeListing
from common.clock import now
from common.db.database import Database
from common.ids import new_id

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=5)  # longer than a page with all that is asked about it takes
RUN_SECONDS_MAX = 3_600.0
DIFFERENCES_TOLD_MAX = storage.DIFFERENCES_KEPT_MAX
TOUCHED_MAX = 20_000
ACTIVE_AT_ONCE_MAX = 500


class RunLost(RuntimeError):
    """Another process has given this run up: its lease had lapsed."""


class Reconciler:
    """Compares Stripe with the ledger.

    Args:
        days: how far a run looks back at least.
    """

    def __init__(
        self, database: Database, listing: StripeListing, feeder: Feeder, *, days: int, books: Sequence[Book] = BOOKS
    ) -> None:
        self._database = database
        self._listing = listing
        self._feeder = feeder
        self._days = days
        self._books = books

    async def run(self, trigger: Trigger, *, rest: timedelta | None = None) -> Report | None:
        """One run; None when another is under way, or one has looked at everything within `rest`.

        A run that Stripe or the database broke off has an `error` in its report and says nothing about the rest.
        """
        async with self._database.autocommit() as connection:
            last = await storage.last_run(connection)
        window = window_of(now(), self._days, last.window_until if last else None)
        run_id = new_id()
        if not await self._database.transact(storage.begin_run, run_id, trigger, window, LEASE, rest):
            return None
        log.info("reconciliation_began", run_id=str(run_id), trigger=trigger, since=window.since.isoformat())
        work = _Run(self._database, self._listing, self._feeder, self._books, run_id, window)
        try:
            error = await _carried_out(work)
        except BaseException as failure:
            await self._finish(work, f"broken off: {type(failure).__name__}")
            raise
        return await self._finish(work, error)

    async def _finish(self, work: "_Run", error: str | None) -> Report:
        report = Report(work.run_id, work.window, work.counts, tuple(work.differences), error)
        await self._database.transact(storage.finish_run, report)
        runs.labels(report.status).inc()
        _tell(report)
        return report


async def _carried_out(work: "_Run") -> str | None:
    """Why a run could not look at everything; None when it could."""
    try:
        async with asyncio.timeout(RUN_SECONDS_MAX):
            await work.carry_out()
    except (PaymentsUnavailable, PaymentsRefused) as failure:
        return f"{type(failure).__name__}: {failure}"[:500]
    except TimeoutError:
        return f"not done within {RUN_SECONDS_MAX:.0f} seconds"
    return None


class _Run:
    """The work of one run, and what it has found so far."""

    def __init__(
        self,
        database: Database,
        listing: StripeListing,
        feeder: Feeder,
        books: Sequence[Book],
        run_id: UUID,
        window: Window,
    ) -> None:
        self._database = database
        self._listing = listing
        self._feeder = feeder
        self._books = books
        self.run_id = run_id
        self.window = window
        self._touched: set[str] = set()
        self._compared: set[str] = set()
        self.counts = Counts()
        self.differences: list[Difference] = []

    async def carry_out(self) -> None:
        await self._feed_events()
        async for intent_ids in self._listing.reversed_payments(self.window):
            self._note_touched(intent_ids)
        for pages in (self._listing.invoices, self._listing.payments, self._listing.free_sessions):
            async for page in pages(self.window):
                await self._take(page)
        async for payment_ids in self._left_over():
            await self._take(await self._listed(payment_ids))

    async def _feed_events(self) -> None:
        async for page in self._listing.events(HANDLED_TYPES, self.window):
            self.counts.events_listed += len(page)
            self._note_touched([one.payment_intent_id for one in page if one.payment_intent_id is not None])
            fed = await self._feeder.feed(page)
            self.counts.events_fed += len(fed)
            await self._feeder.settled(fed)
            await self._keep_lease()

    def _note_touched(self, intent_ids: Sequence[str]) -> None:
        self._touched.update(intent_ids)
        if len(self._touched) > TOUCHED_MAX:
            raise PaymentsRefused(f"more than {TOUCHED_MAX} payments were reversed in one window")

    async def _take(self, page: Sequence[Listed]) -> None:
        """Compare a page; have the inbox look again at what differs, and compare that with Stripe as it is then."""
        fresh = [one for one in page if one.payment_id not in self._compared]
        suspects = await self._compare(fresh)
        for one in fresh:  # the payment intents that paid an invoice are compared with it
            self._compared.update((one.payment_id, *one.payment_intent_ids))
        if suspects:
            by_id = {one.payment_id: one for one in fresh}
            paid = [by_id[payment_id] for payment_id in suspects if by_id[payment_id].settled]
            asked = await self._feeder.ask_again(paid)
            await self._feeder.settled(asked)
            again = await self._listed(list(suspects))
            remaining = await self._compare(again, counting=False, reversals_of_all=True)
            self.counts.payments_repaired += len(suspects) - len(remaining)
            self.counts.differences += len(remaining)
            self.differences += list(remaining.values())[: DIFFERENCES_TOLD_MAX - len(self.differences)]
        await self._keep_lease()

    async def _compare(
        self, page: Sequence[Listed], *, counting: bool = True, reversals_of_all: bool = False
    ) -> dict[str, Difference]:
        booked = await self._booked(page)
        found: dict[str, Difference] = {}
        for one in page:
            if one.payment_id not in booked:
                self.counts.payments_foreign += counting
                continue
            self.counts.payments_compared += counting
            ours = booked[one.payment_id]
            paid = await self._paid(one, ours, certainly=reversals_of_all)
            if difference := compare(paid, ours):
                found[one.payment_id] = difference
        return found

    async def _booked(self, page: Sequence[Listed]) -> Mapping[str, Booked | None]:
        booked: dict[str, Booked | None] = {}
        async with self._database.autocommit() as connection:
            for book in self._books:
                if listed := [one for one in page if one.kind in book.kinds]:
                    booked.update(await book.look_up(connection, listed))
        return booked

    async def _paid(self, one: Listed, ours: Booked | None, *, certainly: bool) -> PaidAtStripe:
        """What Stripe says; its refunds and disputes are asked for where there can be any.

        Whatever was reversed of a payment made in the window was reversed in the window, and so is among `_touched`.
        """
        asked = certainly or (ours is not None and ours.reversed_minor) or ours is None
        if asked or not self._touched.isdisjoint(one.payment_intent_ids):
            return PaidAtStripe(
                one.payment_id,
                one.paid_minor if one.settled else 0,
                await self._listing.net_reversed(one) if one.settled else 0,
                one.currency,
            )
        return PaidAtStripe(one.payment_id, one.paid_minor if one.settled else 0, 0, one.currency)

    async def _left_over(self) -> AsyncIterator[list[str]]:
        """What was paid before the window and reversed in it, and what we booked in it and Stripe did not list."""
        touched = sorted(self._touched - self._compared)
        for start in range(0, len(touched), ACTIVE_AT_ONCE_MAX):
            yield [await self._invoice_or(one) for one in touched[start : start + ACTIVE_AT_ONCE_MAX]]
        for book in self._books:
            after = ""
            while True:
                async with self._database.autocommit() as connection:
                    active = await book.active(
                        connection, self.window.since, self.window.until, after, ACTIVE_AT_ONCE_MAX
                    )
                if not active:
                    break
                yield [one for one in active if one not in self._compared]
                after = active[-1]

    async def _invoice_or(self, payment_intent_id: str) -> str:
        return await self._listing.invoice_of_payment(payment_intent_id) or payment_intent_id

    async def _listed(self, payment_ids: Sequence[str]) -> list[Listed]:
        """Payments as Stripe has them now; one it does not have counts as never paid."""
        found = []
        for payment_id in payment_ids:
            listed = await self._listing.one(payment_id)
            found.append(listed or Listed(_kind_of(payment_id), payment_id, 0, None, settled=False))
            await self._keep_lease()
        return found

    async def _keep_lease(self) -> None:
        async with self._database.autocommit() as connection:
            if not await storage.renew_lease(connection, self.run_id, LEASE):
                raise RunLost(str(self.run_id))


def _kind_of(payment_id: str) -> Kind:
    prefix = payment_id.partition("_")[0]
    return "session" if prefix == "cs" else "invoice" if prefix == "in" else "payment"


def _tell(report: Report) -> None:
    for difference in report.differences:
        log.error(
            "reconciliation_difference",
            run_id=str(report.run_id),
            **{name: getattr(difference, name) for name in difference.__slots__},
        )
    if report.error is not None:
        log.error("reconciliation_failed", run_id=str(report.run_id), error=report.error)
    log.info(
        "reconciliation_ended",
        run_id=str(report.run_id),
        status=report.status,
        **{name: getattr(report.counts, name) for name in report.counts.__slots__},
    )

"""Carries one attempt on by as much as can be done now: choose the card, charge it, learn what became of it.

What the vendor is asked for is written before it is asked, and a lost answer is looked for before anything is asked
again. So a crash at any point leaves an attempt that the next process finds out about.
"""

from datetime import timedelta

import structlog

from billing.purchases.checkout import CheckoutDesk, CheckoutRequest
from billing.purchases.ports import AttemptSpent, PaymentsRefused, PaymentsUnavailable
from billing.subscriptions.storage import customer_of
from billing.top_ups import closing, rule_storage, storage
from billing.top_ups.placing import desk_key
from billing.top_ups.ports import CardVendor
from billing.top_ups.rules import KEY_LIFE, OffSessionPayment, TopUp
from common.clock import now
from common.db.database import Database
from common.errors import Conflict, DependencyUnavailable

log = structlog.get_logger(__name__)

LOOK_AGAIN = timedelta(seconds=15)
PAUSE_FIRST_SECONDS = 2.0
PAUSE_MAX_SECONDS = 600.0
_PAGE_ENDED = frozenset({"expired", "failed"})


class Buyer:
    """Buys packs for accounts that are not there."""

    def __init__(self, database: Database, vendor: CardVendor, desk: CheckoutDesk) -> None:
        self._database = database
        self._vendor = vendor
        self._desk = desk

    async def go_on(self, top_up: TopUp) -> str:
        """One attempt, claimed for this process, as far as it goes now; a word on how it stands."""
        try:
            return await self._step(top_up)
        except AttemptSpent as error:
            log.warning("top_up_key_spent", purchase_id=top_up.reference, error=str(error)[:200])
            async with self._database.autocommit() as connection:
                await storage.use_next_key(connection, top_up)
            return await self._later(top_up)
        except (PaymentsUnavailable, DependencyUnavailable) as error:
            log.warning("top_up_waits_for_vendor", purchase_id=top_up.reference, error=str(error)[:200])
            return await self._later(top_up)
        except PaymentsRefused as error:
            log.error("top_up_refused", purchase_id=top_up.reference, error=str(error)[:200])  # noqa: TRY400
            return await self._database.transact(closing.fail, top_up, "refused")

    async def _step(self, top_up: TopUp) -> str:
        if top_up.purchase_status == "paid":
            return await self._database.transact(closing.close_paid, top_up)
        if top_up.purchase_status in _PAGE_ENDED:
            return await self._database.transact(closing.fail, top_up, "not_authenticated")
        if top_up.status == "requires_action":
            return await self._later(top_up, LOOK_AGAIN)
        if top_up.payment_intent_id is not None:
            return await self._follow(top_up, await self._vendor.look(top_up.payment_intent_id))
        if top_up.tries > 1 and (found := await self._vendor.find(top_up)) is not None:
            log.info("top_up_found_again", purchase_id=top_up.reference, state=found.state)
            return await self._follow(top_up, found)
        if now() - top_up.created_at > KEY_LIFE:
            return await self._database.transact(closing.fail, top_up, "no_answer")
        ready = await self._with_card(top_up)
        if ready is None:
            return await self._database.transact(closing.fail, top_up, "no_card")
        return await self._follow(ready, await self._vendor.buy(ready))

    async def _with_card(self, top_up: TopUp) -> TopUp | None:
        """The attempt with the card it charges, which is then always the same; None when there is no card."""
        if top_up.payment_method_id is not None:
            return top_up
        async with self._database.autocommit() as connection:
            customer_id = await customer_of(connection, top_up.account_id)
        card = await self._vendor.card_of(customer_id) if customer_id is not None else None
        if customer_id is None or card is None:
            return None
        async with self._database.autocommit() as connection:
            await storage.choose_card(connection, top_up.purchase_id, customer_id, card.payment_method_id)
            await rule_storage.note_card(connection, top_up.account_id, card)
        async with self._database.unit_of_work() as uow:
            return await storage.lock_open(uow, top_up.purchase_id)

    async def _follow(self, top_up: TopUp, payment: OffSessionPayment) -> str:
        async with self._database.autocommit() as connection:
            await storage.note_intent(connection, top_up.purchase_id, payment.payment_intent_id, payment.code)
        match payment.state:
            case "paid":
                return await self._database.transact(closing.settle, top_up, payment)
            case "under_way":
                return await self._later(top_up, LOOK_AGAIN)
            case "needs_action":
                return await self._ask_owner(top_up, payment)
            case "declined" | "given_up":
                return await self._database.transact(closing.fail, top_up, payment.code or "card_declined")

    async def _ask_owner(self, top_up: TopUp, payment: OffSessionPayment) -> str:
        """Withdraw the payment and offer a page for the same purchase, so that only one of them can be paid."""
        withdrawn = await self._vendor.give_up(payment.payment_intent_id)
        if withdrawn.state == "paid":
            return await self._database.transact(closing.settle, top_up, withdrawn)
        request = CheckoutRequest(top_up.account_id, top_up.product_id, idempotency_key=desk_key(top_up.purchase_id))
        try:
            purchase = await self._desk.open(request)
        except Conflict:  # the page had its time, or was paid, before anybody was told of it
            return await self._later(top_up, LOOK_AGAIN)
        await self._database.transact(closing.await_owner, top_up, purchase, LOOK_AGAIN)
        return "requires_action"

    async def _later(self, top_up: TopUp, pause: timedelta | None = None) -> str:
        pause = pause or timedelta(seconds=pause_seconds(top_up.tries))
        async with self._database.autocommit() as connection:
            await storage.go_on_later(connection, top_up, pause)
        return top_up.status


def pause_seconds(tries: int) -> float:
    """How long to wait after so many tries without an answer: 2 s, doubling to ten minutes."""
    return float(min(PAUSE_MAX_SECONDS, PAUSE_FIRST_SECONDS * 2.0 ** min(tries - 1, 12)))

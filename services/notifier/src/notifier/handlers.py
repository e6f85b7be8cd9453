"""What is done with each kernel event: one transaction tells the log and queues the mail, then wakes both."""

from collections.abc import Sequence
from functools import partial

from common.bus.handlers import Handlers, Received
from common.db.unit_of_work import UnitOfWork
from common.events.accounts import EmailChanged, UserRegistered
from common.events.credits import PurchaseCompleted
from common.events.deletion import AccountDeletionRequested
from common.events.envelope import Event
from common.events.orders import OrderBuyerForgotten, OrderPaid
from notifier.erasure import erase_account, forget_buyer
from notifier.feed.rules import FEED_FACTS
from notifier.feed.storage import StoredEvent
from notifier.feed.telling import tell
from notifier.mail import storage as mail_storage
from notifier.mail.artefact_mails import ARTEFACT_FACTS, artefact_mails
from notifier.mail.document_mails import DOCUMENT_FACTS, document_mails
from notifier.mail.identity_mails import IDENTITY_FACTS, identity_mails
from notifier.mail.mailer import Mailer
from notifier.mail.order_mails import ORDER_FACTS, order_mails
from notifier.mail.rules import Mail, job_mail, receipt_mail
from notifier.mail.storage import Recipient
from notifier.mail.subscription_mails import SUBSCRIPTION_FACTS, subscription_mails
from notifier.mail.top_up_mails import TOP_UP_FACTS, top_up_mails
from notifier.streams.hints import Hints
from notifier.streams.hub import Hub


class Notifications:
    """Handles every event the notifier listens to, in batches.

    Args:
        keep_events: how many entries an account's log keeps.
    """

    def __init__(self, *, hub: Hub, hints: Hints, mailer: Mailer, keep_events: int) -> None:
        self._hub = hub
        self._hints = hints
        self._mailer = mailer
        self._keep_events = keep_events

    def handlers(self) -> Handlers:
        """One and the same handler for all types, so that a mixed batch can come in one piece."""
        handlers = Handlers()
        mailed = (*IDENTITY_FACTS, *SUBSCRIPTION_FACTS, *TOP_UP_FACTS, *ORDER_FACTS, *DOCUMENT_FACTS, *ARTEFACT_FACTS)
        others = (EmailChanged, AccountDeletionRequested, OrderBuyerForgotten)
        event_types: tuple[type[Event], ...] = (*FEED_FACTS, *mailed, *others)
        for event_type in dict.fromkeys(event_types):
            handlers.on_batch(event_type, self.handle)
        return handlers

    async def handle(self, received: Sequence[Received[Event]], uow: UnitOfWork) -> None:
        """Tell and mail what is news in a batch of events of any types."""
        facts = [item for item in received if isinstance(item.event, FEED_FACTS)]
        mails = _mails_of(received)
        if facts:
            told = await tell(uow, facts, keep_events=self._keep_events)
            mails += [mail for closed in told.closed if (mail := job_mail(closed.state, closed.traceparent))]
            if told.events:
                uow.after_commit(partial(self._publish, told.events))
        recipients = [learnt for item in received if (learnt := _recipient_of(item.event)) is not None]
        if recipients:
            await mail_storage.add_recipients(uow, recipients)
        for item in received:
            if isinstance(item.event, EmailChanged):
                changed = Recipient(item.event.account_id, item.event.email, item.event.locale)
                await mail_storage.change_recipient(uow, changed, item.event.occurred_at)
        if mails:
            await mail_storage.enqueue(uow, mails)
        if mails or recipients:
            uow.after_commit(self._mailer.wake)
        deletions = [item.event for item in received if isinstance(item.event, AccountDeletionRequested)]
        for deletion in sorted(deletions, key=lambda event: event.account_id):
            await erase_account(uow, deletion)
        forgotten = {item.event.account_id for item in received if isinstance(item.event, OrderBuyerForgotten)}
        for account_id in sorted(forgotten):
            await forget_buyer(uow, account_id)

    def _publish(self, events: list[StoredEvent]) -> None:
        self._hints.announce(self._hub.offer(events))


def _recipient_of(event: Event) -> Recipient | None:
    """Where the mail of an account goes, where an event says it."""
    match event:
        case UserRegistered():
            return Recipient(event.account_id, event.email, event.locale)
        case OrderPaid():
            return Recipient(event.account_id, event.email, event.locale, buyer=True)
        case _:
            return None


def _mails_of(received: Sequence[Received[Event]]) -> list[Mail]:
    """The mails that need nothing but their event."""
    mails: list[Mail] = []
    for item in received:
        mails += identity_mails(item.event, item.traceparent)
        mails += subscription_mails(item.event, item.traceparent)
        mails += top_up_mails(item.event, item.traceparent)
        mails += order_mails(item.event, item.traceparent)
        mails += artefact_mails(item.event, item.traceparent)
        mails += document_mails(item.event, item.traceparent)
        if isinstance(item.event, PurchaseCompleted):
            mails.append(receipt_mail(item.event, item.traceparent))
    return mails

"""The SQL of recipients and deliveries."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.ids import new_id
from notifier.mail.document_mails import TO_CLIENTS
from notifier.mail.rules import Mail

_ADD_RECIPIENTS = text(
    """
    INSERT INTO recipients (account_id, email, locale, buyer)
    SELECT account_id, email, locale, buyer
    FROM unnest(CAST(:account_ids AS uuid[]), CAST(:emails AS text[]), CAST(:locales AS text[]),
                CAST(:buyers AS boolean[]))
        AS learnt (account_id, email, locale, buyer)
    WHERE NOT EXISTS (SELECT 1 FROM feeds WHERE feeds.account_id = learnt.account_id AND closed_at IS NOT NULL)
    ON CONFLICT (account_id) DO NOTHING
    """
)
_CHANGE_RECIPIENT = text(
    """
    INSERT INTO recipients AS known (account_id, email, locale, changed_at)
    SELECT :account_id, :email, :locale, :changed_at
    WHERE NOT EXISTS (SELECT 1 FROM feeds WHERE feeds.account_id = :account_id AND closed_at IS NOT NULL)
    ON CONFLICT (account_id) DO UPDATE SET email = excluded.email, changed_at = excluded.changed_at
    WHERE known.changed_at < excluded.changed_at
    """
)
_ENQUEUE = text(
    """
    INSERT INTO deliveries (delivery_id, account_id, job_id, template, dedup_key, context, traceparent,
                            addressee, addressee_locale)
    SELECT delivery_id, account_id, job_id, template, dedup_key, CAST(context AS jsonb), traceparent,
           addressee, addressee_locale
    FROM unnest(
        CAST(:delivery_ids AS uuid[]), CAST(:account_ids AS uuid[]), CAST(:job_ids AS uuid[]),
        CAST(:templates AS text[]), CAST(:keys AS text[]), CAST(:contexts AS text[]),
        CAST(:traceparents AS text[]), CAST(:addressees AS text[]), CAST(:locales AS text[])
    ) AS mail (delivery_id, account_id, job_id, template, dedup_key, context, traceparent,
               addressee, addressee_locale)
    WHERE NOT EXISTS (SELECT 1 FROM feeds WHERE feeds.account_id = mail.account_id AND closed_at IS NOT NULL)
    ON CONFLICT (dedup_key) DO NOTHING
    """
)
# A mail without a recipient is not picked; one whose sender died is picked again when its lease is over.
_CLAIM = text(
    """
    WITH due AS (
        SELECT delivery_id, coalesce(addressee, recipients.email) AS email,
               coalesce(addressee_locale, recipients.locale) AS locale, coalesce(recipients.buyer, false) AS buyer,
               recipients.email AS owner
        FROM deliveries LEFT JOIN recipients USING (account_id)
        WHERE status IN ('pending', 'sending') AND next_try_at <= now()
          AND (addressee IS NOT NULL OR recipients.email IS NOT NULL)
          AND (template <> ALL(CAST(:to_clients AS text[])) OR recipients.email IS NOT NULL)
        ORDER BY next_try_at LIMIT 1 FOR UPDATE OF deliveries SKIP LOCKED
    )
    UPDATE deliveries SET
        status = 'sending', attempts = attempts + 1, recipient = due.email, locale = due.locale,
        next_try_at = now() + make_interval(secs => :lease)
    FROM due WHERE deliveries.delivery_id = due.delivery_id
    RETURNING deliveries.delivery_id, account_id, job_id, template, recipient, deliveries.locale, context,
              traceparent, attempts, deliveries.created_at, due.buyer, due.owner
    """
)
_SENT = text(
    """
    UPDATE deliveries SET status = 'sent', sent_at = now(), message_id = :message_id, error = NULL
    WHERE delivery_id = :delivery_id AND status = 'sending' AND attempts = :attempts
    """
)
_RETRY = text(
    """
    UPDATE deliveries
    SET status = 'pending', error = :error, next_try_at = now() + make_interval(secs => :pause)
    WHERE delivery_id = :delivery_id AND status = 'sending' AND attempts = :attempts
    """
)
_FAILED = text(
    """
    UPDATE deliveries SET status = 'failed', error = :error
    WHERE delivery_id = :delivery_id AND status = 'sending' AND attempts = :attempts
    """
)
_FORGET = text(
    """
    DELETE FROM deliveries WHERE delivery_id IN (
        SELECT delivery_id FROM deliveries
        WHERE created_at < now() - make_interval(days => :days) AND status IN ('sent', 'failed')
        ORDER BY created_at LIMIT :limit
    )
    """
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A claimed mail. Only the holder of this `attempts` may say how it went."""

    delivery_id: UUID
    account_id: UUID
    job_id: UUID | None
    template: str
    recipient: str
    locale: str
    context: dict[str, Any]
    traceparent: str | None
    attempts: int
    created_at: datetime
    buyer: bool = False
    owner: str | None = None
    """The account's address, also where the mail goes to somebody else."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where an account's mail goes. A `buyer` has bought one thing, and the account is the order's."""

    account_id: UUID
    email: str
    locale: str
    buyer: bool = False


async def add_recipients(uow: UnitOfWork, recipients: Sequence[Recipient]) -> None:
    """Learn addresses; what is known of an account stays."""
    unique = {recipient.account_id: recipient for recipient in reversed(recipients)}
    ordered = [unique[account_id] for account_id in sorted(unique)]
    await uow.execute(
        _ADD_RECIPIENTS,
        {
            "account_ids": [recipient.account_id for recipient in ordered],
            "emails": [recipient.email for recipient in ordered],
            "locales": [recipient.locale for recipient in ordered],
            "buyers": [recipient.buyer for recipient in ordered],
        },
    )


async def change_recipient(uow: UnitOfWork, recipient: Recipient, changed_at: datetime) -> None:
    """Have an account's mail go elsewhere, unless a later change is known."""
    parameters = {"account_id": recipient.account_id, "email": recipient.email, "locale": recipient.locale}
    await uow.execute(_CHANGE_RECIPIENT, {**parameters, "changed_at": changed_at})


async def enqueue(uow: UnitOfWork, mails: Sequence[Mail]) -> None:
    """Store mails to send; one whose key is known already is passed over."""
    ordered = sorted(mails, key=lambda mail: mail.dedup_key)
    await uow.execute(
        _ENQUEUE,
        {
            "delivery_ids": [new_id() for _ in ordered],
            "account_ids": [mail.account_id for mail in ordered],
            "job_ids": [mail.job_id for mail in ordered],
            "templates": [mail.template for mail in ordered],
            "keys": [mail.dedup_key for mail in ordered],
            "contexts": [json.dumps(dict(mail.context)) for mail in ordered],
            "traceparents": [mail.traceparent for mail in ordered],
            "addressees": [mail.addressee and mail.addressee.email for mail in ordered],
            "locales": [mail.addressee and mail.addressee.locale for mail in ordered],
        },
    )


async def claim(uow: UnitOfWork, *, lease_seconds: float) -> Delivery | None:
    """Take the mail that has been due longest, so that nobody else takes it while the lease lasts."""
    row = await uow.first(_CLAIM, {"lease": lease_seconds, "to_clients": list(TO_CLIENTS)})
    return None if row is None else Delivery(**row._mapping)


async def mark_sent(uow: UnitOfWork, delivery: Delivery, message_id: str) -> bool:
    """Note that the mail server took the mail; False when the lease was lost meanwhile."""
    result = await uow.execute(
        _SENT,
        {"delivery_id": delivery.delivery_id, "attempts": delivery.attempts, "message_id": message_id},
    )
    return result.rowcount == 1


async def mark_retry(uow: UnitOfWork, delivery: Delivery, error: str, pause_seconds: float) -> None:
    """Try again later."""
    await uow.execute(
        _RETRY,
        {
            "delivery_id": delivery.delivery_id,
            "attempts": delivery.attempts,
            "error": error,
            "pause": pause_seconds,
        },
    )


async def mark_failed(uow: UnitOfWork, delivery: Delivery, error: str) -> None:
    """Give up."""
    await uow.execute(_FAILED, {"delivery_id": delivery.delivery_id, "attempts": delivery.attempts, "error": error})


async def forget(database: Database, *, days: int, limit: int) -> int:
    """Delete finished mails that are too old; the answer is how many."""
    async with database.autocommit() as connection:
        return (await connection.execute(_FORGET, {"days": days, "limit": limit})).rowcount

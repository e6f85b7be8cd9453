"""Which mails are due, in which language, how often they are tried, and how money reads in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Literal, get_args
from uuid import UUID

from common.events.accounts import UserRegistered
from common.events.credits import PurchaseCompleted
from common.ids import to_text
from common.link_tokens import LinkPurpose
from notifier.feed.rules import JobState

Locale = Literal["en", "fr"]
Template = Literal[
    "welcome",
    "purchase_receipt",
    "work_ready",
    "work_failed",
    "verify_email",
    "password_reset",
    "password_changed",
    "email_change",
    "email_change_notice",
    "top_up_action",
    "top_up_failed",
    "payment_failed",
    "order_received",
    "order_ready",
    "order_failed",
    "order_refunded",
    "artefacts_expiring",
    "quote_client",
    "invoice_client",
    "invoice_paid",
]

TEMPLATES: tuple[Template, ...] = get_args(Template)
LOCALES: tuple[Locale, ...] = ("en", "fr")

GIVE_UP_AFTER = timedelta(days=1)
BACKOFF_FIRST_SECONDS = 5.0
BACKOFF_MAX_SECONDS = 1800.0

# Currencies whose smallest unit is not a hundredth (Stripe, "Zero-decimal" and "Three-decimal currencies").
_WHOLE = (
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "JPY",
    "KMF",
    "KRW",
    "MGA",
    "PYG",
    "RWF",
    "UGX",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
)
_THOUSANDTHS = ("BHD", "JOD", "KWD", "OMR", "TND")
_DECIMALS = MappingProxyType(dict.fromkeys(_WHOLE, 0) | dict.fromkeys(_THOUSANDTHS, 3))


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who a mail goes to that is not for the account's address of the moment."""

    email: str
    locale: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to be sent once, whatever happens: no second one with the same `dedup_key` is ever stored.

    Without an addressee it goes to the address the account has when it is sent.
    """

    account_id: UUID
    template: Template
    dedup_key: str
    context: Mapping[str, Any]
    job_id: UUID | None = None
    traceparent: str | None = None
    addressee: Addressee | None = None


def welcome_mail(event: UserRegistered, traceparent: str | None) -> Mail:
    """The greeting of a new account, with the link that verifies its address."""
    context = link_context("verify", event.seed) if event.seed is not None else {}
    return Mail(event.account_id, "welcome", f"welcome:{event.account_id}", context, traceparent=traceparent)


def link_context(purpose: LinkPurpose, seed: str) -> dict[str, Any]:
    """What a mail with a link is made of; the link's token is only made when the mail is sent."""
    return {"link": {"purpose": purpose, "seed": seed}}


def receipt_mail(event: PurchaseCompleted, traceparent: str | None) -> Mail:
    """The receipt of a payment."""
    context = {
        "purchase": to_text("pur", event.purchase_id),
        "product": event.product,
        "credits": event.credits,
        "available_credits": event.available_credits,
        "amount_minor": event.amount_minor,
        "currency": event.currency.upper(),
        "paid_at": event.occurred_at.date().isoformat(),
    }
    key = f"purchase_receipt:{event.purchase_id}"
    return Mail(event.account_id, "purchase_receipt", key, context, traceparent=traceparent)


def job_mail(job: JobState, traceparent: str | None) -> Mail | None:
    """The mail about a job whose outcome and credits are both known; cancelled and rejected jobs get none."""
    template: Template
    if job.settlement is None:
        return None
    if job.outcome == "succeeded":
        template = "work_ready"
    elif job.outcome == "failed":
        template = "work_failed"
    else:
        return None
    context = {
        "job": to_text("job", job.job_id),
        "kind": kind_title(job.kind or "work"),
        "charged_credits": job.captured_credits,
        "returned_credits": job.released_credits,
        "reason": job.reason,
        "file": None if job.file is None else {**job.file, "name": job.kind or "work"},
    }
    return Mail(job.account_id, template, f"{template}:{job.job_id}", context, job.job_id, traceparent)


def kind_title(kind: str) -> str:
    """`text-to-design` reads `Text to design`."""
    return " ".join(kind.replace("-", " ").replace("_", " ").split()).capitalize()


def locale_of(tag: str) -> Locale:
    """The language to write in for a tag (BCP 47) such as `fr-CA`; English where we have no other."""
    return "fr" if tag.replace("_", "-").split("-", 1)[0].lower() == "fr" else "en"


def money(amount_minor: int, currency: str, locale: Locale) -> str:
    """An amount for people: `9.99 EUR`, in French `9,99 EUR` with a space that does not break."""
    decimals = _DECIMALS.get(currency, 2)
    whole, part = divmod(abs(amount_minor), 10**decimals)
    figure = f"{whole}.{part:0{decimals}d}" if decimals else str(whole)
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}{figure.replace('.', ',') if locale == 'fr' else figure}\u00a0{currency}"


def backoff_seconds(attempts: int) -> float:
    """How long to wait after the n-th failed try."""
    return min(BACKOFF_FIRST_SECONDS * 2.0 ** min(attempts - 1, 16), BACKOFF_MAX_SECONDS)

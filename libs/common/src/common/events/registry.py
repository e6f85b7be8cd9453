"""Every event type by its name, and every topic that events travel on."""

from common.events import (
    accounts,
    artefacts,
    credits,
    deletion,
    deliveries,
    documents,
    features,
    jobs,
    kinds,
    orders,
    runs,
    subscriptions,
    top_ups,
)
from common.events.envelope import Event

EVENT_TYPES: dict[str, type[Event]] = {
    event_type.type: event_type
    for event_type in (
        accounts.EmailChangeRequested,
        accounts.EmailChanged,
        accounts.PasswordChanged,
        accounts.PasswordResetRequested,
        accounts.UserRegistered,
        accounts.UserVerified,
        accounts.VerificationRequested,
        artefacts.ArtefactsExpired,
        artefacts.ArtefactsExpiryAnnounced,
        credits.BalanceChanged,
        credits.CreditsCaptured,
        credits.CreditsHeld,
        credits.CreditsRefused,
        credits.CreditsReleased,
        credits.PurchaseCompleted,
        deletion.AccountDeletionRequested,
        deletion.ArtefactsDeleted,
        deletion.RecipientErased,
        deliveries.DeliverySent,
        documents.InvoiceIssued,
        documents.InvoiceLinkCreated,
        documents.InvoicePaid,
        documents.QuoteIssued,
        features.FeaturesChanged,
        jobs.JobCancelRequested,
        jobs.JobSubmitted,
        kinds.KindDeclared,
        orders.OrderBuyerForgotten,
        orders.OrderPaid,
        orders.OrderRefunded,
        runs.RunCancelled,
        runs.RunCompleted,
        runs.RunCostSettled,
        runs.RunFailed,
        runs.RunProgressed,
        runs.RunQueued,
        runs.RunStarted,
        subscriptions.AccountChanged,
        subscriptions.SubscriptionChanged,
        subscriptions.SubscriptionPaymentFailed,
        top_ups.TopUpActionRequired,
        top_ups.TopUpFailed,
    )
}

TOPICS: frozenset[str] = frozenset(event_type.topic for event_type in EVENT_TYPES.values())


class UnknownEventType(LookupError):
    """No event of this name is known here: it comes from a newer release."""


def decode(type_name: str, text: str | bytes) -> Event:
    """The typed event behind its name and JSON.

    Raises:
        UnknownEventType: the name is not in the registry.
        pydantic.ValidationError: the JSON does not have the shape of that event.
    """
    event_type = EVENT_TYPES.get(type_name)
    if event_type is None:
        raise UnknownEventType(type_name)
    return event_type.from_json(text)

"""Stripe's events: a snapshot of the object that changed, filed, and handed to the webhook."""

import copy
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.tokens import request_id, stripe_id
from sandbox.vendors.stripe.store import HIDDEN, StripeObject, StripeStore, shown
from sandbox.vendors.stripe.webhooks import WebhookDispatcher

API_VERSION = "2026-10-28.endive"


class Events:
    """Makes events. `pending_webhooks` falls to 0 once the one configured endpoint has answered 2xx."""

    def __init__(self, store: StripeStore, webhooks: WebhookDispatcher) -> None:
        self._store = store
        self._webhooks = webhooks

    @contextmanager
    def changing(self, event_type: str, about: StripeObject) -> Iterator[None]:
        """Says what the block changes about an object, with `previous_attributes`; nothing when it changes nothing."""
        before = copy.deepcopy({name: value for name, value in about.items() if name != HIDDEN})
        yield
        previous = {name: value for name, value in before.items() if about.get(name) != value}
        if previous:
            self.emit(event_type, about, previous)

    def emit(self, event_type: str, about: StripeObject, previous: StripeObject | None = None) -> StripeObject:
        """Files an event about an object as it is now, and starts its delivery."""
        data = {"object": shown(about)} | ({} if previous is None else {"previous_attributes": shown(previous)})
        event: StripeObject = {
            "id": stripe_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": int(time.time()),
            "data": data,
            "livemode": False,
            "pending_webhooks": 1 if self._webhooks.wanted(event_type) else 0,
            "request": {"id": request_id(), "idempotency_key": None},
            "type": event_type,
        }
        self._store.add(event)
        if self._webhooks.wanted(event_type):
            self._webhooks.dispatch(event)
        return event

"""Stripe's API routes: which path answers with what."""

from dataclasses import dataclass

from starlette.routing import Route

from sandbox.vendors.stripe.cards import Cards, Verdict
from sandbox.vendors.stripe.catalogue import Catalogue
from sandbox.vendors.stripe.checkout import Checkout
from sandbox.vendors.stripe.coupons import Coupons
from sandbox.vendors.stripe.customers import Customers
from sandbox.vendors.stripe.disputes import Disputes
from sandbox.vendors.stripe.endpoints import Endpoints
from sandbox.vendors.stripe.form import Params, listing, mapping, required, text
from sandbox.vendors.stripe.intents import Intents
from sandbox.vendors.stripe.invoices import Invoices
from sandbox.vendors.stripe.payment_links import PaymentLinks
from sandbox.vendors.stripe.plan_changes import PlanChanges
from sandbox.vendors.stripe.portal import Portal
from sandbox.vendors.stripe.refunds import Refunds
from sandbox.vendors.stripe.schedule_phases import KIND as SCHEDULE
from sandbox.vendors.stripe.schedules import Schedules
from sandbox.vendors.stripe.setup_intents import SetupIntents
from sandbox.vendors.stripe.store import StripeObject, StripeStore, page_of, passes
from sandbox.vendors.stripe.subscription_objects import items_of
from sandbox.vendors.stripe.subscriptions import Subscriptions


@dataclass(frozen=True, slots=True)
class Parts:
    """The nouns that answer."""

    customers: Customers
    catalogue: Catalogue
    coupons: Coupons
    checkout: Checkout
    links: PaymentLinks
    intents: Intents
    setup_intents: SetupIntents
    cards: Cards
    refunds: Refunds
    disputes: Disputes
    subscriptions: Subscriptions
    changes: PlanChanges
    schedules: Schedules
    invoices: Invoices
    portal: Portal


class StripeRoutes:
    """The endpoints under `/stripe/v1`."""

    def __init__(self, store: StripeStore, endpoints: Endpoints, parts: Parts) -> None:
        self._store = store
        self._endpoints = endpoints
        self._parts = parts

    def routes(self) -> list[Route]:
        """The routes, relative to the API base."""
        return [
            *self._catalogue(),
            *self._customers(),
            *self._checkout(),
            *self._payments(),
            *self._billing(),
            *self._schedules(),
            *self._portal(),
            *self._records(),
        ]

    def _catalogue(self) -> list[Route]:
        made, catalogue, coupons = self._endpoints, self._parts.catalogue, self._parts.coupons
        return [
            made.write("/v1/products", catalogue.create_product),
            made.read("/v1/products", catalogue.products),
            made.retrieve("/v1/products", "product"),
            made.write_one("/v1/products/{id}", catalogue.update_product),
            made.write("/v1/prices", catalogue.create_price),
            made.read("/v1/prices", catalogue.prices),
            made.retrieve("/v1/prices", "price"),
            made.write_one("/v1/prices/{id}", catalogue.update_price),
            made.write("/v1/coupons", coupons.create),
            made.list_of("/v1/coupons", "coupon"),
            made.retrieve("/v1/coupons", "coupon"),
            made.delete("/v1/coupons/{id}", lambda coupon_id, _: coupons.delete(coupon_id)),
            made.write("/v1/promotion_codes", coupons.create_code),
            made.list_of("/v1/promotion_codes", "promotion_code", ("active", "code")),
            made.retrieve("/v1/promotion_codes", "promotion_code"),
            made.write_one("/v1/promotion_codes/{id}", coupons.update_code),
        ]

    def _customers(self) -> list[Route]:
        made, customers, cards = self._endpoints, self._parts.customers, self._parts.cards
        methods = "/v1/customers/{id}/payment_methods"
        return [
            made.write("/v1/customers", customers.create),
            made.list_of("/v1/customers", "customer", ("email",)),
            made.retrieve("/v1/customers", "customer"),
            made.write_one("/v1/customers/{id}", customers.update),
            made.read_one(
                methods,
                lambda customer, params: customers.payment_methods(
                    customer, f"/v1/customers/{customer}/payment_methods", params
                ),
            ),
            made.read_one(
                "/v1/customers/{customer}/payment_methods/{id}",
                lambda method_id, _: self._store.get("payment_method", method_id),
            ),
            made.read(
                "/v1/payment_methods",
                lambda params: customers.payment_methods(text(params, "customer"), "/v1/payment_methods", params),
            ),
            made.retrieve("/v1/payment_methods", "payment_method"),
            made.write_one("/v1/payment_methods/{id}/attach", cards.attach_by_id),
            made.write_one("/v1/payment_methods/{id}/detach", lambda method_id, _: cards.detach(method_id)),
            made.write("/v1/setup_intents", self._parts.setup_intents.create),
            made.list_of("/v1/setup_intents", "setup_intent", ("customer", "payment_method")),
            made.retrieve("/v1/setup_intents", "setup_intent"),
            made.write_one("/v1/setup_intents/{id}/confirm", self._parts.setup_intents.confirm),
        ]

    def _checkout(self) -> list[Route]:
        made, checkout, links = self._endpoints, self._parts.checkout, self._parts.links
        sessions, shared = "/v1/checkout/sessions", "/v1/payment_links"
        return [
            made.write(sessions, checkout.create),
            made.read(sessions, checkout.page),
            made.read_one(f"{sessions}/{{id}}", lambda session_id, _: checkout.get(session_id)),
            made.write_one(f"{sessions}/{{id}}/expire", lambda session_id, _: checkout.expire(session_id)),
            made.read_one(
                f"{sessions}/{{id}}/line_items",
                lambda session_id, params: page_of(
                    checkout.line_items(checkout.get(session_id)), f"{sessions}/{session_id}/line_items", params
                ),
            ),
            made.write(shared, links.create),
            made.list_of(shared, "payment_link", ("active",)),
            made.retrieve(shared, "payment_link"),
            made.write_one(f"{shared}/{{id}}", links.update),
            made.read_one(
                f"{shared}/{{id}}/line_items",
                lambda link_id, params: page_of(links.line_items(link_id), f"{shared}/{link_id}/line_items", params),
            ),
        ]

    def _payments(self) -> list[Route]:
        made, parts = self._endpoints, self._parts
        return [
            made.write("/v1/payment_intents", parts.intents.create),
            made.list_of("/v1/payment_intents", "payment_intent", ("customer",)),
            made.retrieve("/v1/payment_intents", "payment_intent"),
            made.write_one("/v1/payment_intents/{id}", parts.intents.update),
            made.write_one("/v1/payment_intents/{id}/confirm", parts.intents.confirm),
            made.write_one("/v1/payment_intents/{id}/cancel", parts.intents.cancel),
            made.list_of("/v1/charges", "charge", ("customer", "payment_intent")),
            made.retrieve("/v1/charges", "charge"),
            made.write("/v1/refunds", parts.refunds.create),
            made.list_of("/v1/refunds", "refund", ("charge", "payment_intent")),
            made.retrieve("/v1/refunds", "refund"),
            made.write_one("/v1/refunds/{id}", parts.refunds.update),
            made.list_of("/v1/disputes", "dispute", ("charge", "payment_intent")),
            made.retrieve("/v1/disputes", "dispute"),
            made.write_one("/v1/disputes/{id}", parts.disputes.update),
            made.write_one("/v1/disputes/{id}/close", lambda dispute_id, _: parts.disputes.close(dispute_id)),
        ]

    def _billing(self) -> list[Route]:
        made, parts = self._endpoints, self._parts
        return [
            made.read("/v1/subscriptions", self._subscriptions),
            made.retrieve("/v1/subscriptions", "subscription"),
            made.write_one("/v1/subscriptions/{id}", parts.changes.update),
            made.delete(
                "/v1/subscriptions/{id}",
                lambda subscription_id, params: parts.subscriptions.cancel(
                    subscription_id, mapping(params, "cancellation_details")
                ),
            ),
            made.read("/v1/subscription_items", self._subscription_items),
            made.read_one("/v1/subscription_items/{id}", lambda item_id, _: parts.changes.find_item(item_id)[1]),
            made.write_one("/v1/subscription_items/{id}", parts.changes.update_item),
            made.read("/v1/invoices", self._invoices),
            made.retrieve("/v1/invoices", "invoice"),
            made.write_one("/v1/invoices/{id}/pay", self._pay_invoice),
            made.write_one("/v1/invoices/{id}/void", lambda invoice_id, _: parts.invoices.give_up(invoice_id, "void")),
            made.write_one(
                "/v1/invoices/{id}/mark_uncollectible",
                lambda invoice_id, _: parts.invoices.give_up(invoice_id, "uncollectible"),
            ),
            made.read("/v1/invoice_payments", self._invoice_payments),
            made.retrieve("/v1/invoice_payments", "invoice_payment"),
        ]

    def _schedules(self) -> list[Route]:
        made, schedules, path = self._endpoints, self._parts.schedules, "/v1/subscription_schedules"
        return [
            made.write(path, schedules.create),
            made.list_of(path, SCHEDULE, ("customer",)),
            made.retrieve(path, SCHEDULE),
            made.write_one(f"{path}/{{id}}", schedules.update),
            made.write_one(f"{path}/{{id}}/release", lambda schedule_id, _: schedules.release(schedule_id)),
        ]

    def _portal(self) -> list[Route]:
        made, portal = self._endpoints, self._parts.portal
        configurations = "/v1/billing_portal/configurations"
        return [
            made.write(configurations, portal.configure),
            made.list_of(configurations, "billing_portal.configuration", ("active", "is_default")),
            made.retrieve(configurations, "billing_portal.configuration"),
            made.write_one(f"{configurations}/{{id}}", portal.reconfigure),
            made.write("/v1/billing_portal/sessions", portal.open),
        ]

    def _records(self) -> list[Route]:
        made = self._endpoints
        return [
            made.list_of("/v1/balance_transactions", "balance_transaction", ("type", "source", "currency")),
            made.retrieve("/v1/balance_transactions", "balance_transaction"),
            made.read("/v1/events", self._events),
            made.retrieve("/v1/events", "event"),
        ]

    def _subscriptions(self, params: Params) -> StripeObject:
        status, price = text(params, "status"), text(params, "price")

        def wanted(one: StripeObject) -> bool:
            if status not in ("all", one["status"]) and not (status is None and one["status"] != "canceled"):
                return False
            if price is not None and all(item["price"]["id"] != price for item in items_of(one)):
                return False
            return passes(one, params, ("customer", "collection_method"))

        return page_of(self._store.all("subscription"), "/v1/subscriptions", params, wanted)

    def _subscription_items(self, params: Params) -> StripeObject:
        subscription = self._store.get("subscription", required(params, "subscription"), "subscription")
        return page_of(items_of(subscription), "/v1/subscription_items", params)

    def _invoices(self, params: Params) -> StripeObject:
        subscription = text(params, "subscription")

        def wanted(one: StripeObject) -> bool:
            details = (one["parent"] or {}).get("subscription_details") or {}
            if subscription is not None and details.get("subscription") != subscription:
                return False
            return passes(one, params, ("customer", "status", "collection_method"))

        return page_of(self._store.all("invoice"), "/v1/invoices", params, wanted)

    def _pay_invoice(self, invoice_id: str, params: Params) -> StripeObject:
        invoices = self._parts.invoices
        invoice = invoices.open_one(invoice_id)
        result = invoices.collect(invoice, invoices.method_for(invoice, params), off_session=True)
        self._parts.subscriptions.note_payment(invoice, result)
        if result is not Verdict.PAID:
            raise invoices.declined(invoice)
        return invoice

    def _invoice_payments(self, params: Params) -> StripeObject:
        intent = text(mapping(params, "payment"), "payment_intent")

        def wanted(one: StripeObject) -> bool:
            if intent is not None and one["payment"]["payment_intent"] != intent:
                return False
            return passes(one, params, ("invoice", "status"))

        return page_of(self._store.all("invoice_payment"), "/v1/invoice_payments", params, wanted)

    def _events(self, params: Params) -> StripeObject:
        types = listing(params, "types")
        delivered = text(params, "delivery_success")

        def wanted(event: StripeObject) -> bool:
            if types and event["type"] not in types:
                return False
            if delivered is not None and (event["pending_webhooks"] == 0) != (delivered == "true"):
                return False
            return passes(event, params, ("type",))

        return page_of(self._store.all("event"), "/v1/events", params, wanted)

"""Stripe's API routes: authentication, idempotency and expansion around what the objects' modules do."""

import hashlib
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.pace import Pace
from sandbox.tokens import request_id
from sandbox.vendors.stripe.catalogue import Catalogue
from sandbox.vendors.stripe.checkout import Checkout, shown
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.events import API_VERSION
from sandbox.vendors.stripe.form import Params, listing, parse_form, text
from sandbox.vendors.stripe.idempotency import IdempotencyKeys, answer_for
from sandbox.vendors.stripe.payments import Payments
from sandbox.vendors.stripe.store import StripeObject, StripeStore, page_of, passes

Answer = Callable[[Request, Params], StripeObject]

_SECONDS = 0.12
_KEY_MAX = 255


class StripeRoutes:
    """The endpoints under `/stripe/v1`."""

    def __init__(
        self,
        store: StripeStore,
        catalogue: Catalogue,
        checkout: Checkout,
        payments: Payments,
        keys: IdempotencyKeys,
        pace: Pace,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._checkout = checkout
        self._payments = payments
        self._keys = keys
        self._pace = pace

    def routes(self) -> list[Route]:
        """The routes, relative to the API base."""
        catalogue, sessions = self._catalogue, "/v1/checkout/sessions"
        return [
            self._create("/v1/customers", lambda _, params: catalogue.create_customer(params)),
            self._retrieve("/v1/customers/{id}", "customer"),
            self._create("/v1/products", lambda _, params: catalogue.create_product(params)),
            self._list("/v1/products", "product", ("active",)),
            self._retrieve("/v1/products/{id}", "product"),
            self._create("/v1/prices", lambda _, params: catalogue.create_price(params)),
            self._read("/v1/prices", self._prices),
            self._retrieve("/v1/prices/{id}", "price"),
            self._create(sessions, self._create_session),
            self._read(sessions, self._sessions),
            self._create(f"{sessions}/{{id}}/expire", self._expire_session),
            self._read(f"{sessions}/{{id}}/line_items", self._session_items),
            self._read(f"{sessions}/{{id}}", self._session),
            self._list("/v1/payment_intents", "payment_intent", ("customer",)),
            self._retrieve("/v1/payment_intents/{id}", "payment_intent"),
            self._list("/v1/charges", "charge", ("customer", "payment_intent")),
            self._retrieve("/v1/charges/{id}", "charge"),
            self._create("/v1/refunds", lambda _, params: self._payments.refund(params)),
            self._list("/v1/refunds", "refund", ("charge", "payment_intent")),
            self._retrieve("/v1/refunds/{id}", "refund"),
            self._retrieve("/v1/subscriptions/{id}", "subscription"),
            self._read("/v1/events", self._events),
            self._retrieve("/v1/events/{id}", "event"),
        ]

    def _retrieve(self, path: str, kind: str) -> Route:
        return self._read(path, lambda request, _: self._store.get(kind, request.path_params["id"]))

    def _list(self, path: str, kind: str, filters: tuple[str, ...]) -> Route:
        return self._read(path, lambda _, params: self._store.page(kind, path, params, filters))

    def _read(self, path: str, answer: Answer) -> Route:
        async def endpoint(request: Request) -> Response:
            _authenticate(request)
            params = parse_form(request.scope["query_string"].decode("ascii", "replace"))
            body = self._store.expanded(answer(request, params), params)
            return JSONResponse(body, headers=_headers(request, request_id()))

        return Route(path, endpoint, methods=["GET"])

    def _create(self, path: str, answer: Answer) -> Route:
        async def endpoint(request: Request) -> Response:
            account = _authenticate(request)
            key = request.headers.get("idempotency-key", "")
            if len(key) > _KEY_MAX:
                raise StripeError(400, "Idempotency-Key is longer than 255 characters.")
            return await self._execute(request, account, key, answer)

        return Route(path, endpoint, methods=["POST"])

    async def _execute(self, request: Request, account: str, key: str, answer: Answer) -> Response:
        raw = await request.body()
        here = request.url.path
        stored = self._keys.begin(account, key, here, raw) if key else None
        if stored is not None:
            headers = _headers(request, request_id())
            headers |= {"Idempotent-Replayed": "true", "Original-Request": stored.request_id}
            return JSONResponse(stored.body, headers=headers)
        try:
            await self._pace.work(_SECONDS)
            params = parse_form(raw.decode("utf-8", "replace"))
            body = self._store.expanded(answer(request, params), params)
            this_request = request_id()
            if key:
                self._keys.keep(account, key, answer_for(here, raw, body, this_request))
        finally:
            if key:
                self._keys.end(account, key)
        return JSONResponse(body, headers=_headers(request, this_request))

    def _create_session(self, _: Request, params: Params) -> StripeObject:
        return self._session_answer(self._checkout.create(params), params)

    def _session(self, request: Request, params: Params) -> StripeObject:
        return self._session_answer(self._checkout.get(request.path_params["id"]), params)

    def _expire_session(self, request: Request, params: Params) -> StripeObject:
        return self._session_answer(self._checkout.expire(request.path_params["id"]), params)

    def _session_answer(self, session: StripeObject, params: Params) -> StripeObject:
        answer = shown(session)
        if "line_items" in listing(params, "expand"):
            answer["line_items"] = self._items(session, {})
        return answer

    def _session_items(self, request: Request, params: Params) -> StripeObject:
        return self._items(self._checkout.get(request.path_params["id"]), params)

    def _items(self, session: StripeObject, params: Params) -> StripeObject:
        url = f"/v1/checkout/sessions/{session['id']}/line_items"
        return page_of(self._checkout.line_items(session), url, params)

    def _sessions(self, _: Request, params: Params) -> StripeObject:
        for session in self._store.all("checkout.session"):
            self._checkout.get(session["id"])
        filters = ("customer", "payment_intent", "status", "subscription")
        page = self._store.page("checkout.session", "/v1/checkout/sessions", params, filters)
        page["data"] = [shown(session) for session in page["data"]]
        return page

    def _prices(self, _: Request, params: Params) -> StripeObject:
        keys = listing(params, "lookup_keys")
        filters = ("active", "currency", "product", "type")

        def wanted(price: StripeObject) -> bool:
            return passes(price, params, filters) and (not keys or price["lookup_key"] in keys)

        return page_of(self._store.all("price"), "/v1/prices", params, wanted)

    def _events(self, _: Request, params: Params) -> StripeObject:
        types = listing(params, "types")
        delivered = text(params, "delivery_success")

        def wanted(event: StripeObject) -> bool:
            if types and event["type"] not in types:
                return False
            if delivered is not None and (event["pending_webhooks"] == 0) != (delivered == "true"):
                return False
            return passes(event, params, ("type",))

        return page_of(self._store.all("event"), "/v1/events", params, wanted)


def _authenticate(request: Request) -> str:
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in ("bearer", "basic") or not credential.strip():
        message = (
            "You did not provide an API key. You need to provide your API key in the Authorization header, "
            "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
        raise StripeError(401, message)
    return hashlib.sha256(credential.encode()).hexdigest()


def _headers(request: Request, this_request: str) -> dict[str, str]:
    headers = {
        "Request-Id": this_request,
        "Stripe-Version": request.headers.get("stripe-version", API_VERSION),
    }
    key = request.headers.get("idempotency-key")
    return headers | ({"Idempotency-Key": key} if key else {})

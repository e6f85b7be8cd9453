"""What every endpoint of Stripe's API has around its answer: authentication, idempotency, expansion, headers."""

import hashlib
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.pace import Pace
from sandbox.tokens import request_id
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.events import API_VERSION
from sandbox.vendors.stripe.form import Params, parse_form
from sandbox.vendors.stripe.idempotency import IdempotencyKeys, answer_for
from sandbox.vendors.stripe.store import StripeObject, StripeStore

Answer = Callable[[Params], StripeObject]
AnswerAbout = Callable[[str, Params], StripeObject]

_SECONDS = 0.12
_KEY_MAX = 255


class Endpoints:
    """Makes routes out of answers: `read` and `list_of` for GET, `write` for POST, `delete` for DELETE.

    An answer gets the parameters; `…_one` answers get the id in the path before them.
    """

    def __init__(self, store: StripeStore, keys: IdempotencyKeys, pace: Pace) -> None:
        self._store = store
        self._keys = keys
        self._pace = pace

    def retrieve(self, path: str, kind: str) -> Route:
        """GET of one filed object."""
        return self.read_one(f"{path}/{{id}}", lambda object_id, _: self._store.get(kind, object_id))

    def list_of(self, path: str, kind: str, filters: tuple[str, ...] = ()) -> Route:
        """GET of a kind's list, filtered by equality."""
        return self.read(path, lambda params: self._store.page(kind, path, params, filters))

    def read(self, path: str, answer: Answer) -> Route:
        """GET without an id."""
        return self.read_one(path, lambda _, params: answer(params))

    def read_one(self, path: str, answer: AnswerAbout) -> Route:
        """GET with an id."""

        async def endpoint(request: Request) -> Response:
            _authenticate(request)
            params = _query(request)
            body = self._store.expanded(answer(_object_id(request), params), params)
            return JSONResponse(body, headers=_headers(request, request_id()))

        return Route(path, endpoint, methods=["GET"])

    def write(self, path: str, answer: Answer) -> Route:
        """POST without an id."""
        return self.write_one(path, lambda _, params: answer(params))

    def write_one(self, path: str, answer: AnswerAbout, method: str = "POST") -> Route:
        """POST with an id."""

        async def endpoint(request: Request) -> Response:
            account = _authenticate(request)
            key = request.headers.get("idempotency-key", "")
            if len(key) > _KEY_MAX:
                raise StripeError(400, "Idempotency-Key is longer than 255 characters.")
            return await self._execute(request, account, key, answer)

        return Route(path, endpoint, methods=[method])

    def delete(self, path: str, answer: AnswerAbout) -> Route:
        """DELETE; its parameters may come in the query or in the body."""
        return self.write_one(path, answer, "DELETE")

    async def _execute(self, request: Request, account: str, key: str, answer: AnswerAbout) -> Response:
        raw = await request.body()
        here = f"{request.method} {request.url.path}"
        stored = self._keys.begin(account, key, here, raw) if key else None
        if stored is not None:
            headers = _headers(request, request_id())
            headers |= {"Idempotent-Replayed": "true", "Original-Request": stored.request_id}
            return JSONResponse(stored.body, stored.status, headers=headers)
        this_request = request_id()
        try:
            await self._pace.work(_SECONDS)
            params = _query(request) | parse_form(raw.decode("utf-8", "replace"))
            status, body = self._answered(answer, _object_id(request), params)
            if key:
                self._keys.keep(account, key, answer_for(here, raw, body, this_request, status))
        finally:
            if key:
                self._keys.end(account, key)
        return JSONResponse(body, status, headers=_headers(request, this_request))

    def _answered(self, answer: AnswerAbout, object_id: str, params: Params) -> tuple[int, StripeObject]:
        try:
            return 200, self._store.expanded(answer(object_id, params), params)
        except StripeError as error:
            if error.status != 402:
                raise
            return 402, error.body


def _object_id(request: Request) -> str:
    return str(request.path_params.get("id", ""))


def _query(request: Request) -> Params:
    return parse_form(request.scope["query_string"].decode("ascii", "replace"))


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

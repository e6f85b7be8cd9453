"""The hosted payment page: shows what is bought and takes, declines or cancels the payment."""

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.pace import Pace
from sandbox.vendors.stripe.checkout import Checkout
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.store import StripeObject
from sandbox.web.pages import render

_SECONDS = 0.6
_NO_MINOR_UNIT = frozenset({"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd"})
_SYMBOLS = {"eur": "€", "usd": "$", "gbp": "£", "jpy": "¥"}


class PaymentPage:
    """The pages at `/stripe/pay/{session_id}`. A bare POST pays; `action` may say `decline` or `cancel`."""

    def __init__(self, checkout: Checkout, pace: Pace) -> None:
        self._checkout = checkout
        self._pace = pace

    def routes(self) -> list[Route]:
        """The routes, relative to the API base."""
        return [
            Route("/pay/{id}", self._show, methods=["GET"]),
            Route("/pay/{id}", self._act, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        return self._page(self._find(request))

    async def _act(self, request: Request) -> Response:
        session = self._find(request)
        fields = parse_qs((await request.body()).decode("utf-8", "replace"))
        action = fields.get("action", ["pay"])[0]
        if action == "cancel":
            return _to(session, session["cancel_url"] or session["success_url"])
        await self._pace.work(_SECONDS)
        if action == "decline":
            self._checkout.decline(session)
            return self._page(session, error="Your card was declined. Try another one.", status=402)
        self._checkout.pay(session, fields.get("email", [None])[0])
        if session["status"] != "complete":
            return self._page(session, status=410)
        return _to(session, session["success_url"])

    def _find(self, request: Request) -> StripeObject:
        return self._checkout.get(request.path_params["id"])

    def _page(self, session: StripeObject, error: str | None = None, status: int = 200) -> Response:
        items = [
            {
                "name": item["description"],
                "quantity": item["quantity"],
                "price": money(item["amount_total"], item["currency"]),
                "every": (item["price"]["recurring"] or {}).get("interval"),
            }
            for item in self._checkout.line_items(session)
        ]
        email = (session["customer_details"] or {}).get("email") or session["customer_email"] or ""
        content = render(
            "pay.html",
            items=items,
            total=money(session["amount_total"], session["currency"]),
            status=session["status"],
            email=email,
            error=error,
            can_cancel=bool(session["cancel_url"]),
            subscription=session["mode"] == "subscription",
        )
        return HTMLResponse(content, status)


def money(amount: int, currency: str) -> str:
    """An amount in minor units as people read it."""
    digits = f"{amount:,}" if currency in _NO_MINOR_UNIT else f"{amount / 100:,.2f}"
    symbol = _SYMBOLS.get(currency)
    return f"{symbol}{digits}" if symbol else f"{digits} {currency.upper()}"


def _to(session: StripeObject, url: str) -> Response:
    if not url.startswith(("http://", "https://")):
        raise StripeError(400, f"Not a valid URL: {url}", code="url_invalid")
    return RedirectResponse(url.replace("{CHECKOUT_SESSION_ID}", session["id"]), 303)

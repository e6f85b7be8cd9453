"""The hosted payment page: shows what is bought and takes, declines or cancels the payment."""

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.pace import Pace
from sandbox.vendors.stripe.checkout import Checkout
from sandbox.vendors.stripe.completion import Payer, takes_bank_transfer
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.money import money
from sandbox.vendors.stripe.payment_links import PaymentLinks
from sandbox.vendors.stripe.store import StripeObject
from sandbox.web.pages import render

_SECONDS = 0.6
_ALWAYS_DECLINED = "4000000000000002"


class PaymentPage:
    """The pages at `/stripe/pay/{session_id}` and `/stripe/link/{link_id}`.

    A bare POST pays. `action` may say `decline`, `cancel`, `bank_transfer` or `promotion_code`; `email`, `name`,
    `card` and `promotion_code` are what the customer types.
    """

    def __init__(self, checkout: Checkout, links: PaymentLinks, pace: Pace) -> None:
        self._checkout = checkout
        self._links = links
        self._pace = pace

    def routes(self) -> list[Route]:
        """The routes, relative to the API base."""
        return [
            Route("/pay/{id}", self._show, methods=["GET"]),
            Route("/pay/{id}", self._act, methods=["POST"]),
            Route("/link/{id}", self._follow, methods=["GET"]),
        ]

    async def _follow(self, request: Request) -> Response:
        session = self._links.visit(request.path_params["id"], request.query_params.get("prefilled_email"))
        if session is None:
            return HTMLResponse(render("closed.html", message="This payment link is no longer active."), 410)
        return RedirectResponse(session["url"], 303)

    async def _show(self, request: Request) -> Response:
        return self._page(self._find(request))

    async def _act(self, request: Request) -> Response:
        session = self._find(request)
        fields = await form_fields(request)
        action = fields.get("action", "pay")
        if action == "cancel":
            return self._to(session, session["cancel_url"] or session["success_url"])
        await self._pace.work(_SECONDS)
        if action == "promotion_code":
            return self._try_code(session, fields.get("promotion_code", ""))
        card = _ALWAYS_DECLINED if action == "decline" else fields.get("card")
        bank = action == "bank_transfer"
        declined = self._checkout.pay(session, Payer(fields.get("email"), fields.get("name"), card, bank))
        if declined is not None:
            return self._page(session, error=f"{declined.message} Try another one.", status=402)
        if session["status"] != "complete":
            return self._page(session, status=410)
        return self._to(session, session["success_url"])

    def _try_code(self, session: StripeObject, code: str) -> Response:
        try:
            self._checkout.apply_code(session, code)
        except StripeError as error:
            return self._page(session, error=str(error), status=400)
        return self._page(session)

    def _to(self, session: StripeObject, url: str | None) -> Response:
        if url is None:
            return self._page(session)
        if not url.startswith(("http://", "https://")):
            raise StripeError(400, f"Not a valid URL: {url}", code="url_invalid")
        return RedirectResponse(url.replace("{CHECKOUT_SESSION_ID}", session["id"]), 303)

    def _find(self, request: Request) -> StripeObject:
        return self._checkout.get(request.path_params["id"])

    def _page(self, session: StripeObject, error: str | None = None, status: int = 200) -> Response:
        items = [
            {
                "name": item["description"],
                "quantity": item["quantity"],
                "price": money(item["amount_subtotal"], item["currency"]),
                "every": (item["price"]["recurring"] or {}).get("interval"),
            }
            for item in self._checkout.line_items(session)
        ]
        email = (session["customer_details"] or {}).get("email") or session["customer_email"] or ""
        currency = session["currency"] or "eur"
        discount = session["total_details"]["amount_discount"]
        content = render(
            "pay.html",
            items=items,
            total=money(session["amount_total"] or 0, currency),
            discount=money(-discount, currency) if discount else None,
            free=not session["amount_total"],
            status=session["status"],
            email=email,
            error=error,
            can_cancel=bool(session["cancel_url"]),
            takes_codes=bool(session["allow_promotion_codes"]),
            takes_transfer=takes_bank_transfer(session),
            subscription=session["mode"] == "subscription",
        )
        return HTMLResponse(content, status)


async def form_fields(request: Request) -> dict[str, str]:
    """The fields of a plain form, the first value of each."""
    fields = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=100)
    return {name: values[0] for name, values in fields.items()}

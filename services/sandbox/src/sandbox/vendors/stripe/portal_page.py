"""The pages customers are sent to besides Checkout: the portal, and the authentication of a payment."""

from collections.abc import Callable
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.vendors.stripe.authentication import Authentication
from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.money import money
from sandbox.vendors.stripe.page import form_fields
from sandbox.vendors.stripe.portal import Portal
from sandbox.vendors.stripe.store import StripeObject, StripeStore
from sandbox.vendors.stripe.subscription_objects import items_of, period_of
from sandbox.web.pages import render

_INVOICES_SHOWN_MAX = 12


class PortalPage:
    """The page at `/stripe/portal/{session_id}`: plain forms with `action` cancel, resume, change_plan, update_card."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def routes(self) -> list[Route]:
        """The routes, relative to the API base."""
        return [
            Route("/portal/{id}", self._show, methods=["GET"]),
            Route("/portal/{id}", self._act, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        return HTMLResponse(self._content(self._portal.get(request.path_params["id"])))

    async def _act(self, request: Request) -> Response:
        session = self._portal.get(request.path_params["id"])
        fields = await form_fields(request)
        portal, about = self._portal, fields.get("subscription", "")
        actions: dict[str, Callable[[], None]] = {
            "cancel": lambda: portal.cancel(session, about),
            "resume": lambda: portal.resume(session, about),
            "change_plan": lambda: portal.change_plan(session, about, fields.get("price", "")),
            "update_card": lambda: portal.update_card(session, fields.get("card")),
        }
        action = actions.get(fields.get("action", ""))
        if action is None:
            raise StripeError(400, f"action is one of {', '.join(actions)}", param="action")
        action()
        return RedirectResponse(session["url"], 303)

    def _content(self, session: StripeObject) -> str:
        portal, features = self._portal, self._portal.features(session)
        method = portal.payment_method(session)
        invoices = portal.invoices(session)[:_INVOICES_SHOWN_MAX] if features["invoice_history"]["enabled"] else []
        return render(
            "portal.html",
            return_url=session["return_url"],
            subscriptions=[self._shown(one) for one in portal.subscriptions(session)],
            plans=[{"id": price["id"], "name": self._plan(price)} for price in portal.plans(session)],
            card=f"•••• {method['card']['last4']}" if method and "card" in method else None,
            invoices=[
                {
                    "number": one["number"],
                    "total": money(one["total"], one["currency"]),
                    "status": one["status"],
                    "date": _day(one["created"]),
                }
                for one in invoices
            ],
            may_cancel=features["subscription_cancel"]["enabled"],
            may_change=features["subscription_update"]["enabled"],
            may_update_card=features["payment_method_update"]["enabled"],
        )

    def _shown(self, subscription: StripeObject) -> StripeObject:
        price = items_of(subscription)[0]["price"]
        return {
            "id": subscription["id"],
            "plan": self._plan(price),
            "price": price["id"],
            "status": subscription["status"],
            "ends": subscription["cancel_at_period_end"],
            "until": _day(period_of(subscription)[1]),
        }

    def _plan(self, price: StripeObject) -> str:
        amount = money(price["unit_amount"], price["currency"])
        return f"{self._portal.plan_name(price)} · {amount} / {price['recurring']['interval']}"


class AuthenticationPage:
    """The page at `/stripe/authenticate/{intent_id}`; a bare POST passes, `action=fail` does not."""

    def __init__(self, store: StripeStore, authentication: Authentication) -> None:
        self._store = store
        self._authentication = authentication

    def routes(self) -> list[Route]:
        """The routes, relative to the API base."""
        return [
            Route("/authenticate/{id}", self._show, methods=["GET"]),
            Route("/authenticate/{id}", self._act, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        intent = self._store.get("payment_intent", request.path_params["id"])
        amount = money(intent["amount"], intent["currency"])
        return HTMLResponse(render("authenticate.html", amount=amount, open=intent["status"] == "requires_action"))

    async def _act(self, request: Request) -> Response:
        intent = self._store.get("payment_intent", request.path_params["id"])
        action = intent["next_action"] or {}
        return_url = action.get("redirect_to_url", {}).get("return_url")
        passed = (await form_fields(request)).get("action") != "fail"
        self._authentication.finish(intent["id"], passed=passed)
        if return_url:
            return RedirectResponse(return_url, 303)
        return HTMLResponse(render("closed.html", message=f"Payment: {intent['status']}."))


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%d %B %Y")

"""What a test of Stripe does with the real client: sell, pay on the page, order what the sandbox shall do."""

from dataclasses import dataclass
from typing import Any

import httpx2
import stripe

PAGES: dict[str, Any] = {
    "success_url": "https://studio.test/thanks?session={CHECKOUT_SESSION_ID}",
    "cancel_url": "https://studio.test/cancelled",
}


@dataclass
class Shop:
    client: stripe.StripeClient
    http: httpx2.AsyncClient

    @property
    def v1(self) -> Any:
        return self.client.v1

    async def order(self, path: str, **orders: Any) -> Any:
        """An order to the sandbox under `/sandbox/stripe`."""
        answer = await self.http.post(f"/sandbox/stripe/{path}", json=orders)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def price(self, amount: int = 1900, interval: str = "month", **more: Any) -> Any:
        product = await self.v1.products.create_async({"name": f"Plan {amount}"})
        recurring = {"recurring": {"interval": interval}} if interval else {}
        params = {"product": product.id, "currency": "eur", "unit_amount": amount, **recurring, **more}
        return await self.v1.prices.create_async(params)

    async def open(self, amount: int = 1000, **more: Any) -> Any:
        """A session for one thing of this price, unless `line_items` says otherwise."""
        item = {
            "price_data": {"currency": "eur", "unit_amount": amount, "product_data": {"name": "Print"}},
            "quantity": 1,
        }
        params = {"mode": "payment", "line_items": [item], **PAGES, **more}
        return await self.v1.checkout.sessions.create_async(params)

    async def pay(self, session: Any, **fields: str) -> Any:
        """Pays on the page; the session afterwards."""
        answer = await self.http.post(session.url, data=fields)
        assert answer.status_code == 303, answer.text
        return await self.v1.checkout.sessions.retrieve_async(session.id)

    async def buy(self, amount: int = 1000, **more: Any) -> Any:
        """A paid session."""
        return await self.pay(await self.open(amount, **more))

    async def subscribe(self, price: Any = None, card: str = "4242424242424242", **more: Any) -> Any:
        """A subscription bought at Checkout."""
        price = price or await self.price()
        session = await self.open(mode="subscription", line_items=[{"price": price.id, "quantity": 1}], **more)
        done = await self.pay(session, card=card)
        return await self.subscription(done.subscription)

    async def subscription(self, subscription_id: str) -> Any:
        return await self.v1.subscriptions.retrieve_async(subscription_id, {"expand": ["latest_invoice.payments"]})

    async def customer(self, card: str | None = None) -> Any:
        """A customer, with this `pm_card_…` as the default payment method."""
        customer = await self.v1.customers.create_async({"email": "anna@example.com"})
        if card is None:
            return customer
        method = await self.v1.payment_methods.attach_async(card, {"customer": customer.id})
        settings = {"invoice_settings": {"default_payment_method": method.id}}
        return await self.v1.customers.update_async(customer.id, settings)

    async def types(self) -> list[str]:
        """The types of all events, oldest first."""
        events = await self.v1.events.list_async({"limit": 100})
        return [event.type async for event in events.auto_paging_iter()][::-1]

    async def event(self, event_type: str) -> Any:
        """The newest event of a type."""
        return (await self.v1.events.list_async({"type": event_type, "limit": 1})).data[0]

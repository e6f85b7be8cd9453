"""Our calls to Stripe about products and prices."""

import stripe

from billing.catalogue.rules import Sellable, StripePrice
from billing.purchases.ports import PaymentsRefused
from billing.stripe.answers import ObjectMissing
from billing.stripe.client import StripeApi, key_of_one_call
from billing.stripe.subscription_answers import read_price

PRICES_MAX = 100
_EXISTS = "resource_already_exists"


class CatalogueApi:
    """Stripe as the catalogue uses it. Implements `billing.catalogue.ports.CatalogueGateway`."""

    def __init__(self, api: StripeApi) -> None:
        self._api = api

    async def ensure_product(self, stripe_product_id: str, name: str) -> None:
        """The product exists under our id, is sold and has this name."""
        try:
            found = await self._api.call(
                "products.retrieve", lambda: self._api.sdk.v1.products.retrieve_async(stripe_product_id)
            )
        except ObjectMissing:
            await self._create_product(stripe_product_id, name)
            return
        if found.name != name or not found.active:
            key = key_of_one_call(f"product:{stripe_product_id}")
            await self._api.call(
                "products.update",
                lambda: self._api.sdk.v1.products.update_async(
                    stripe_product_id, {"name": name, "active": True}, {"idempotency_key": key}
                ),
            )

    async def prices_of(self, stripe_product_id: str) -> list[StripePrice]:
        """The prices of a product that are sold."""
        found = await self._api.call(
            "prices.list",
            lambda: self._api.sdk.v1.prices.list_async(
                {"product": stripe_product_id, "active": True, "limit": PRICES_MAX}
            ),
        )
        return [read_price(price) for price in found.data]

    async def create_price(self, sellable: Sellable, generation: int) -> StripePrice:
        """A new price, which takes the lookup key over. Its key at Stripe is made of what it is, and of its number."""
        key = f"price:{sellable.lookup_key}:{generation}:{sellable.currency}:{sellable.amount_minor}"
        parameters: stripe.params.PriceCreateParams = {
            "product": sellable.stripe_product_id,
            "currency": sellable.currency,
            "unit_amount": sellable.amount_minor,
            "lookup_key": sellable.lookup_key,
            "transfer_lookup_key": True,
        }
        if sellable.interval is not None:
            parameters["recurring"] = {"interval": sellable.interval}
        made = await self._api.call(
            "prices.create", lambda: self._api.sdk.v1.prices.create_async(parameters, {"idempotency_key": key})
        )
        return read_price(made)

    async def archive_price(self, stripe_price_id: str) -> None:
        """The price is sold no more; subscriptions keep it. Nothing where there is no such price."""
        key = key_of_one_call(f"price:{stripe_price_id}")
        try:
            await self._api.call(
                "prices.update",
                lambda: self._api.sdk.v1.prices.update_async(
                    stripe_price_id, {"active": False}, {"idempotency_key": key}
                ),
            )
        except ObjectMissing:
            return

    async def _create_product(self, stripe_product_id: str, name: str) -> None:
        key = key_of_one_call(f"product:{stripe_product_id}")
        try:
            await self._api.call(
                "products.create",
                lambda: self._api.sdk.v1.products.create_async(
                    {"id": stripe_product_id, "name": name}, {"idempotency_key": key}
                ),
            )
        except PaymentsRefused as error:
            if not isinstance(error.__cause__, stripe.InvalidRequestError) or error.__cause__.code != _EXISTS:
                raise

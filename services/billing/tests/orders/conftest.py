"""The shop's fixtures for the tests of this directory, and a counter for buyers without an account."""

import pytest

from ..stripe.shop import Shop, billing_socket, database, databases, sandbox_server, shop
from .counter import Counter

__all__ = ["billing_socket", "database", "databases", "sandbox_server", "shop"]


@pytest.fixture
async def counter(shop: Shop) -> Counter:
    counter = Counter(shop)
    await counter.open()
    return counter

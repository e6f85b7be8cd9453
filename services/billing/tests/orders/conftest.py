"""A counter for buyers without an account."""

import pytest

from ..stripe.shop import Shop
from .counter import Counter


@pytest.fixture
async def counter(shop: Shop) -> Counter:
    counter = Counter(shop)
    await counter.open()
    return counter

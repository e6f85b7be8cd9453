"""A till where clients of an account pay its invoices."""

import pytest

from ..stripe.shop import Shop
from .till import Till


@pytest.fixture
def till(shop: Shop) -> Till:
    return Till(shop)

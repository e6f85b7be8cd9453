"""A till on top of the shop."""

import pytest

from ..stripe.shop import Shop
from .till import Till


@pytest.fixture
def till(shop: Shop) -> Till:
    return Till(shop)

"""The shop's fixtures for the tests of this directory, and a till on top."""

import pytest

from ..stripe.shop import Shop, billing_socket, database, databases, sandbox_server, shop
from .till import Till

__all__ = ["billing_socket", "database", "databases", "sandbox_server", "shop"]


@pytest.fixture
def till(shop: Shop) -> Till:
    return Till(shop)

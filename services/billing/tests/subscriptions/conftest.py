"""The shop's fixtures for the tests of this directory."""

from ..stripe.shop import billing_socket, database, databases, sandbox_server, shop

__all__ = ["billing_socket", "database", "databases", "sandbox_server", "shop"]

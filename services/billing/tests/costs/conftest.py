"""The shop's database for the tests of this directory."""

from ..stripe.shop import database, databases

__all__ = ["database", "databases"]

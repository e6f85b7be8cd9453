"""A running gateway for the tests of quotes."""

from ..jobs.conftest import catalogue, studio

__all__ = ["catalogue", "studio"]

"""A running gateway for the tests of limits on every route."""

from ..jobs.conftest import catalogue, studio

__all__ = ["catalogue", "studio"]

"""A running gateway for the tests of switches."""

from ..jobs.conftest import catalogue, studio

__all__ = ["catalogue", "studio"]

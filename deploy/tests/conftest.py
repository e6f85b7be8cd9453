"""Fixtures of the deployment's tests."""

import pytest

from .manifests import RENDERINGS, Manifests, kubectl, render

_rendered: dict[str, Manifests] = {}


def _render_once(name: str) -> Manifests:
    if kubectl() is None:
        pytest.skip("kubectl is not installed: what kustomize renders is not checked, only the plain files are")
    if name not in _rendered:
        _rendered[name] = render(name)
    return _rendered[name]


@pytest.fixture(params=RENDERINGS)
def manifests(request: pytest.FixtureRequest) -> Manifests:
    """Each of base and overlays in turn."""
    return _render_once(request.param)


@pytest.fixture
def production() -> Manifests:
    """The overlay for production, with its components."""
    return _render_once("overlays/prod")

"""Finds the kinds: every module of this package, and of packages named in the settings, that has a `KIND`."""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from typing import Any

from generation.kinds.kind import Kind

HOME = "generation.kinds"


def discover(extra_modules: Iterable[str] = ()) -> Mapping[str, Kind[Any, Any]]:
    """All kinds by name.

    Raises:
        ValueError: two modules declare the same name.
        ModuleNotFoundError: a module named in the settings does not exist.
    """
    package = importlib.import_module(HOME)
    names = sorted(f"{HOME}.{item.name}" for item in pkgutil.iter_modules(package.__path__))
    kinds: dict[str, Kind[Any, Any]] = {}
    for name in [*names, *extra_modules]:
        kind = getattr(importlib.import_module(name), "KIND", None)
        if kind is None:
            continue
        if kind.name in kinds:
            raise ValueError(f"two kinds are named {kind.name}")
        kinds[kind.name] = kind
    return kinds

"""Tells the rest of the system which kinds there are, at every start."""

from collections.abc import Iterable
from typing import Any

from common.db.unit_of_work import UnitOfWork
from generation.kinds.kind import Kind


async def declare_kinds(uow: UnitOfWork, kinds: Iterable[Kind[Any, Any]]) -> None:
    """Say `kind.declared` for each kind. Readers recognise what they know by its digest."""
    for kind in kinds:
        uow.emit(kind.declaration())

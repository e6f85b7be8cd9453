"""The SQL of switches."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db.unit_of_work import UnitOfWork
from common.events.features import Features
from gateway.features.rules import Switch, compose

_LOAD = text(
    """
    SELECT latest.version, switches.key, switches.value, switches.public_text, switches.until,
           switches.why, switches.changed_by, switches.updated_at
    FROM (SELECT coalesce(max(version), 0) AS version FROM feature_changes) AS latest
    LEFT JOIN feature_switches AS switches ON true ORDER BY switches.key
    """
)
_LOCK = text("LOCK TABLE feature_switches IN SHARE ROW EXCLUSIVE MODE")
_RECORD = text(
    """
    INSERT INTO feature_changes (change_id, key, value, public_text, until, why, changed_by)
    VALUES (:change_id, :key, CAST(:value AS jsonb), :public_text, :until, :why, :changed_by)
    ON CONFLICT (change_id) DO NOTHING
    """
)
_PUT = text(
    """
    INSERT INTO feature_switches (key, value, public_text, until, why, changed_by)
    VALUES (:key, CAST(:value AS jsonb), :public_text, :until, :why, :changed_by)
    ON CONFLICT (key) DO UPDATE
    SET value = excluded.value, public_text = excluded.public_text, until = excluded.until,
        why = excluded.why, changed_by = excluded.changed_by, updated_at = now()
    """
)
_CLEAR = text("DELETE FROM feature_switches WHERE key = :key")
_KNOWN_KIND = text("SELECT 1 FROM kinds WHERE name = :name")


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one switch, with who wants it and why. Without a `switch` the key goes back to its default."""

    change_id: UUID
    key: str
    switch: Switch | None
    changed_by: str
    why: str


@dataclass(frozen=True, slots=True)
class StoredSwitch:
    """A switch as it stands, with who put it there."""

    switch: Switch
    why: str
    changed_by: str
    updated_at: datetime


async def load(connection: AsyncConnection) -> tuple[Features, Sequence[StoredSwitch]]:
    """All switches, of one moment."""
    rows = (await connection.execute(_LOAD)).all()
    stored = [
        StoredSwitch(_switch(row), row.why, row.changed_by, row.updated_at) for row in rows if row.key is not None
    ]
    return compose(rows[0].version, [item.switch for item in stored]), stored


async def apply(uow: UnitOfWork, change: Change) -> bool:
    """Write a change; whether it was news. One change at a time, so that versions follow commits."""
    await uow.execute(_LOCK)
    parameters = _parameters(change)
    if not (await uow.execute(_RECORD, {"change_id": change.change_id, **parameters})).rowcount:
        return False
    if change.switch is None:
        await uow.execute(_CLEAR, {"key": change.key})
    else:
        await uow.execute(_PUT, parameters)
    return True


async def is_kind(uow: UnitOfWork, name: str) -> bool:
    """Whether somebody has declared a kind of this name."""
    return await uow.first(_KNOWN_KIND, {"name": name}) is not None


def _switch(row: Any) -> Switch:
    return Switch(row.key, row.value, row.public_text, row.until)


def _parameters(change: Change) -> dict[str, Any]:
    switch = change.switch
    return {
        "key": change.key,
        "value": None if switch is None else json.dumps(switch.value),
        "public_text": None if switch is None else switch.text,
        "until": None if switch is None else switch.until,
        "why": change.why,
        "changed_by": change.changed_by,
    }

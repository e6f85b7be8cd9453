"""Owns the numbers of request limits: rows, read again every few seconds so that a change needs no deploy."""

import asyncio
from collections.abc import Callable, Mapping
from typing import get_args

from sqlalchemy import text

from common.db.database import Database
from common.db.recurring import repeat
from gateway.requests.rules import RULES, Policy, RequestRule

REFRESH_SECONDS = 2.0
READ_SECONDS_MAX = 3.0
"""Together the most that a change waits to be seen: 5 s."""

_ROWS = text("SELECT policy, per_account, per_user, per_key, per_network FROM request_limits")


class RuleBook:
    """All request limits, in memory; while the database is away the last known ones hold.

    Args:
        factor: what every number is multiplied by at present (see the switch `tight-limits`).
        fixed: what this process was told by its environment; it wins over the table.
    """

    def __init__(
        self,
        database: Database,
        factor: Callable[[], float] = lambda: 1.0,
        fixed: Mapping[Policy, RequestRule] | None = None,
    ) -> None:
        self._database = database
        self._factor = factor
        self._fixed = dict(fixed or {})
        self._stored: dict[Policy, RequestRule] = {}
        self._rules: dict[Policy, RequestRule] = {}
        self._applied = 0.0

    def of(self, policy: Policy) -> RequestRule:
        """The numbers of a policy."""
        if self._factor() != self._applied:
            self._apply()
        return self._rules[policy]

    async def load(self) -> None:
        """Read all rows. A policy without one keeps its default: an older or a newer release may have written them."""
        async with asyncio.timeout(READ_SECONDS_MAX), self._database.autocommit() as connection:
            rows = (await connection.execute(_ROWS)).all()
        self._stored = {row.policy: RequestRule(*row[1:]) for row in rows if row.policy in get_args(Policy)}
        self._apply()

    async def run(self) -> None:
        """Read them again, for ever."""
        await repeat(self.load, REFRESH_SECONDS, skipped="request_limits_not_refreshed")

    def _apply(self) -> None:
        self._applied = self._factor()
        rules: dict[Policy, RequestRule] = {**RULES, **self._stored, **self._fixed}
        self._rules = {policy: rule.times(self._applied) for policy, rule in rules.items()}

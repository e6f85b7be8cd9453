"""Keeps the rules and decides, call by call, which of them strikes."""

import itertools
from dataclasses import dataclass
from typing import Any

from sandbox.faults.kinds import Fault, FaultRule
from sandbox.operations import Vendor

_RULES_MAX = 1_000


class TooManyRulesError(Exception):
    """More rules than anybody needs: something sets them in a loop."""


@dataclass(slots=True)
class ActiveRule:
    """A rule and what became of it so far."""

    id: str
    rule: FaultRule
    seen: int = 0
    applied: int = 0

    def as_json(self) -> dict[str, Any]:
        """The rule as the API shows it."""
        rule = self.rule.model_dump(mode="json")
        return {"id": self.id, **rule, "seen": self.seen, "applied": self.applied}

    def _matches(self, vendor: Vendor, operation: str) -> bool:
        return self.rule.vendor is vendor and self.rule.operation in (None, operation)

    def sees(self, vendor: Vendor, operation: str) -> bool:
        """Counts a call that matches; tells whether this rule would strike now."""
        if not self._matches(vendor, operation):
            return False
        self.seen += 1
        left = self.rule.times is None or self.applied < self.rule.times
        return left and self.seen > self.rule.after


class FaultRegistry:
    """All rules, oldest first. Every matching rule counts a call; the first one that is due strikes."""

    def __init__(self) -> None:
        self._rules: dict[str, ActiveRule] = {}
        self._numbers = itertools.count(1)

    def add(self, rule: FaultRule) -> ActiveRule:
        """Puts a rule in force.

        Raises:
            TooManyRulesError: the registry is full.
        """
        if len(self._rules) >= _RULES_MAX:
            raise TooManyRulesError
        active = ActiveRule(f"fault_{next(self._numbers)}", rule)
        self._rules[active.id] = active
        return active

    def take(self, vendor: Vendor, operation: str) -> tuple[str, Fault] | None:
        """The id and fault that strike this call, if any; counts it."""
        due = [active for active in self._rules.values() if active.sees(vendor, operation)]
        if not due:
            return None
        due[0].applied += 1
        return due[0].id, due[0].rule.fault

    def all(self) -> list[ActiveRule]:
        """Every rule, spent ones too, oldest first."""
        return list(self._rules.values())

    def remove(self, rule_id: str) -> bool:
        """Takes a rule out of force; tells whether there was one."""
        return self._rules.pop(rule_id, None) is not None

    def clear(self) -> None:
        """Takes all rules out of force."""
        self._rules.clear()

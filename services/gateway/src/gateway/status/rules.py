"""What is said of a part of the product, and how long a trouble of it is expected to last."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

State = Literal["ok", "degraded", "down", "unknown"]
"""`degraded`: works, slower or in part. `unknown`: what would tell us is away itself."""

LASTS_MIN = timedelta(minutes=1)
LASTS_MAX = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check saw. `detail` is for the public, in words that name no internals."""

    state: State
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the product as last seen. `since`: from when on it has not been `ok`."""

    name: str
    finding: Finding
    checked_at: datetime
    since: datetime | None = None

    def expected_end_at(self) -> datetime | None:
        """When its trouble is expected to be over; nothing while there is none."""
        return None if self.since is None else expected_end(self.since, self.checked_at)


@dataclass(frozen=True, slots=True)
class Mode:
    """A reduced way of working that somebody declared: an operator by a switch, or a part that knows it of itself."""

    name: str
    text: str
    since: datetime | None = None
    expected_end_at: datetime | None = None


def expected_end(since: datetime, moment: datetime) -> datetime:
    """A trouble of which nothing but its beginning is known lasts about as long again as it has lasted.

    At least a minute more, at most four hours: beyond that the number would say more than anybody knows.
    """
    return moment + min(max(moment - since, LASTS_MIN), LASTS_MAX)


def next_sight(before: Component | None, name: str, finding: Finding, moment: datetime) -> Component:
    """A component after another look. What cannot be known leaves a trouble that was known as old as it is."""
    if finding.state == "ok":
        return Component(name, finding, moment)
    since = moment if before is None or before.since is None else before.since
    return Component(name, finding, moment, since)

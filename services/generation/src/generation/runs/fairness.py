"""Weighted fair queueing: the order in which waiting runs are claimed.

Start-time fair queueing (Goyal, Vin and Cheng, 1996). A class has a virtual clock that shows the start tag of the run
claimed last. A new run starts at the later of that clock and its account's last finish tag, and finishes one unit
of work, divided by the account's weight, later. Claims go by finish tag: an account that submits a thousand jobs
queues behind itself, another's single job goes in beside the next of them, and nobody starves.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Tags:
    """A run's place in its class's order."""

    virtual_start: float
    virtual_finish: float


class FairClocks:
    """The clocks of some classes and accounts while a batch of runs gets its places."""

    def __init__(
        self,
        class_times: Iterable[tuple[str, float]],
        account_finishes: Iterable[tuple[str, UUID, float]],
    ) -> None:
        self._class_times = dict(class_times)
        self.account_finishes = {(job_class, account): finish for job_class, account, finish in account_finishes}

    def place(self, job_class: str, account_id: UUID, weight: int, work: float = 1.0) -> Tags:
        """The tags of an account's next run, `work` being its size in units of an ordinary run.

        Raises:
            ValueError: a weight or amount of work that is not positive.
        """
        if weight <= 0 or work <= 0:
            raise ValueError("weight and work must be positive")
        key = (job_class, account_id)
        start = max(self._class_times.get(job_class, 0.0), self.account_finishes.get(key, 0.0))
        finish = start + work / weight
        self.account_finishes[key] = finish
        return Tags(start, finish)

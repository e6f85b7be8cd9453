"""How work in a child process can end other than well. Imported by the children too: standard library only."""

from enum import StrEnum


class FailureReason(StrEnum):
    """What became of the work."""

    TIMED_OUT = "timed_out"
    OUT_OF_CPU = "out_of_cpu"
    OUT_OF_MEMORY = "out_of_memory"
    CRASHED = "crashed"
    """The child ended: a signal, an exit, the kernel short of memory."""
    RAISED = "raised"
    """The code raised something it should not: a fault of ours."""
    REFUSED = "refused"
    """The input cannot be worked on; `code` and `detail` are for its owner."""
    OVERLOADED = "overloaded"
    STOPPED = "stopped"
    """The pool is closing."""


class LocalWorkFailed(Exception):
    """A task failed; the pool and all other tasks are well."""

    def __init__(self, reason: FailureReason, detail: str, code: str = "") -> None:
        self.reason = reason
        self.detail = detail
        self.code = code
        super().__init__(f"{reason}: {detail}")


class Unworkable(Exception):
    """Raised by code in a child: the input is at fault. `code` is stable, `detail` is for its owner."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        self.detail = detail
        super().__init__(f"{code}: {detail}")

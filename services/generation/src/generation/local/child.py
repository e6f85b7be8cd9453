"""What runs in a child process: one request a line on stdin, one answer a line on stdout, hard limits around each.

Imports nothing of the product but what a request names, so that a child costs 10 MB and not 100. Parameters and
results are JSON, not pickles: whoever takes a child over through a hostile image cannot make its parent run code.
"""

import importlib
import json
import os
import resource
import signal
import sys
from typing import Any

from generation.local.failures import FailureReason, Unworkable

FILE_BYTES_MAX = 256 * 1024 * 1024
FILES_MAX = 64
WALL_GRACE_SECONDS = 2.0
"""The parent kills at the deadline; should it be gone, the alarm does this much later."""
DETAIL_CHARACTERS_MAX = 500


def main(memory_bytes_max: int) -> None:
    """Answer requests until stdin ends."""
    _limit_process(memory_bytes_max)
    requests, answers = sys.stdin.buffer, _take_stdout()
    _say(answers, {"ready": True})
    while line := requests.readline():
        request = json.loads(line)
        _limit_task(request["cpu_seconds"], request["wall_seconds"])
        answer = _carry_out(request["function"], request["arguments"])
        signal.setitimer(signal.ITIMER_REAL, 0)
        _say(answers, {**answer, "peak_bytes": peak_bytes()})


def peak_bytes() -> int:
    """The most memory this process ever had resident (`ru_maxrss` would count what its parent had at the fork)."""
    with open("/proc/self/status") as status:  # noqa: PTH123 - pathlib would cost each child its import
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def _take_stdout() -> Any:
    """Keep stdout for answers; whatever libraries print goes to stderr."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return answers


def _limit_process(memory_bytes_max: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes_max, memory_bytes_max))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES_MAX, FILE_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES_MAX, FILES_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_task(cpu_seconds: float, wall_seconds: float) -> None:
    """The limit of CPU counts the whole life of a process: it is moved on for each task."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime + cpu_seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
    signal.setitimer(signal.ITIMER_REAL, wall_seconds + WALL_GRACE_SECONDS)


def _carry_out(function: str, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        module, _, name = function.partition(":")
        return {"result": getattr(importlib.import_module(module), name)(**arguments)}
    except Unworkable as error:
        return {"reason": FailureReason.REFUSED, "code": error.code, "detail": error.detail}
    except MemoryError:
        return {"reason": FailureReason.OUT_OF_MEMORY, "code": "", "detail": "memory limit reached"}
    except Exception as error:  # noqa: BLE001 - whatever the code raises is told to the parent, which decides
        detail = f"{type(error).__name__}: {error}"[:DETAIL_CHARACTERS_MAX]
        return {"reason": FailureReason.RAISED, "code": "", "detail": detail}


def _say(answers: Any, message: dict[str, Any]) -> None:
    answers.write(json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))

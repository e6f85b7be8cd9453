"""The parent's side of one child process: start it, ask it, end it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from generation.local.failures import FailureReason, LocalWorkFailed

ANSWER_BYTES_MAX = 1024 * 1024
START_SECONDS_MAX = 20.0
REAP_SECONDS_MAX = 10.0

_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "PYTHONFAULTHANDLER": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "passive",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_TRIM_THRESHOLD_": "131072",
}
"""All that children know of the environment: they open files of strangers and have no use for our secrets."""
_PASSED_ON = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "TMPDIR")


class ChildProcess:
    """A Python of its own that answers one request at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.tasks = 0
        self.peak_bytes = 0

    @classmethod
    async def start(cls, memory_bytes_max: int, environment: Mapping[str, str]) -> "ChildProcess":
        """Start one and wait until it is ready; it is a session of its own, so that a Ctrl-C is not for it.

        Raises:
            LocalWorkFailed: it did not start.
        """
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "generation.local.child", str(memory_bytes_max),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            env={**passed_on, **_ENVIRONMENT, **environment},
            start_new_session=True, limit=ANSWER_BYTES_MAX,
        )  # fmt: skip
        child = cls(process)
        try:
            async with asyncio.timeout(START_SECONDS_MAX):
                await child._answer()
        except BaseException as error:  # cancelled as well: no child is left behind
            child.kill()
            await asyncio.shield(child.reaped())
            if isinstance(error, TimeoutError):
                raise LocalWorkFailed(FailureReason.CRASHED, "a child did not start in time") from error
            raise
        return child

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended yet, as far as is known."""
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def ask(
        self, function: str, arguments: Mapping[str, Any], *, cpu_seconds: float, wall_seconds: float
    ) -> dict[str, Any]:
        """Have `module:function` called with these arguments; the answer is what it returned.

        Raises:
            LocalWorkFailed: the work failed, the time is up or the child ended. Unless the reason is `REFUSED` or
                `RAISED` the child is of no more use.
        """
        request = {
            "function": function,
            "arguments": dict(arguments),
            "cpu_seconds": cpu_seconds,
            "wall_seconds": wall_seconds,
        }
        self.tasks += 1
        try:
            async with asyncio.timeout(wall_seconds):
                answer = await self._exchange(json.dumps(request).encode() + b"\n")
        except TimeoutError as error:
            raise LocalWorkFailed(FailureReason.TIMED_OUT, f"not done within {wall_seconds:g} s") from error
        self.peak_bytes = int(answer["peak_bytes"])
        if "reason" in answer:
            raise LocalWorkFailed(FailureReason(answer["reason"]), str(answer["detail"]), str(answer["code"]))
        result = answer["result"]
        if not isinstance(result, dict):
            raise LocalWorkFailed(FailureReason.RAISED, f"{function} returned no object")
        return result

    def kill(self) -> None:
        """End it now."""
        if self.is_alive:
            self._process.kill()

    async def reaped(self) -> int:
        """Wait until it has ended and its entry in the process table is gone; its return code."""
        async with asyncio.timeout(REAP_SECONDS_MAX):
            return await self._process.wait()

    async def _exchange(self, line: bytes) -> dict[str, Any]:
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - it was asked for at the start
        try:
            stdin.write(line)
            await stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise await self._ended() from None
        return await self._answer()

    async def _answer(self) -> dict[str, Any]:
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101 - it was asked for at the start
        try:
            line = await stdout.readline()
        except ValueError as error:  # longer than the limit
            raise LocalWorkFailed(FailureReason.CRASHED, f"an answer above {ANSWER_BYTES_MAX} bytes") from error
        except ConnectionResetError:
            line = b""
        if not line.endswith(b"\n"):
            raise await self._ended()
        try:
            answer = json.loads(line)
        except ValueError as error:
            raise LocalWorkFailed(FailureReason.CRASHED, "an answer that is no JSON") from error
        if not isinstance(answer, dict):
            raise LocalWorkFailed(FailureReason.CRASHED, "an answer that is no object")
        return answer

    async def _ended(self) -> LocalWorkFailed:
        code = await self.reaped()
        match -code:
            case signal.SIGXCPU:
                return LocalWorkFailed(FailureReason.OUT_OF_CPU, "CPU limit reached")
            case signal.SIGALRM:
                return LocalWorkFailed(FailureReason.TIMED_OUT, "not done in time")
        return LocalWorkFailed(FailureReason.CRASHED, f"the child ended with code {code}")

"""What children of the tests are asked to do: good work, and everything a child can die of."""

import os
import signal
import sys
import time
from typing import Any

from generation.local.failures import Unworkable


def echo(**arguments: Any) -> dict[str, Any]:
    return {**arguments, "pid": os.getpid()}


def doze(seconds: float) -> dict[str, Any]:
    time.sleep(seconds)
    return {"pid": os.getpid()}


def spin() -> dict[str, Any]:
    while True:
        pass


def hog(megabytes: int) -> dict[str, Any]:
    return {"kept": len(bytearray(megabytes * 1024 * 1024))}


def die(code: int) -> dict[str, Any]:
    if code < 0:
        os.kill(os.getpid(), -code)
    os._exit(code)


def raise_error() -> dict[str, Any]:
    raise LookupError("nothing there")


def refuse() -> dict[str, Any]:
    raise Unworkable("UNSUPPORTED_IMAGE", "no picture")


def print_noise() -> dict[str, Any]:
    print("noise")  # noqa: T201 - the point of it
    sys.stdout.flush()
    return {"fine": True}


def return_list() -> Any:
    return [1]


def return_much() -> dict[str, Any]:
    return {"much": "x" * 2_000_000}


def secrets() -> dict[str, Any]:
    return {"environment": dict(os.environ)}


def surroundings() -> dict[str, Any]:
    return {"modules": sorted(sys.modules), "session_is_own": os.getsid(0) == os.getpid()}


def ignore_everything() -> dict[str, Any]:
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(name, signal.SIG_IGN)
    time.sleep(60)
    return {}


def hog_all(**arguments: Any) -> dict[str, Any]:
    return hog(100_000)


def die_of(**arguments: Any) -> dict[str, Any]:
    return die(-signal.SIGSEGV)

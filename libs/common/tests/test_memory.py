"""Large blocks go back to the system, and a start is not looked through again."""

import subprocess
import sys

import pytest

from common.memory import return_large_blocks

SCRIPT = """
import sys
from common.memory import return_large_blocks
if sys.argv[1] == "asked":
    return_large_blocks()
def resident():
    with open("/proc/self/statm") as pages:
        return int(pages.read().split()[1]) * 4 // 1024
kept = []
bytearray(b"x") * 12_000_000
before = resident()
for _ in range(8):
    large = bytearray(b"x") * 9_000_000
    kept.append(bytearray(b"x") * 100_000)
    following = bytearray(b"x") * 9_000_000
    del large, following
    kept.append(bytearray(b"x") * 100_000)
print(resident() - before)
"""


def _left_mib(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, timeout=30, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not return_large_blocks(), reason="the C library is not glibc")
def test_what_is_freed_is_given_back() -> None:
    assert _left_mib("asked") <= 4
    assert _left_mib("not asked") >= 8


SETTLED = """
import gc
from common.memory import YOUNG_OBJECTS, settle
class Ring:
    gone = 0
    def __init__(self): self.itself = self
    def __del__(self): Ring.gone += 1
def rings(count):
    for _ in range(count): Ring()
gc.disable()
rings(50)
gc.enable()
settle()
print(Ring.gone, gc.get_freeze_count() > 1000, len(gc.get_objects()) < 1000)
rings(YOUNG_OBJECTS)
print(Ring.gone > 50)
"""


def test_what_a_start_made_is_not_looked_through_again_but_new_rings_are_found() -> None:
    done = subprocess.run([sys.executable, "-c", SETTLED], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.split() == ["50", "True", "True", "True"]

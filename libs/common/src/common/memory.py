"""Owns how freed memory is found and goes back to the system: pictures are megabytes for a moment, processes stay."""

import ctypes
import gc

_M_MMAP_THRESHOLD = -3
LARGE_BYTES = 256 * 1024
YOUNG_OBJECTS = 10_000


def return_large_blocks() -> bool:
    """Have blocks from `LARGE_BYTES` on given back as soon as they are freed; says whether the C library takes orders.

    glibc does so until the first large block is freed, then raises its threshold to up to 32 MB (mallopt(3)): what came
    after lies on the heap, where whatever small is put behind it keeps it.
    """
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES))
    except (OSError, AttributeError):  # another C library
        return False


def settle() -> None:
    """Have the garbage collector look at what is new only, once a process has started.

    What a start makes stays to the end: looked through again and again it costs time in which nobody is answered, and
    copies of pages that processes share. Cycles are rare; `YOUNG_OBJECTS` of all kinds come before it looks for them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 10, 10)

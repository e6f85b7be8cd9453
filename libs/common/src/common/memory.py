"""Owns how freed memory goes back to the system: pictures and mails are megabytes for a moment, processes stay."""

import ctypes

_M_MMAP_THRESHOLD = -3
LARGE_BYTES = 256 * 1024


def return_large_blocks() -> bool:
    """Have blocks from `LARGE_BYTES` on given back as soon as they are freed; says whether the C library takes orders.

    glibc does so until the first large block is freed, then raises its threshold to up to 32 MB (mallopt(3)): what came
    after lies on the heap, where whatever small is put behind it keeps it.
    """
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES))
    except (OSError, AttributeError):  # another C library
        return False

"""A bounded store of bytes by name: the oldest leave when there are too many or they weigh too much."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes, their media type, and what the owner wants to remember about them."""

    content: bytes
    media_type: str
    facts: dict[str, Any]


class BlobStore:
    """Keeps at most `count_max` blobs of together at most `bytes_max`, dropping the oldest."""

    def __init__(self, count_max: int, bytes_max: int) -> None:
        self._count_max = count_max
        self._bytes_max = bytes_max
        self._bytes = 0
        self._blobs: OrderedDict[str, Blob] = OrderedDict()

    def __len__(self) -> int:
        return len(self._blobs)

    @property
    def total_bytes(self) -> int:
        """The weight of all blobs kept."""
        return self._bytes

    def put(self, name: str, blob: Blob) -> None:
        """Stores a blob, replacing one of the same name; drops the oldest until the limits hold again."""
        self.remove(name)
        self._blobs[name] = blob
        self._bytes += len(blob.content)
        while len(self._blobs) > self._count_max or (self._bytes > self._bytes_max and len(self._blobs) > 1):
            _, dropped = self._blobs.popitem(last=False)
            self._bytes -= len(dropped.content)

    def get(self, name: str) -> Blob | None:
        """The blob of that name, if it is still kept."""
        return self._blobs.get(name)

    def remove(self, name: str) -> bool:
        """Forgets a blob; tells whether there was one."""
        blob = self._blobs.pop(name, None)
        if blob is None:
            return False
        self._bytes -= len(blob.content)
        return True

    def clear(self) -> None:
        """Forgets all."""
        self._blobs.clear()
        self._bytes = 0

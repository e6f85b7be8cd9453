"""Reads the pages' files once, with what a browser needs to keep them (media type, ETag), also in short form."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is served. The ETag is weak, for it stands for both forms of the body (RFC 9110 §8.8.1)."""

    body: bytes
    gzipped: bytes
    media_type: str
    etag: str


def read_static_files() -> Mapping[str, StaticFile]:
    """All files of `static/` by name; what comes later is not served before the next start.

    Raises:
        KeyError: a file has an ending that no media type is known for.
    """
    found: dict[str, StaticFile] = {}
    for entry in sorted(files("gateway.pages").joinpath("static").iterdir(), key=lambda item: item.name):
        body = entry.read_bytes()
        media_type = MEDIA_TYPES[entry.name.rpartition(".")[2]]
        etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
        found[entry.name] = StaticFile(body, gzip.compress(body, mtime=0), media_type, etag)
    return found

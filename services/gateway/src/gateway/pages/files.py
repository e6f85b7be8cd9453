"""Reads the pages' files once, with what a browser needs to keep them: media type and ETag."""

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
    """A file as it is served."""

    body: bytes
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
        found[entry.name] = StaticFile(body, media_type, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
    return found

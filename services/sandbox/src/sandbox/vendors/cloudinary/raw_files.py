"""Files that Cloudinary keeps as they are (`raw`): their suffix is part of their public id, nothing is derived."""

import hashlib
import mimetypes
import secrets
import time
from datetime import UTC, datetime
from typing import Any

from sandbox.blobs import Blob, BlobStore
from sandbox.vendors.cloudinary.errors import CloudinaryError
from sandbox.vendors.cloudinary.signatures import sign_parameters, url_signature


class RawFiles:
    """The raw files of the one cloud; in a namespace of their own beside its pictures."""

    def __init__(self, store: BlobStore, public_url: str, key: str, secret: str) -> None:
        self._store = store
        self._public_url = public_url
        self._key = key
        self._secret = secret

    def upload(self, content: bytes, params: dict[str, str], file_name: str) -> dict[str, Any]:
        """Stores a file and answers as the upload API does for `raw`."""
        public_id = params.get("public_id") or f"{secrets.token_hex(10)}.{file_name.rpartition('.')[2]}"
        delivery_type = params.get("type") or "upload"
        name = f"raw/{delivery_type}/{public_id}"
        existing = self._store.get(name)
        if existing is not None and params.get("overwrite") in ("0", "false"):
            return {**existing.facts, "existing": True}
        version = int(time.time())
        url = self._url(delivery_type, version, public_id)
        facts: dict[str, Any] = {
            "asset_id": secrets.token_hex(16),
            "public_id": public_id,
            "version": version,
            "version_id": secrets.token_hex(16),
            "signature": sign_parameters({"public_id": public_id, "version": str(version)}, self._secret),
            "resource_type": "raw",
            "created_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tags": [],
            "bytes": len(content),
            "type": delivery_type,
            "etag": hashlib.md5(content, usedforsecurity=False).hexdigest(),
            "placeholder": False,
            "url": url,
            "secure_url": url,
            "original_filename": file_name.rpartition(".")[0] or file_name,
            "api_key": self._key,
        }
        if existing is not None:
            facts["overwritten"] = True
        media_type = mimetypes.guess_type(public_id)[0] or "application/octet-stream"
        self._store.put(name, Blob(content, media_type, facts))
        return facts

    def destroy(self, delivery_type: str, public_id: str) -> bool:
        """Forgets a file; tells whether there was one."""
        return self._store.remove(f"raw/{delivery_type}/{public_id}")

    def deliver(self, delivery_type: str, public_id: str) -> tuple[bytes, str]:
        """A file as it was stored, and its media type.

        Raises:
            CloudinaryError: 404, no such file.
        """
        blob = self._store.get(f"raw/{delivery_type}/{public_id}")
        if blob is None:
            raise CloudinaryError(404, f"Resource not found - {public_id}")
        return blob.content, blob.media_type

    def _url(self, delivery_type: str, version: int, public_id: str) -> str:
        parts = [self._public_url, "raw", delivery_type]
        if delivery_type != "upload":
            parts.append(f"s--{url_signature(public_id, self._secret)}--")
        return "/".join([*parts, f"v{version}", public_id])

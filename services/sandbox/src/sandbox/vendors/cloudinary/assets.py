"""Uploaded pictures and how they are derived: stored by delivery type and public id."""

import hashlib
import secrets
import time
from datetime import UTC, datetime
from typing import Any

from sandbox.blobs import Blob, BlobStore
from sandbox.drawing.brief import Encoding, FileFormat
from sandbox.drawing.studio import Studio
from sandbox.vendors.cloudinary.errors import CloudinaryError
from sandbox.vendors.cloudinary.signatures import sign_parameters, url_signature
from sandbox.vendors.cloudinary.transformations import format_of, parse, transform

_FORMATS = {"png": FileFormat.PNG, "jpg": FileFormat.JPEG, "jpeg": FileFormat.JPEG, "webp": FileFormat.WEBP}
_QUALITY = 85


def extension_of(file_format: FileFormat) -> str:
    """How Cloudinary spells a format."""
    return "jpg" if file_format is FileFormat.JPEG else file_format.value


def _measure(content: bytes) -> tuple[str, int, int]:
    from sandbox.drawing.files import UnreadableImageError, decode

    try:
        image = decode(content)
    except UnreadableImageError:
        raise CloudinaryError(400, "Invalid image file") from None
    return extension_of(FileFormat((image.format or "png").lower())), image.width, image.height


def _derive(content: bytes, transformation: str, extension: str | None) -> tuple[bytes, str, int, int]:
    from sandbox.drawing.files import decode, encode

    steps = parse(transformation)
    image = decode(content)
    original = extension_of(FileFormat((image.format or "png").lower()))
    wanted = extension or format_of(steps) or original
    if wanted not in _FORMATS:
        raise CloudinaryError(400, f"Invalid extension in transformation: {wanted}")
    if not steps and wanted == original:
        return content, original, image.width, image.height
    made = transform(image, steps)
    return encode(made, Encoding(_FORMATS[wanted], _QUALITY)), wanted, made.width, made.height


class Assets:
    """The pictures of the one cloud, and what the API says about them."""

    def __init__(self, store: BlobStore, studio: Studio, public_url: str, key: str, secret: str) -> None:
        self._store = store
        self._studio = studio
        self._public_url = public_url
        self._key = key
        self._secret = secret

    async def upload(self, content: bytes, params: dict[str, str], file_name: str) -> dict[str, Any]:
        """Stores a picture and answers as the upload API does, eager derivations included.

        Raises:
            CloudinaryError: 400, not a picture or a bad transformation.
        """
        public_id = params.get("public_id") or secrets.token_hex(10)
        if params.get("folder"):
            public_id = f"{params['folder']}/{public_id}"
        delivery_type = params.get("type") or "upload"
        name = f"{delivery_type}/{public_id}"
        existing = self._store.get(name)
        if existing is not None and params.get("overwrite") in ("0", "false"):
            return {**existing.facts, "existing": True}
        extension, width, height = await self._studio.run(_measure, content)
        version = int(time.time())
        facts: dict[str, Any] = {
            "asset_id": secrets.token_hex(16),
            "public_id": public_id,
            "version": version,
            "version_id": secrets.token_hex(16),
            "signature": sign_parameters({"public_id": public_id, "version": str(version)}, self._secret),
            "width": width,
            "height": height,
            "format": extension,
            "resource_type": "image",
            "created_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tags": [tag for tag in params.get("tags", "").split(",") if tag],
            "bytes": len(content),
            "type": delivery_type,
            "etag": hashlib.md5(content, usedforsecurity=False).hexdigest(),
            "placeholder": False,
            **self._urls(delivery_type, "", version, f"{public_id}.{extension}"),
            "original_filename": file_name.rpartition(".")[0] or file_name,
            "api_key": self._key,
        }
        if existing is not None:
            facts["overwritten"] = True
        if params.get("eager"):
            facts["eager"] = [await self._eager(content, facts, eager) for eager in params["eager"].split("|") if eager]
        self._store.put(name, Blob(content, f"image/{extension}", facts))
        return facts

    def destroy(self, delivery_type: str, public_id: str) -> bool:
        """Forgets a picture; tells whether there was one."""
        return self._store.remove(f"{delivery_type}/{public_id}")

    async def deliver(
        self, delivery_type: str, public_id: str, transformation: str, extension: str | None
    ) -> tuple[bytes, str]:
        """A derived picture and its media type.

        Raises:
            CloudinaryError: 404, no such picture; 400, a transformation that cannot be done.
        """
        blob = self._store.get(f"{delivery_type}/{public_id}")
        if blob is None:
            raise CloudinaryError(404, f"Resource not found - {public_id}")
        content, made, _, _ = await self._studio.run(_derive, blob.content, transformation, extension)
        return content, _FORMATS[made].media_type

    async def _eager(self, content: bytes, facts: dict[str, Any], eager: str) -> dict[str, Any]:
        transformation, _, last = eager.rpartition("/")
        extension: str | None = last or None
        if not transformation or last not in ("", *_FORMATS):
            transformation, extension = eager, None
        derived, made, width, height = await self._studio.run(_derive, content, transformation, extension)
        source = f"{facts['public_id']}.{made}"
        return {
            "transformation": transformation,
            "width": width,
            "height": height,
            "bytes": len(derived),
            "format": made,
            **self._urls(facts["type"], transformation, facts["version"], source),
        }

    def _urls(self, delivery_type: str, transformation: str, version: int, source: str) -> dict[str, str]:
        parts = [self._public_url, "image", delivery_type]
        if delivery_type != "upload":
            to_sign = "/".join(filter(None, (transformation, source)))
            parts.append(f"s--{url_signature(to_sign, self._secret)}--")
        url = "/".join([*parts, *filter(None, (transformation,)), f"v{version}", source])
        return {"url": url, "secure_url": url}

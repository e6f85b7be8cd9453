"""Reads a multipart upload into a file as it comes, and stops reading as soon as it cannot be what is wanted."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from common.errors import FieldError, PayloadTooLarge, ValidationFailed
from generation.assets.rules import (
    MAGIC_BYTES,
    PICTURE_BYTES_MAX,
    UNSUPPORTED_IMAGE,
    PictureRefused,
    looks_like_picture,
)

FIELD = "file"
PARTS_MAX = 4
OTHER_BYTES_MAX = 16 * 1024
"""Of parts that are not the file, which are read over."""
_WRITE_BYTES = 256 * 1024


def boundary_of(content_type: str | None) -> bytes:
    """The boundary of a multipart body.

    Raises:
        ValidationFailed: the body is of another type.
    """
    media_type, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if media_type != b"multipart/form-data" or not 1 <= len(boundary) <= 70:  # RFC 2046 §5.1.1
        raise _invalid("/headers/Content-Type", "must be multipart/form-data with a boundary")
    return boundary


async def receive_file(chunks: AsyncIterator[bytes], boundary: bytes, to: Path) -> str:
    """Write the part named `file` to `to`; answers the SHA-256 (hex) of what was written.

    Raises:
        PictureRefused: it does not begin like a picture.
        PayloadTooLarge: it is longer than `PICTURE_BYTES_MAX`.
        ValidationFailed: the body is no multipart form, or has no file or several.
    """
    form = _Form(boundary)
    file = await asyncio.to_thread(to.open, "xb")
    try:
        async for chunk in chunks:
            form.feed(chunk)
            if len(form.pending) >= _WRITE_BYTES:
                await _flush(form, file)
        form.end()
        await _flush(form, file)
    finally:
        await asyncio.to_thread(file.close)
    return form.digest.hexdigest()


async def _flush(form: "_Form", file: BinaryIO) -> None:
    content = bytes(form.pending)
    form.pending.clear()
    await asyncio.to_thread(file.write, content)


class _Form:
    """What the parser says, as far as the file is concerned."""

    def __init__(self, boundary: bytes) -> None:
        self.pending = bytearray()
        self.digest = hashlib.sha256()
        self._head = b""
        self._length = 0
        self._other_length = 0
        self._parts = 0
        self._files = 0
        self._in_file = False
        self._complete = False
        self._name = b""
        self._value = b""
        self._disposition = b""
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_part_data": self._data,
                "on_part_end": self._part_ended,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_ended,
                "on_headers_finished": self._headers_ended,
                "on_end": self._ended,
            },
        )

    def feed(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _invalid("/body", "is no multipart form") from error

    def end(self) -> None:
        if not self._complete:
            raise _invalid("/body", "the multipart form is not complete")
        if self._files != 1:
            raise _invalid(f"/body/{FIELD}", "is missing")

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > PARTS_MAX:
            raise _invalid("/body", f"has more than {PARTS_MAX} parts")
        self._disposition = b""
        self._in_file = False

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_ended(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = self._value
        self._name = self._value = b""

    def _headers_ended(self) -> None:
        _, options = parse_options_header(self._disposition)
        if options.get(b"name") == FIELD.encode():
            self._files += 1
            if self._files > 1:
                raise _invalid(f"/body/{FIELD}", "is there more than once")
            self._in_file = True

    def _data(self, data: bytes, start: int, end: int) -> None:
        if not self._in_file:
            self._other_length += end - start
            if self._other_length > OTHER_BYTES_MAX:
                raise PayloadTooLarge("The form has too much beside its file.")
            return
        content = data[start:end]
        self._length += len(content)
        if self._length > PICTURE_BYTES_MAX:
            raise PayloadTooLarge(f"A picture has at most {PICTURE_BYTES_MAX // 1024**2} MB.")
        if len(self._head) < MAGIC_BYTES:
            self._head += content[: MAGIC_BYTES - len(self._head)]
            self._judge_head(complete=False)
        self.digest.update(content)
        self.pending += content

    def _part_ended(self) -> None:
        if self._in_file:
            self._judge_head(complete=True)

    def _judge_head(self, *, complete: bool) -> None:
        if complete and not self._length:
            raise PictureRefused(UNSUPPORTED_IMAGE, "The file is empty.")
        if (complete or len(self._head) == MAGIC_BYTES) and not looks_like_picture(self._head):
            raise PictureRefused(UNSUPPORTED_IMAGE, "Only JPEG, PNG and WebP pictures are taken.")

    def _ended(self) -> None:
        self._complete = True


def _invalid(pointer: str, detail: str) -> ValidationFailed:
    return ValidationFailed([FieldError(pointer=pointer, detail=detail, code="invalid")])

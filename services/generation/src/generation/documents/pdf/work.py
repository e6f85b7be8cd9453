"""What a child process does for documents: from a document in JSON, and pictures in files, to a PDF file."""

import hashlib
import io
from pathlib import Path
from typing import Any

from reportlab.platypus.doctemplate import LayoutError

from generation.documents.pdf.layout import Layout, TooManyPages
from generation.local.failures import Unworkable

_CHUNK_BYTES = 1024 * 1024


def typeset(document: dict[str, Any], target: str) -> dict[str, Any]:
    """Write `document` (a dumped `documents.content.Document`) to `target`; answers `pages`, `size_bytes`, `sha256`.

    In two passes, for each page tells how many there are; the first one draws no pictures. The same input gives the
    same bytes: no clock and no chance is in them.

    Raises:
        Unworkable: a picture cannot be read, or there are too many pages.
    """
    file = Path(target)
    try:
        pages = Layout(document, io.BytesIO(), folder=file.parent, pages=None).make()
        with file.open("wb") as out:
            Layout(document, out, folder=file.parent, pages=pages).make()
    except (TooManyPages, LayoutError) as error:
        raise Unworkable("DOCUMENT_TOO_LONG", f"The document does not fit on pages: {error}"[:300]) from error
    return {"pages": pages, "size_bytes": file.stat().st_size, "sha256": _digest(file)}


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while chunk := content.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()

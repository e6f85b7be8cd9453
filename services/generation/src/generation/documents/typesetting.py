"""Has documents made into PDF files by a child process: the work of the processor never runs beside the event loop."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from generation.documents.content import Document
from generation.local.pool import LocalTask

TASK = LocalTask("typeset", "generation.documents.pdf.work:typeset", wall_seconds=60.0, cpu_seconds=45.0)
PDF = "application/pdf"


class DoesLocalWork(Protocol):
    """What a `Step` is here."""

    async def local(self, task: LocalTask, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Have work done by a child process."""
        ...


@dataclass(frozen=True, slots=True)
class Typeset:
    """A PDF file that was made; the same document and pictures give the same `sha256`."""

    path: Path
    pages: int
    size_bytes: int
    sha256: str


async def typeset(step: DoesLocalWork, document: Document, to: Path) -> Typeset:
    """Write the document to the file `to`. Its pictures must lie in the folder of `to`, or below.

    Raises:
        LocalWorkFailed: `REFUSED` if a picture is no JPEG, PNG or WebP; see its reason for what else can be.
    """
    facts = await step.local(TASK, {"document": document.model_dump(mode="json"), "target": str(to)})
    return Typeset(to, int(facts["pages"]), int(facts["size_bytes"]), str(facts["sha256"]))

"""Writes a document as Markdown (CommonMark). All words are data: what would be markup in them is escaped.

Nothing in the words becomes a tag, a link, an address that readers of GitHub's dialect would link by themselves, a
heading or a list; a renderer shows the characters that were written.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from generation.documents.content import Cover, Document, Facts, Heading, Items, Paragraph, Span, Table, Text

_INLINE = re.compile(r"[\\`*_\[\]~|#$@^]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_ENTITY = re.compile(r"[&<>]")
_ADDRESS = re.compile(r"(?i)(?<=\bhttp)(?=:)|(?<=\bhttps)(?=:)|(?<=\bftp)(?=:)|(?<=\bwww)(?=\.)")
_BEGINS_A_BLOCK = re.compile(r"^(?:[-+=:]|(\d{1,9})(?=[.)]))")
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def to_markdown(document: Document) -> str:
    """The document without what has no place in a text: pictures, links, page breaks."""
    return "\n\n".join(block for block in _blocks(document) if block) + "\n"


def escaped(words: str) -> str:
    """Words on one line that read the same once rendered."""
    line = " ".join("".join(_seen(sign) for sign in words).split())
    line = _ENTITY.sub(lambda sign: _ENTITIES[sign[0]], _INLINE.sub(r"\\\g<0>", line))
    line = _ADDRESS.sub(r"\\", line)
    return _BEGINS_A_BLOCK.sub(lambda start: f"{start[1]}\\" if start[1] else f"\\{start[0]}", line)


def _blocks(document: Document) -> Iterator[str]:
    for block in document.blocks:
        match block:
            case Cover():
                yield f"# {escaped(block.title)}"
                yield escaped(block.subtitle)
            case Heading():
                yield f"{'#' * (block.level + 1)} {escaped(block.text)}"
            case Paragraph():
                yield _text(block.text)
            case Items():
                marks = (f"{number}." if block.ordered else "-" for number in range(1, len(block.items) + 1))
                yield "\n".join(f"{mark} {_text(item)}" for mark, item in zip(marks, block.items, strict=True))
            case Facts():
                yield "\n".join(f"- **{escaped(name)}** {escaped(value)}" for name, value in block.pairs)
            case Table():
                yield _table(block)
            case _:
                pass


def _text(text: Text) -> str:
    if isinstance(text, str):
        return escaped(text)
    return " ".join(part for part in map(_span, text) if part)


def _span(span: Span) -> str:
    words = escaped(span.text)
    mark = ("**" if span.bold else "") + ("*" if span.italic else "")
    return f"{mark}{words}{mark[::-1]}" if words else ""


def _table(table: Table) -> str:
    rows: Iterable[Iterable[str]] = ([column.title for column in table.columns], *table.rows)
    lines = [f"| {' | '.join(map(escaped, row))} |" for row in rows]
    return "\n".join([lines[0], f"|{' --- |' * len(table.columns)}", *lines[1:]])


def _seen(sign: str) -> str:
    if sign in "\n\t\r\u2028\u2029":
        return " "
    return "" if unicodedata.category(sign) in _UNSEEN else sign

"""The one place where words become something reportlab reads: nothing in them is markup when they leave it."""

import re
import unicodedata
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from generation.documents.pdf.faces import has_glyph

_STAND_INS = {
    "\t": " ",
    "\r": "",
    "\u2011": "-",
    "\u202f": "\xa0",
    "\u2028": "\n",
    "\u2029": "\n",
    "\xad": "",
}
"""Signs that our faces lack or reportlab draws wrongly, and what is as good: the non-breaking hyphen, narrow spaces."""
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
"""Categories that are left out: controls, marks that turn the direction of text around, halves of pairs, nothing."""
_EMPTY_LINES = re.compile(r"\n(?:[ \n]*\n){2,}")
_UNKNOWN = "\ufffd"


def readable(text: str) -> str:
    """The words as they can be drawn: composed, without controls, with stand-ins for what our faces lack."""
    return "".join(_drawn(sign) for sign in unicodedata.normalize("NFC", text))


def one_line(text: str) -> str:
    """The same on one line, for what is drawn and not set."""
    return " ".join(readable(text).split())


def markup(text: Any) -> str:
    """Words, or spans of them (`text`, `bold`, `italic`), for reportlab's paragraphs."""
    if isinstance(text, str):
        return _EMPTY_LINES.sub("\n\n", escape(readable(text))).replace("\n", "<br/>")
    return "".join(_span(span) for span in text)


def linked(text: str, url: str) -> str:
    """Words that lead to an address of ours."""
    return f"<a href={quoteattr(url)} color='#1f4e79'><u>{markup(text)}</u></a>"


def _span(span: dict[str, Any]) -> str:
    words = markup(span["text"])
    if span["italic"]:
        words = f"<i>{words}</i>"
    return f"<b>{words}</b>" if span["bold"] else words


def _drawn(sign: str) -> str:
    if sign == "\n":
        return sign
    if sign in _STAND_INS:
        return _STAND_INS[sign]
    if unicodedata.category(sign) in _UNSEEN or "\ufe00" <= sign <= "\ufe0f":
        return ""
    if has_glyph(sign):
        return sign
    simpler = unicodedata.normalize("NFKC", sign)
    return simpler if simpler != sign and all(map(has_glyph, simpler)) else _UNKNOWN

"""The faces that documents are set in: three cuts of DejaVu Sans Condensed, which go with the package."""

from functools import cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REGULAR, BOLD, ITALIC = "Atelier", "Atelier-Bold", "Atelier-Italic"
_FILES = {
    REGULAR: "DejaVuSansCondensed.ttf",
    BOLD: "DejaVuSansCondensed-Bold.ttf",
    ITALIC: "DejaVuSansCondensed-Oblique.ttf",
}
_FOLDER = Path(__file__).parent / "fonts"


@cache
def register_faces() -> frozenset[int]:
    """Make the faces known to reportlab, once a process; answers the code points that all of them have."""
    fonts = [TTFont(name, str(_FOLDER / file)) for name, file in _FILES.items()]
    for font in fonts:
        pdfmetrics.registerFont(font)
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=ITALIC, boldItalic=BOLD)
    return frozenset.intersection(*(frozenset(font.face.charToGlyph) for font in fonts))


def has_glyph(sign: str) -> bool:
    """Whether all our faces can draw this sign."""
    return ord(sign) in register_faces()

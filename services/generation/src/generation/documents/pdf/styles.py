"""How documents look: sizes, spaces and colours, in points; the one place to change them."""

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER, TA_LEFT, TA_RIGHT
from reportlab.lib.styles import ParagraphStyle

from generation.documents.pdf.faces import BOLD, REGULAR, register_faces

INK = HexColor("#1b1f24")
QUIET = HexColor("#5b6470")
LINE = HexColor("#c9cfd6")
SHADE = HexColor("#f2f4f6")

ALIGNMENTS = {"left": TA_LEFT, "center": TA_CENTER, "right": TA_RIGHT}

register_faces()
BODY = ParagraphStyle("body", fontName=REGULAR, fontSize=10, leading=14, textColor=INK, spaceAfter=6)
STYLES = {
    "body": BODY,
    "lead": ParagraphStyle("lead", BODY, fontSize=12, leading=17, spaceAfter=9),
    "small": ParagraphStyle("small", BODY, fontSize=8, leading=11, textColor=QUIET),
    "strong": ParagraphStyle("strong", BODY, fontName=BOLD),
    "cell": ParagraphStyle("cell", BODY, fontSize=9, leading=12, spaceAfter=0),
    "cell_strong": ParagraphStyle("cell_strong", BODY, fontName=BOLD, fontSize=9, leading=12, spaceAfter=0),
    "heading_1": ParagraphStyle("heading_1", BODY, fontName=BOLD, fontSize=19, leading=24, spaceBefore=6, spaceAfter=9),
    "heading_2": ParagraphStyle(
        "heading_2", BODY, fontName=BOLD, fontSize=13, leading=17, spaceBefore=10, spaceAfter=5
    ),
    "heading_3": ParagraphStyle(
        "heading_3", BODY, fontName=BOLD, fontSize=10.5, leading=14, spaceBefore=6, spaceAfter=3
    ),
    "caption": ParagraphStyle("caption", BODY, fontSize=8, leading=11, textColor=QUIET, alignment=TA_CENTER),
    "cover_title": ParagraphStyle("cover_title", BODY, fontName=BOLD, fontSize=32, leading=40, alignment=TA_CENTER),
    "cover_subtitle": ParagraphStyle("cover_subtitle", BODY, fontSize=14, leading=20, alignment=TA_CENTER),
}
for _level in (1, 2, 3):
    STYLES[f"heading_{_level}"].keepWithNext = 1
FURNITURE_SIZE = 8


def style(name: str, align: str = "left") -> ParagraphStyle:
    """The style of that name, aligned."""
    found = STYLES[name]
    if align == "left":
        return found
    return ParagraphStyle(f"{name}_{align}", found, alignment=ALIGNMENTS[align])
